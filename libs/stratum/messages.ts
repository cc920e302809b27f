import { isRecord, own, parseJson, type UnknownRecord } from '../primitives/unknown.ts';

// What a miner may say: one line of JSON, read from `unknown` into a closed union. Nothing here throws.

export type RequestId = string | number | boolean | null;

export type Message =
  | { readonly kind: 'malformed'; readonly reason: string }
  /** The miner's answer to something that we sent. */
  | { readonly kind: 'reply' }
  | { readonly kind: 'subscribe'; readonly id: RequestId }
  | {
      readonly kind: 'authorize';
      readonly id: RequestId;
      readonly worker: string;
      readonly password: string;
    }
  | SubmitMessage
  | {
      readonly kind: 'configure';
      readonly id: RequestId;
      readonly extensions: readonly string[];
      readonly options: UnknownRecord;
    }
  | { readonly kind: 'extranonceSubscribe'; readonly id: RequestId }
  | { readonly kind: 'suggestDifficulty'; readonly id: RequestId; readonly difficulty: number }
  | { readonly kind: 'suggestTarget'; readonly id: RequestId; readonly target: string }
  | { readonly kind: 'getTransactions'; readonly id: RequestId }
  | { readonly kind: 'ping'; readonly id: RequestId }
  /** Asked for politeness only: true is all that there is to say. */
  | { readonly kind: 'courtesy'; readonly id: RequestId }
  | { readonly kind: 'unknown'; readonly id: RequestId; readonly method: string };

export interface SubmitMessage {
  readonly kind: 'submit';
  readonly id: RequestId;
  readonly worker: string;
  readonly jobId: string;
  readonly extranonce2: string;
  readonly ntime: string;
  readonly nonce: string;
  readonly versionBits: string | undefined;
}

const malformed = (reason: string): Message => ({ kind: 'malformed', reason });

export function parseMessage(line: string): Message {
  const value = parseJson(line);
  if (value === undefined) return malformed('it is not JSON');
  if (!isRecord(value)) return malformed('it is not a JSON object');
  const id = own(value, 'id') ?? null;
  if (typeof id === 'object' && id !== null) return malformed('its id is an object or a list');
  if (!isId(id)) return malformed('its id is of no JSON type');
  const method = own(value, 'method');
  if (method === undefined && (Object.hasOwn(value, 'result') || Object.hasOwn(value, 'error'))) {
    return { kind: 'reply' };
  }
  if (typeof method !== 'string') return malformed('it has no method');
  return parseRequest(id, method, own(value, 'params'));
}

function isId(id: unknown): id is RequestId {
  return id === null || typeof id === 'string' || typeof id === 'number' || typeof id === 'boolean';
}

function parseRequest(id: RequestId, method: string, params: unknown): Message {
  switch (method) {
    case 'mining.submit':
      return Array.isArray(params) ? parseSubmit(id, params) : withoutParams(method);
    case 'mining.subscribe':
      return Array.isArray(params) ? { kind: 'subscribe', id } : withoutParams(method);
    case 'mining.authorize':
      return Array.isArray(params) ? parseAuthorize(id, params) : withoutParams(method);
    case 'mining.configure':
      return Array.isArray(params) ? parseConfigure(id, params) : withoutParams(method);
    case 'mining.suggest_difficulty':
      return Array.isArray(params) ? parseSuggestDifficulty(id, params) : withoutParams(method);
    case 'mining.suggest_target':
      return Array.isArray(params) ? parseSuggestTarget(id, params) : withoutParams(method);
    case 'mining.extranonce.subscribe':
      return { kind: 'extranonceSubscribe', id };
    case 'mining.get_transactions':
      return { kind: 'getTransactions', id };
    case 'mining.ping':
      return { kind: 'ping', id };
    case 'mining.pong':
    case 'mining.multi_version':
      return { kind: 'courtesy', id };
    default:
      return method.startsWith('client.')
        ? { kind: 'courtesy', id }
        : { kind: 'unknown', id, method };
  }
}

const withoutParams = (method: string): Message => malformed(`${method} has no list of params`);

function parseSubmit(id: RequestId, params: readonly unknown[]): Message {
  const [worker, jobId, extranonce2, ntime, nonce, bits] = params;
  if (
    typeof worker !== 'string' ||
    typeof jobId !== 'string' ||
    typeof extranonce2 !== 'string' ||
    typeof ntime !== 'string' ||
    typeof nonce !== 'string'
  ) {
    return malformed('mining.submit needs user, job id, extranonce2, ntime and nonce as text');
  }
  const versionBits = bits ?? undefined;
  if (versionBits !== undefined && typeof versionBits !== 'string') {
    return malformed('the version bits of mining.submit are not text');
  }
  return { kind: 'submit', id, worker, jobId, extranonce2, ntime, nonce, versionBits };
}

function parseAuthorize(id: RequestId, params: readonly unknown[]): Message {
  const [worker] = params;
  const password = params[1] ?? '';
  if (typeof worker !== 'string' || typeof password !== 'string') {
    return malformed('mining.authorize needs a user and a password as text');
  }
  return { kind: 'authorize', id, worker, password };
}

function parseConfigure(id: RequestId, params: readonly unknown[]): Message {
  const [extensions] = params;
  const options = params[1] ?? {};
  if (!Array.isArray(extensions) || !extensions.every((name) => typeof name === 'string')) {
    return malformed('mining.configure needs a list of extension names');
  }
  if (!isRecord(options)) return malformed('the options of mining.configure are not an object');
  return { kind: 'configure', id, extensions, options };
}

function parseSuggestDifficulty(id: RequestId, params: readonly unknown[]): Message {
  const [difficulty] = params;
  if (typeof difficulty !== 'number') return malformed('the suggested difficulty is not a number');
  return { kind: 'suggestDifficulty', id, difficulty };
}

function parseSuggestTarget(id: RequestId, params: readonly unknown[]): Message {
  const [target] = params;
  if (typeof target !== 'string') return malformed('the suggested target is not text');
  return { kind: 'suggestTarget', id, target };
}

const forbiddenInNames = /[\p{Cc}\p{Cs}\u2028\u2029:]/u;
const reservedNames = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Why a worker's name cannot be used, or undefined if it can: 1–128 bytes of UTF-8 without control characters
 * (logs), without a colon (it separates fields in Redis), and no name that JavaScript gives a meaning.
 */
export function nameFault(worker: string): string | undefined {
  const bytes = Buffer.byteLength(worker);
  if (bytes === 0) return 'The worker name is empty';
  if (bytes > 128) return 'The worker name is longer than 128 bytes';
  if (forbiddenInNames.test(worker)) {
    return 'The worker name holds a control character or a colon';
  }
  return reservedNames.has(worker) ? 'This worker name cannot be used' : undefined;
}
