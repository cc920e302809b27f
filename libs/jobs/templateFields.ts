import { CodedError } from '../primitives/errors.ts';
import { own, type UnknownRecord } from '../primitives/unknown.ts';

// Strict readers of a block template's fields. Each names the field that is wrong.

/** A block template that no job can be made of. */
export class TemplateError extends CodedError {
  constructor(field: string, problem: string, options?: ErrorOptions) {
    super('TEMPLATE_INVALID', `The block template's ${field} ${problem}.`, options);
  }
}

/** A value for a sentence: short, whatever the daemon sent. */
export function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = typeof value === 'string' ? `"${value}"` : kindOf(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** A field that may be left out: daemons say that by leaving it out or by null. */
export function optional(from: UnknownRecord, key: string): unknown {
  return own(from, key) ?? undefined;
}

export function integerOf(value: unknown, field: string, lowest: number, highest: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new TemplateError(field, `must be an integer, not ${shown(value)}`);
  }
  if (value < lowest || value > highest) {
    throw new TemplateError(field, `must be within ${lowest}–${highest}, not ${value}`);
  }
  return value;
}

export function textOf(value: unknown, field: string): string {
  if (typeof value !== 'string') {
    throw new TemplateError(field, `must be text, not ${shown(value)}`);
  }
  return value;
}

/** The bytes of strict hex, exactly `length` of them if that is given. */
export function bytesOf(value: unknown, field: string, length?: number): Buffer {
  const text = textOf(value, field);
  const bytes = Buffer.allocUnsafe(text.length >>> 1);
  if (!writeHex(text, bytes, 0)) throw new TemplateError(field, `must be hex, not ${shown(text)}`);
  if (length !== undefined && bytes.length !== length) {
    throw new TemplateError(field, `must be ${length} bytes of hex, not ${bytes.length}`);
  }
  return bytes;
}

/**
 * Strict hex into `target`, by the platform's own decoder: false if there is any character that is no hex digit, or
 * half a byte. The decoder stops at a bad digit, but looks at no more than the low byte of one: hence the length in UTF-8.
 */
export function writeHex(text: string, target: Buffer, at: number): boolean {
  if (text.length % 2 !== 0 || Buffer.byteLength(text, 'utf8') !== text.length) return false;
  const length = text.length / 2;
  return length === 0 || target.write(text, at, length, 'hex') === length;
}
