// What the demonstration says: a line an event with the time since the start, and one status line that is rewritten in
// place on a terminal.

export interface Timeline {
  /** Something happened. */
  event(text: string, details?: readonly string[]): void;
  good(text: string, details?: readonly string[]): void;
  bad(text: string, details?: readonly string[]): void;
  /** How things stand; the next one takes its place. */
  status(text: string): void;
  /** Lines without a time: tables, addresses. */
  plain(lines: readonly string[]): void;
}

const codes = { event: '36', good: '32;1', bad: '31;1', status: '2', time: '2' } as const;
type Style = keyof typeof codes;
const indent = ' '.repeat(11);
/** A status line that cannot be rewritten in place is written only this often, milliseconds. */
const statusEvery = 5_000;

export function createTimeline(
  out: NodeJS.WriteStream = process.stdout,
  startedAt = Date.now(),
): Timeline {
  const isTerminal = out.isTTY === true;
  const colored = isTerminal && process.env['NO_COLOR'] === undefined;
  const paint = (style: Style, text: string) =>
    colored ? `\u001b[${codes[style]}m${text}\u001b[0m` : text;
  const clock = () => `${((Date.now() - startedAt) / 1000).toFixed(1).padStart(7)} s`;
  let statusShown = false;
  let statusAt = 0;

  const write = (lines: readonly string[]): void => {
    if (statusShown) out.write('\r\u001b[2K');
    statusShown = false;
    out.write(`${lines.join('\n')}\n`);
  };
  const say =
    (style: Style) =>
    (text: string, details: readonly string[] = []): void => {
      const rest = details.map((line) => `${indent}${line}`);
      write([`${paint('time', clock())}  ${paint(style, text)}`, ...rest]);
    };

  return {
    event: say('event'),
    good: say('good'),
    bad: say('bad'),
    plain: write,
    status: (text) => {
      if (isTerminal) {
        const room = Math.max(20, (out.columns || 80) - indent.length - 1);
        out.write(`\r\u001b[2K${paint('status', `${clock()}  ${text.slice(0, room)}`)}`);
        statusShown = true;
        return;
      }
      if (Date.now() - statusAt < statusEvery) return;
      statusAt = Date.now();
      write([`${clock()}  ${text}`]);
    },
  };
}

/** Columns of equal width; all but the first are aligned to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    }
  }
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('   '),
  );
}
