const units = ['KH', 'MH', 'GH', 'TH', 'PH', 'EH', 'ZH'];

/** Hashes a second in the original's form: two decimals, steps of 1000, never below KH ("0.00 KH", "1.25 GH"). */
export function hashrateString(hashrate: number): string {
  let value = hashrate / 1000;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(2)} ${units[unit]}`;
}

const factors: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['k', 1e3],
  ['m', 1e6],
  ['g', 1e9],
  ['t', 1e12],
  ['p', 1e15],
  ['e', 1e18],
  ['z', 1e21],
]);

/** "10 GH/s", "10gh", "1e10", "2.5 M" to hashes a second; undefined if it is none of these or not above 0. */
export function parseHashrate(text: string): number | undefined {
  const match = /^(\d{1,30}(?:\.\d{1,30})?(?:e\+?\d{1,2})?) ?([kmgtpez]?)(?:h(?:\/s)?)?$/i.exec(
    text.trim(),
  );
  if (match === null) return undefined;
  const value = Number(match[1]) * (factors.get((match[2] ?? '').toLowerCase()) ?? 1);
  return value > 0 && value < 1e30 ? value : undefined;
}
