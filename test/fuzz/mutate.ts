import { isRecord } from '../../libs/primitives/unknown.ts';
import type { Dice } from '../chaos/dice.ts';

// What is done to sound input so that it is sound no more: to bytes, to text, to values of JSON.

const ugly: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  -0,
  0.1,
  1e308,
  5e-324,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  '',
  '0',
  '-1',
  '1e999',
  'NaN',
  '__proto__',
  'constructor',
  'toString',
  '\ud800',
  '\u0000\u001b[31m\u2028',
  '€'.repeat(60),
  'x'.repeat(300),
  'ffffffff',
  'FFFFFFFFFFFFFFFF',
  '0x10',
  [],
  {},
  [[]],
  [null],
  [{}],
  { toString: 1 },
  { valueOf: null, toString: null },
  Object.fromEntries([['__proto__', { length: 1 }]]),
  { length: 1e9, 0: 'a' },
  { id: 1, method: 'mining.ping', params: [] },
];

const uglyTexts = ugly.filter((value) => typeof value === 'string');

/** A value that no honest peer sends there. */
export function uglyValue(throws: Dice): unknown {
  return throws.pick(ugly);
}

/** Changes one spot of a tree of JSON: another value, a member gone, doubled or renamed. The tree itself stays. */
export function mutateValue(value: unknown, throws: Dice): unknown {
  if (throws.chance(0.25)) return uglyValue(throws);
  if (Array.isArray(value) && value.length > 0) return mutateList(value, throws);
  if (isRecord(value)) {
    const members = Object.entries(value);
    const [name, member] = members.length === 0 ? ['', null] : throws.pick(members);
    const rest = members.filter(([other]) => other !== name);
    switch (throws.between(0, 6)) {
      case 0:
        return Object.fromEntries(rest);
      case 1:
        return Object.fromEntries([...rest, [throws.pick(uglyTexts), member]]);
      case 2:
        return { ...value, [`${name}x`]: uglyValue(throws) };
      default:
        return Object.fromEntries(
          members.map(([key, was]) => [key, key === name ? mutateValue(was, throws) : was]),
        );
    }
  }
  if (typeof value === 'string') return throws.chance(0.6) ? mutateText(value, throws) : '';
  if (typeof value === 'number') {
    return throws.pick([value + 1, value - 1, -value, value / 3, value * 1e10, String(value)]);
  }
  return uglyValue(throws);
}

function mutateList(list: readonly unknown[], throws: Dice): unknown {
  const at = throws.between(0, list.length - 1);
  switch (throws.between(0, 6)) {
    case 0:
      return list.toSpliced(at, 1);
    case 1:
      return list.toSpliced(at, 0, list[at]);
    case 2:
      return list.toSpliced(at, 0, uglyValue(throws));
    case 3:
      return list.slice(0, at);
    default:
      return list.with(at, mutateValue(list[at], throws));
  }
}

const pieces: readonly string[] = [
  '"',
  '\\',
  '\\u0000',
  '\\ud800',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '-',
  '1e999',
  '-0',
  'null',
  '"__proto__":',
  '{"toString":1}',
  '['.repeat(300),
  '{"a":'.repeat(100),
  ' ',
  '\t',
  '\r',
  '\u0000',
  '\ufeff',
  '\u2028',
  '\ud800',
  'é',
  '0',
  'g',
  '/*',
  '//',
];

/** One to three spots of a text: something put in, taken out, doubled, moved or cut off. */
export function mutateText(text: string, throws: Dice): string {
  let changed = text;
  for (let left = throws.between(1, 3); left > 0; left--) {
    const at = throws.between(0, changed.length);
    const to = Math.min(changed.length, at + throws.between(1, 8));
    const cut = changed.slice(at, to);
    const [before, after] = [changed.slice(0, at), changed.slice(to)];
    switch (throws.between(0, 6)) {
      case 0:
        changed = before + after;
        break;
      case 1:
        changed = before + cut + cut + after;
        break;
      case 2:
        changed = before;
        break;
      case 3:
        changed = before + String.fromCharCode(throws.between(0, 0xffff)) + after;
        break;
      case 4:
        changed = after + before + cut;
        break;
      default:
        changed = before + throws.pick(pieces) + cut + after;
    }
  }
  return changed;
}

const uglyBytes = [0, 1, 0x0a, 0x0d, 0x20, 0x7f, 0x80, 0xc3, 0xe2, 0xed, 0xf0, 0xfd, 0xfe, 0xff];

/** One to four spots: a bit, a byte, a length field, a piece gone, doubled or put in. The bytes themselves stay. */
export function mutateBytes(bytes: Buffer, throws: Dice): Buffer {
  let changed = Buffer.from(bytes);
  for (let left = throws.between(1, 4); left > 0; left--) {
    const at = throws.between(0, Math.max(0, changed.length - 1));
    const to = Math.min(changed.length, at + throws.between(1, 40));
    switch (throws.between(0, 7)) {
      case 0:
        changed = Buffer.concat([changed.subarray(0, at), changed.subarray(to)]);
        break;
      case 1:
        changed = Buffer.concat([changed.subarray(0, to), changed.subarray(at)]);
        break;
      case 2:
        changed = changed.subarray(0, at);
        break;
      case 3:
        changed = Buffer.concat([
          changed.subarray(0, at),
          randomBytes(throws.between(1, 12), throws),
          changed.subarray(at),
        ]);
        break;
      case 4:
        changed.fill(throws.pick(uglyBytes), at, Math.min(changed.length, at + 4));
        break;
      case 5:
        if (changed.length > 0) changed[at] = throws.pick(uglyBytes);
        break;
      default:
        if (changed.length > 0) changed[at] = (changed[at] ?? 0) ^ (1 << throws.between(0, 7));
    }
  }
  return changed;
}

export function randomBytes(length: number, throws: Dice): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at++) bytes[at] = throws.between(0, 255);
  return bytes;
}

/** The bytes in pieces of any size, as packets carry them. */
export function inPieces(bytes: Buffer, throws: Dice): Buffer[] {
  const longest = throws.pick([1, 3, 20, 200, 1_000_000]);
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    // A stream of single bytes is worth it only for what is short.
    const end = at + (bytes.length > 2_000 ? 700 : throws.between(1, longest));
    parts.push(bytes.subarray(at, end));
    at = end;
  }
  return parts;
}
