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
    }
  | { readonly type: 'banIP'; readonly ban: Ban }
  | { readonly type: 'blocknotify'; readonly coin: string; readonly hash: string }
  | { readonly type: 'reloadpool'; readonly coin: string; readonly pool: unknown }
  | { readonly type: 'stop' };

export type ToMaster =
  /** The child's code runs and waits for `start`. */
  | { readonly type: 'hello' }
  /** A pool of this fork takes miners. */
  | { readonly type: 'poolReady'; readonly coin: string }
  | { readonly type: 'banIP'; readonly ban: Ban }
  /** Something that no respawn can mend (a port in use): the master says it and stops everything. */
  | { readonly type: 'fatal'; readonly message: string };

export interface Ban {
  readonly ip: string;
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly why: string;
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
    case 'blocknotify': {
      const coin = own(message, 'coin');
      const hash = own(message, 'hash');
      if (typeof coin !== 'string' || typeof hash !== 'string') return undefined;
      return { type: 'blocknotify', coin, hash };
    }
    case 'reloadpool': {
      const coin = own(message, 'coin');
      if (typeof coin !== 'string') return undefined;
      return { type: 'reloadpool', coin, pool: own(message, 'pool') };
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
      return typeof coin === 'string' ? { type: 'poolReady', coin } : undefined;
    }
    case 'banIP': {
      const ban = parseBan(own(message, 'ban'));
      return ban && { type: 'banIP', ban };
    }
    case 'fatal': {
      const text = own(message, 'message');
      return typeof text === 'string' ? { type: 'fatal', message: text } : undefined;
    }
    default:
      return undefined;
  }
}

function parseStart(message: UnknownRecord): ToChild | undefined {
  const forkId = own(message, 'forkId');
  const range = own(message, 'extranonce');
  const bans = own(message, 'bans');
  if (typeof forkId !== 'number' || !isRecord(range) || !Array.isArray(bans)) return undefined;
  const first = own(range, 'first');
  const count = own(range, 'count');
  if (typeof first !== 'number' || typeof count !== 'number') return undefined;
  const parsed = bans.map(parseBan);
  if (!parsed.every((ban) => ban !== undefined)) return undefined;
  return {
    type: 'start',
    forkId,
    config: own(message, 'config'),
    extranonce: { first, count },
    bans: parsed,
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
