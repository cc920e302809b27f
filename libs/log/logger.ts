import colors from 'colors/safe.js';

// One line an event: time, severity, [system] [component], sentence. `error` means that a person must act.

export const severities = ['debug', 'warning', 'error', 'special'] as const;
export type Severity = (typeof severities)[number];

export interface LogOptions {
  readonly level: Severity;
  readonly colors: boolean;
  readonly format: 'text' | 'json';
}

export interface Logger {
  /** True if a line of this severity would be written: lets hot paths skip making the sentence. */
  enabled(severity: Severity): boolean;
  debug(sentence: string): void;
  warning(sentence: string): void;
  error(sentence: string): void;
  special(sentence: string): void;
  /** The same sink for another component ("Pool", "litecoin"). */
  child(system: string, component?: string): Logger;
}

/** A process's own logger, from which all others come. */
export interface RootLogger extends Logger {
  /** Lowest severity from now on, of this logger and of all that came from it. */
  setLevel(level: Severity): void;
}

export interface LogSink {
  write(line: string): void;
}

const rank: Record<Severity, number> = { debug: 0, warning: 1, error: 2, special: 3 };

const paint: Record<Severity, (text: string) => string> = {
  debug: colors.green,
  warning: colors.yellow,
  error: colors.red,
  special: colors.cyan,
};

const secrets = new Set<string>();

/** Every later line has `secret` replaced by ***. Shorter than 4 characters would mangle the log and is ignored. */
export function hideInLogs(secret: string | undefined): void {
  if (secret === undefined || secret.length < 4) return;
  secrets.add(secret);
}

function redact(text: string): string {
  let clean = text;
  for (const secret of secrets) {
    if (clean.includes(secret)) clean = clean.replaceAll(secret, '***');
  }
  return clean;
}

const localTime = (now: Date): string => {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return `${day} ${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
};

// A line feed or escape in a miner's name must not forge a line or paint the operator's terminal.
const controls = /[\p{Cc}\u2028\u2029]/gu;

const escaped = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;

export function createLogger(options: LogOptions, sink: LogSink = process.stdout): RootLogger {
  if (options.colors) colors.enable();
  const state: LogState = { ...options };
  return {
    ...makeLogger(state, sink, 'Master', undefined),
    setLevel: (level) => {
      state.level = level;
    },
  };
}

/** One for all loggers of a sink. */
type LogState = { -readonly [key in keyof LogOptions]: LogOptions[key] };

function makeLogger(
  options: LogState,
  sink: LogSink,
  system: string,
  component: string | undefined,
): Logger {
  const enabled = (severity: Severity) => rank[severity] >= rank[options.level];
  const write = (severity: Severity, sentence: string): void => {
    if (!enabled(severity)) return;
    const text = redact(sentence).replace(controls, escaped);
    sink.write(`${lineOf(options, severity, system, component, text)}\n`);
  };
  return {
    enabled,
    debug: (sentence) => write('debug', sentence),
    warning: (sentence) => write('warning', sentence),
    error: (sentence) => write('error', sentence),
    special: (sentence) => write('special', sentence),
    child: (childSystem, childComponent) =>
      makeLogger(options, sink, childSystem, childComponent ?? component),
  };
}

function lineOf(
  options: LogOptions,
  severity: Severity,
  system: string,
  component: string | undefined,
  text: string,
): string {
  const now = new Date();
  if (options.format === 'json') {
    return JSON.stringify({ time: now.toISOString(), severity, system, component, text });
  }
  const where = component === undefined ? `[${system}]` : `[${system}]\t[${component}]`;
  if (!options.colors) return `${localTime(now)} [${severity}]\t${where} ${text}`;
  const mark = paint[severity];
  return `${colors.gray(localTime(now))} ${mark(`[${severity}]`)}\t${colors.italic(where)} ${text}`;
}
