import { isRecord, own, type UnknownRecord } from '../primitives/unknown.ts';

// Everything that the master and its children say to each other: two closed unions, parsed where they arrive.
// Configuration travels as opaque data (`config`): it was checked by the master, and only cluster/ looks inside.

export type ToChild =
  | {
      readonly type: 'start';
      readonly forkId: number;
      readonly config: unknown;
      readonly extranonce: ExtranonceRange;
      readonly bans: readonly Ban[];
      readonly switches: readonly SwitchCoin[];
    }
  | { readonly type: 'banIP'; readonly ban: Ban }
  | { readonly type: 'logLevel'; readonly level: string }
  | BlockNotify
  | { readonly type: 'reloadpool'; readonly coin: string; readonly pool: unknown }
  /** The miners of a switch's ports mine another coin from now on. */
  | ({ readonly type: 'coinswitch' } & SwitchCoin)
  /** A command of the operator; answered with `answer` of the same id. */
  | {
      readonly type: 'ask';
      readonly id: number;
      readonly command: string;
      readonly params: readonly string[];
    }
  /** Seconds over which the miners are asked to reconnect, the ports being closed; undefined: opened again. */
  | { readonly type: 'drain'; readonly seconds: number | undefined }
  /** A text that miners may show. */
  | { readonly type: 'say'; readonly text: string }
  | { readonly type: 'stop' };

export type ToMaster =
  /** The child's code runs and waits for `start`. */
  | { readonly type: 'hello' }
  /** A pool of this fork takes miners. `noKeys`: why a mining key cannot be paid in its coin, if so. */
  | { readonly type: 'poolReady'; readonly coin: string; readonly noKeys: string | undefined }
  | { readonly type: 'banIP'; readonly ban: Ban }
  /** This fork heard of a block: the other forks are told. */
  | BlockNotify
  /** `data`: the answer as plain JSON data, whose shape the command defines; undefined with an error text. */
  | {
      readonly type: 'answer';
      readonly id: number;
      readonly error: string | undefined;
      readonly data: unknown;
    }
  /** Something that no respawn can mend (a port in use): the master says it and stops everything. */
  | { readonly type: 'fatal'; readonly message: string };

export interface BlockNotify {
  readonly type: 'blocknotify';
  readonly coin: string;
  readonly hash: string;
}

export interface Ban {
  readonly ip: string;
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly why: string;
}

/** The coin that is behind the ports of a switch. */
export interface SwitchCoin {
  readonly switch: string;
  readonly coin: string;
}

/** The values of extranonce1 (as a big-endian uint32) that one fork may deal: first … first + count - 1. */
export interface ExtranonceRange {
  readonly first: number;
  readonly count: number;
}

export function parseToChild(message: unknown): ToChild | undefined {
  if (!isRecord(message)) return undefined;
  switch (own(message, 'type')) {
    case 'start':
      return parseStart(message);
    case 'banIP': {
      const ban = parseBan(own(message, 'ban'));
      return ban && { type: 'banIP', ban };
    }
    case 'blocknotify':
      return parseBlockNotify(message);
    case 'reloadpool': {
      const coin = own(message, 'coin');
      if (typeof coin !== 'string') return undefined;
      return { type: 'reloadpool', coin, pool: own(message, 'pool') };
    }
    case 'logLevel': {
      const level = own(message, 'level');
      return typeof level === 'string' ? { type: 'logLevel', level } : undefined;
    }
    case 'coinswitch': {
      const to = parseSwitchCoin(message);
      return to && { type: 'coinswitch', ...to };
    }
    case 'ask':
      return parseAsk(message);
    case 'drain': {
      const seconds = own(message, 'seconds');
      if (seconds !== undefined && typeof seconds !== 'number') return undefined;
      return { type: 'drain', seconds };
    }
    case 'say': {
      const text = own(message, 'text');
      return typeof text === 'string' ? { type: 'say', text } : undefined;
    }
    case 'stop':
      return { type: 'stop' };
    default:
      return undefined;
  }
}

export function parseToMaster(message: unknown): ToMaster | undefined {
  if (!isRecord(message)) return undefined;
  switch (own(message, 'type')) {
    case 'hello':
      return { type: 'hello' };
    case 'poolReady': {
      const coin = own(message, 'coin');
      const noKeys = own(message, 'noKeys');
      if (typeof coin !== 'string') return undefined;
      if (noKeys !== undefined && typeof noKeys !== 'string') return undefined;
      return { type: 'poolReady', coin, noKeys };
    }
    case 'banIP': {
      const ban = parseBan(own(message, 'ban'));
      return ban && { type: 'banIP', ban };
    }
    case 'blocknotify':
      return parseBlockNotify(message);
    case 'answer': {
      const id = own(message, 'id');
      const error = own(message, 'error');
      if (typeof id !== 'number' || (error !== undefined && typeof error !== 'string')) {
        return undefined;
      }
      return { type: 'answer', id, error, data: own(message, 'data') };
    }
    case 'fatal': {
      const text = own(message, 'message');
      return typeof text === 'string' ? { type: 'fatal', message: text } : undefined;
    }
    default:
      return undefined;
  }
}

function parseBlockNotify(message: UnknownRecord): BlockNotify | undefined {
  const coin = own(message, 'coin');
  const hash = own(message, 'hash');
  if (typeof coin !== 'string' || typeof hash !== 'string') return undefined;
  return { type: 'blocknotify', coin, hash };
}

function parseAsk(message: UnknownRecord): ToChild | undefined {
  const id = own(message, 'id');
  const command = own(message, 'command');
  const params = own(message, 'params');
  if (typeof id !== 'number' || typeof command !== 'string') return undefined;
  if (!Array.isArray(params) || !params.every((param) => typeof param === 'string')) {
    return undefined;
  }
  return { type: 'ask', id, command, params };
}

function parseStart(message: UnknownRecord): ToChild | undefined {
  const forkId = own(message, 'forkId');
  const range = own(message, 'extranonce');
  const bans = own(message, 'bans');
  const switches = own(message, 'switches');
  if (typeof forkId !== 'number' || !isRecord(range) || !Array.isArray(bans)) return undefined;
  if (!Array.isArray(switches)) return undefined;
  const first = own(range, 'first');
  const count = own(range, 'count');
  if (typeof first !== 'number' || typeof count !== 'number') return undefined;
  const parsed = bans.map(parseBan);
  if (!parsed.every((ban) => ban !== undefined)) return undefined;
  const coins = switches.map(parseSwitchCoin);
  if (!coins.every((coin) => coin !== undefined)) return undefined;
  return {
    type: 'start',
    forkId,
    config: own(message, 'config'),
    extranonce: { first, count },
    bans: parsed,
    switches: coins,
  };
}

function parseBan(value: unknown): Ban | undefined {
  if (!isRecord(value)) return undefined;
  const ip = own(value, 'ip');
  const until = own(value, 'until');
  const why = own(value, 'why');
  if (typeof ip !== 'string' || typeof why !== 'string') return undefined;
  if (typeof until !== 'number' || !Number.isFinite(until)) return undefined;
  return { ip, until, why };
}

function parseSwitchCoin(value: unknown): SwitchCoin | undefined {
  if (!isRecord(value)) return undefined;
  const name = own(value, 'switch');
  const coin = own(value, 'coin');
  if (typeof name !== 'string' || typeof coin !== 'string') return undefined;
  return { switch: name, coin };
}
