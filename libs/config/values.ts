import { suggestion } from './nearest.ts';
import { badValue, got, type Schema, type Unit, wrongType } from './schemaBase.ts';

// Schemas of single values.

export function boolean(): Schema<boolean> {
  const expected = 'true or false';
  return {
    kind: 'boolean',
    expected,
    read: (node, path, report) =>
      node.kind === 'boolean' ? node.value : wrongType(node, path, report, expected),
  };
}

export interface Limits {
  readonly min?: number;
  readonly max?: number;
  /** Greater than this, not equal. */
  readonly above?: number;
  readonly unit?: Unit;
}

/** A whole number within JavaScript's safe integers. */
export function whole(limits: Limits = {}): Schema<number> {
  return numeric('whole', limits, Number.isSafeInteger);
}

export function number(limits: Limits = {}): Schema<number> {
  return numeric('number', limits, Number.isFinite);
}

export const port = (): Schema<number> => whole({ min: 1, max: 65535 });

function numeric(
  kind: 'whole' | 'number',
  limits: Limits,
  fits: (value: number) => boolean,
): Schema<number> {
  const { min, max, above, unit } = limits;
  const noun = kind === 'whole' ? 'a whole number' : 'a number';
  const expected = `${noun}${rangeText(limits)}`;
  return {
    kind,
    expected,
    ...(unit === undefined ? {} : { unit }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(above === undefined ? {} : { above }),
    read: (node, path, report) => {
      if (node.kind !== 'number') return wrongType(node, path, report, expected);
      const { value } = node;
      const inRange =
        (min === undefined || value >= min) &&
        (max === undefined || value <= max) &&
        (above === undefined || value > above);
      return fits(value) && inRange ? value : badValue(node, path, report, expected);
    },
  };
}

function rangeText({ min, max, above }: Limits): string {
  if (above !== undefined) return ` above ${above}${max === undefined ? '' : `, at most ${max}`}`;
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? '' : ` of at most ${max}`;
}

const numberParts = /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;
const mostDigits = 60;

/** A number of at least 0 as its exact decimal text: 1e-3 in the file gives "0.001". */
export function decimal(unit: Unit): Schema<string> {
  const expected = 'a number of at least 0';
  return {
    kind: 'decimal',
    expected,
    unit,
    min: 0,
    read: (node, path, report) => {
      if (node.kind !== 'number') return wrongType(node, path, report, expected);
      return plainDecimal(node.text) ?? badValue(node, path, report, expected);
    },
  };
}

/** "1e-3" -> "0.001", "70" -> "70", "0.10" -> "0.1". Undefined if negative, no number, or absurdly long. */
export function plainDecimal(text: string): string | undefined {
  const match = numberParts.exec(text);
  if (match === null) return undefined;
  const [, whole = '', fraction = '', exponent = '0'] = match;
  const point = whole.length + Number(exponent);
  const digits = `${whole}${fraction}`;
  if (Math.abs(point) > mostDigits || digits.length > mostDigits) return undefined;
  const padded = digits.padStart(digits.length + Math.max(0, 1 - point), '0');
  const cut = Math.max(point, 1);
  const integral = padded
    .slice(0, cut)
    .padEnd(cut, '0')
    .replace(/^0+(?=\d)/, '');
  const decimals = padded.slice(cut).replace(/0+$/, '');
  return decimals === '' ? integral : `${integral}.${decimals}`;
}

export interface TextRules {
  readonly secret?: boolean;
  readonly filled?: boolean;
  readonly pattern?: RegExp;
  /** What the pattern allows; completes "must be …". */
  readonly expected?: string;
  /** Bytes in UTF-8. */
  readonly longest?: number;
}

export function text(rules: TextRules = {}): Schema<string> {
  const { secret = false, filled = false, pattern, longest } = rules;
  const length = longest === undefined ? '' : ` of at most ${longest} bytes`;
  const expected = rules.expected ?? `${filled ? 'a text that is not empty' : 'a text'}${length}`;
  return {
    kind: 'text',
    expected,
    secret,
    read: (node, path, report) => {
      if (node.kind !== 'string') return wrongType(node, path, report, expected, secret);
      const { value } = node;
      const fits =
        (!filled || value !== '') &&
        (pattern === undefined || pattern.test(value)) &&
        (longest === undefined || Buffer.byteLength(value) <= longest);
      return fits ? value : badValue(node, path, report, expected, secret);
    },
  };
}

export function choice<const C extends string>(choices: readonly C[]): Schema<C> {
  const expected = `one of ${choices.map((word) => `"${word}"`).join(', ')}`;
  return {
    kind: 'choice',
    expected,
    choices,
    read: (node, path, report) => {
      if (node.kind !== 'string') return wrongType(node, path, report, expected);
      const found = choices.find((word) => word === node.value);
      if (found !== undefined) return found;
      const message = `must be ${expected}, got ${got(node)}${suggestion(node.value, choices)}`;
      report.unusable(node, path, message);
      return undefined;
    },
  };
}

/** A fixed word, or what the other schema takes. */
export function wordOr<const W extends string, T>(word: W, other: Schema<T>): Schema<W | T> {
  const expected = `"${word}" or ${other.expected}`;
  return {
    ...other,
    expected,
    choices: [word],
    read: (node, path, report) => {
      if (node.kind === 'string' && node.value === word) return word;
      if (node.kind === 'number') return other.read(node, path, report);
      return wrongType(node, path, report, expected);
    },
  };
}
