import { createLogger, type Logger } from '../../libs/log/logger.ts';

export interface MemoryLog extends Logger {
  readonly lines: string[];
  count(text: string | RegExp): number;
}

/** A real logger whose lines stay in memory. */
export function memoryLog(): MemoryLog {
  const lines: string[] = [];
  const log = createLogger(
    { level: 'debug', colors: false, format: 'text' },
    { write: (line) => lines.push(line) },
  );
  const has = (line: string, text: string | RegExp) =>
    typeof text === 'string' ? line.includes(text) : text.test(line);
  return Object.assign(log, {
    lines,
    count: (text: string | RegExp) => lines.filter((line) => has(line, text)).length,
  });
}

/** A logger that keeps its lines as "severity: sentence", without time and place. */
export function logTo(lines: string[]): Logger {
  return createLogger(
    { level: 'debug', colors: false, format: 'json' },
    {
      write: (line) => {
        const { severity, text } = JSON.parse(line);
        lines.push(`${severity}: ${text}`);
      },
    },
  );
}
