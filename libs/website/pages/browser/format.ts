// How numbers are written for people. Pure, imports nothing: the server renders with it, and the browser loads this very
// file (compiled, as /static/format.js) to keep the numbers on a page moving.

const hashUnits = ['H/s', 'kH/s', 'MH/s', 'GH/s', 'TH/s', 'PH/s', 'EH/s', 'ZH/s', 'YH/s'];
const countUnits = ['', ' k', ' M', ' G', ' T', ' P', ' E', ' Z', ' Y'];
const nothing = '–';

/** Hashes per second as three or four digits and a unit: 1234567 -> "1.23 MH/s". */
export function hashrateText(hashesPerSecond: number): string {
  const { digits, step } = scaled(hashesPerSecond, hashUnits.length);
  return `${digits} ${hashUnits[step] ?? ''}`;
}

/** A difficulty: "512", "0.0001", "29.9 M", "113 T". */
export function difficultyText(value: number): string {
  if (!Number.isFinite(value)) return nothing;
  if (value > 0 && value < 1) return Number(value.toPrecision(3)).toString();
  const { digits, step } = scaled(value, countUnits.length);
  return `${trimZeros(digits)}${countUnits[step] ?? ''}`;
}

/** A figure to four digits, however small: 0.0000000046 -> "0.0000000046". */
export function smallText(value: number): string {
  if (!Number.isFinite(value)) return nothing;
  const decimals = value > 0 ? Math.min(20, Math.max(0, 3 - Math.floor(Math.log10(value)))) : 0;
  return grouped(trimZeros(value.toFixed(decimals)));
}

/** A whole number in groups of three: 1234567 -> "1,234,567". */
export function countText(value: number): string {
  if (!Number.isFinite(value)) return nothing;
  return grouped(Math.round(value).toString());
}

/** Exact decimal coins in groups of three, no digit lost: "1234.50000000" -> "1,234.5". */
export function amountText(coins: string): string {
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(coins);
  if (match === null) return coins;
  const [, sign = '', whole = '0', fraction = ''] = match;
  const kept = fraction.replace(/0+$/, '');
  return `${sign}${grouped(whole)}${kept === '' ? '' : `.${kept}`}`;
}

/** 0.1234 -> "12.3%". */
export function percentText(part: number, decimals = 1): string {
  if (!Number.isFinite(part)) return nothing;
  const percent = part * 100;
  const digits = percent >= 1000 ? 0 : decimals;
  return `${grouped(percent.toFixed(digits))}%`;
}

/** The same cut to what an eye takes in: six digits or so, never rounded up. "48210.52891733" -> "48,210.52". */
export function shortAmountText(coins: string): string {
  const match = /^(-?\d+)\.(\d+)$/.exec(coins);
  if (match === null) return amountText(coins);
  const [, whole = '', fraction = ''] = match;
  const decimals = Math.max(2, 7 - whole.replace('-', '').length);
  return amountText(`${whole}.${fraction.slice(0, decimals)}`);
}

/** A length of time in its two largest units: "42 s", "5 min", "3 h 12 min", "2 d 4 h". */
export function durationText(seconds: number): string {
  if (!Number.isFinite(seconds)) return nothing;
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return two(hours, 'h', minutes % 60, 'min');
  const days = Math.floor(hours / 24);
  if (days < 365) return days < 30 ? two(days, 'd', hours % 24, 'h') : `${days} d`;
  return two(Math.floor(days / 365), 'y', days % 365, 'd');
}

/**
 * How long ago a time (ms) was: "just now", "3 h 5 min ago", or short: "3 h ago". A time ahead of `now` by a skewed clock
 * is just now.
 */
export function ageText(time: number, now: number, short = false): string {
  const seconds = (now - time) / 1000;
  if (seconds < 5) return 'just now';
  const text = durationText(seconds);
  return `${short ? text.replace(/^(\S+ \S+) .*/, '$1') : text} ago`;
}

/** A hash or an address by its two ends, for narrow places; the whole text stays in its title. */
export function shortened(text: string, ends = 8): string {
  return text.length <= ends * 2 + 3 ? text : `${text.slice(0, ends)}…${text.slice(-ends)}`;
}

function two(large: number, unit: string, small: number, smaller: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smaller}`;
}

function scaled(value: number, steps: number): { digits: string; step: number } {
  let left = Number.isFinite(value) ? Math.max(0, value) : 0;
  let step = 0;
  // 999.95 would be written as 1000.
  while (left >= 999.95 && step < steps - 1) {
    left /= 1000;
    step += 1;
  }
  const decimals = left >= 100 || (step === 0 && Number.isInteger(left)) ? 0 : left >= 10 ? 1 : 2;
  return { digits: left >= 999.95 ? left.toExponential(2) : left.toFixed(decimals), step };
}

function trimZeros(digits: string): string {
  return digits.includes('.') && !digits.includes('e') ? digits.replace(/\.?0+$/, '') : digits;
}

function grouped(digits: string): string {
  const [whole = '', fraction] = digits.split('.');
  const groups = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? groups : `${groups}.${fraction}`;
}
