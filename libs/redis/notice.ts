import { isRecord, own, parseJson } from '../primitives/unknown.ts';
import type { RedisConnection } from './connection.ts';
import { type CoinKeys, portalKeys } from './keys.ts';

// The operator's notice on top of every page: kept in one key until it is taken away, and told to who is looking now.

export interface Notice {
  /** Empty: there is none any more. */
  readonly text: string;
  /** Unix milliseconds of its writing. */
  readonly time: number;
}

/** Characters. */
export const longestNotice = 500;
/** As the pools trim their streams. */
const keptEvents = 5_000;

/** Rejects with RedisError. */
export async function keepNotice(portal: RedisConnection, notice: Notice): Promise<void> {
  await portal.command('set', portalKeys.notice, JSON.stringify(notice));
}

/** For live pages; who misses it sees the notice at the next look at its key. Rejects with RedisError. */
export async function tellNotice(
  connection: RedisConnection,
  keys: CoinKeys,
  notice: Notice,
): Promise<void> {
  await connection.command(
    ...(['xadd', keys.events, 'MAXLEN', '~', keptEvents, '*'] as const),
    ...(['type', 'notice', 'data', JSON.stringify(notice)] as const),
  );
}

/** Undefined if none was ever written, or what is there is none. Rejects with RedisError. */
export async function readNotice(portal: RedisConnection): Promise<Notice | undefined> {
  const value = parseJson(String((await portal.command('get', portalKeys.notice)) ?? ''));
  if (!isRecord(value)) return undefined;
  const text = own(value, 'text');
  const time = own(value, 'time');
  if (typeof text !== 'string' || typeof time !== 'number' || !Number.isFinite(time)) {
    return undefined;
  }
  return { text: text.slice(0, longestNotice), time };
}
