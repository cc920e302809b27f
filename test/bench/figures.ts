// Small sums over measurements, and how they are shown.

/** The value below which `part` (0–1) of the values lie. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * part) - 1));
  return sorted[at] ?? Number.NaN;
}

export interface Figure {
  readonly name: string;
  readonly measured: number;
  readonly unit: string;
  /** At most this is asked for, and this is aimed at. */
  readonly mustReach?: number;
  readonly aim?: number;
}

export function tableOf(figures: readonly Figure[]): string {
  const rows = [
    ['figure', 'measured', 'must reach', 'aim', ''],
    ...figures.map((figure) => [
      figure.name,
      `${short(figure.measured)} ${figure.unit}`,
      figure.mustReach === undefined ? '' : `<= ${figure.mustReach}`,
      figure.aim === undefined ? '' : `<= ${figure.aim}`,
      verdict(figure),
    ]),
  ];
  return textTable(rows);
}

/** Columns as wide as their widest cell: the first one to the left, the others to the right. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) =>
    Math.max(...rows.map((row) => row[at]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, at) =>
          at === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[at] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function verdict({ measured, mustReach, aim }: Figure): string {
  if (mustReach === undefined) return '';
  if (!(measured <= mustReach)) return 'MISSED';
  return aim !== undefined && measured <= aim ? 'aim' : 'reached';
}

export function short(value: number): string {
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);
}
