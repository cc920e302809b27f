import { parse } from 'lossless-json';
import { isRecord, own } from '../primitives/unknown.ts';
import { DecimalText } from './types.ts';

// JSON-RPC as coin daemons speak it: version 1.0 over HTTP. Text in, typed values out; nothing here does I/O.

const decimalLiteral = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** One call. Throws TypeError for a parameter that JSON has no exact form for (NaN, a function, a broken DecimalText). */
export function writeCall(id: number, method: string, params: readonly unknown[]): string {
  return `{"jsonrpc":"1.0","id":${id},"method":${JSON.stringify(method)},"params":${writeJson(params)}}`;
}

function writeJson(value: unknown): string {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') {
    return JSON.stringify(value);
  }
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (value instanceof DecimalText && decimalLiteral.test(value.text)) return value.text;
  if (Array.isArray(value)) return `[${value.map(writeJson).join(',')}]`;
  if (isRecord(value) && !(value instanceof DecimalText)) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => `${JSON.stringify(key)}:${writeJson(member)}`);
    return `{${members.join(',')}}`;
  }
  throw new TypeError(`a parameter cannot be written as JSON: ${String(value)}`);
}

/** Throws (SyntaxError, or RangeError for absurd nesting) if `text` is no JSON. */
export function readJson(text: string, exactNumbers: boolean): unknown {
  if (!exactNumbers) return JSON.parse(text);
  return parse(text, null, {
    parseNumber: (literal) => new DecimalText(literal),
    onDuplicateKey: ({ newValue }) => newValue,
  });
}

export type Reply =
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'error'; readonly code: number; readonly message: string }
  | { readonly kind: 'bad'; readonly why: string };

// Codes by which a daemon says that it could not even read the request, and so its id.
const unreadRequest: ReadonlySet<number> = new Set([-32700, -32600]);

/** The outcome of call `id` in a parsed reply. */
export function readReply(value: unknown, id: number): Reply {
  if (!isRecord(value)) return { kind: 'bad', why: 'the reply is no JSON object' };
  const replyId = own(value, 'id');
  const error = own(value, 'error') ?? null;
  if (error === null) {
    if (integerOf(replyId) !== id)
      return { kind: 'bad', why: 'the reply has the id of another call' };
    if (!Object.hasOwn(value, 'result')) return { kind: 'bad', why: 'the reply has no result' };
    return { kind: 'result', result: own(value, 'result') };
  }
  const code = isRecord(error) ? integerOf(own(error, 'code')) : undefined;
  if (!isRecord(error) || code === undefined) {
    return { kind: 'bad', why: 'the reply has an error without a number' };
  }
  const unread = replyId === null && unreadRequest.has(code);
  if (integerOf(replyId) !== id && !unread) {
    return { kind: 'bad', why: 'the reply has the id of another call' };
  }
  const message = own(error, 'message');
  return { kind: 'error', code, message: typeof message === 'string' ? message : 'no message' };
}

/** The `id` of one reply in a batch, if it has a usable one. */
export function replyIdOf(value: unknown): number | undefined {
  return isRecord(value) ? integerOf(own(value, 'id')) : undefined;
}

function integerOf(value: unknown): number | undefined {
  const number = value instanceof DecimalText ? Number(value.text) : value;
  return typeof number === 'number' && Number.isInteger(number) ? number : undefined;
}
