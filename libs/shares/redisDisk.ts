import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../log/logger.ts';
import type { Clock } from '../primitives/units.ts';
import type { RedisConnection } from '../redis/connection.ts';
import type { CoinKeys } from '../redis/keys.ts';
import { parseInfo, readSetting } from '../redis/safety.ts';
import { loadScript, runScript } from '../redis/scripts.ts';

// How much of what a writer applied is on Redis' own disk: until then the spool keeps it. Redis 7.0 has no WAITAOF, so
// two looks at INFO, some time apart, must prove it.

export interface RedisDiskOptions {
  readonly connection: RedisConnection;
  readonly keys: CoinKeys;
  readonly sequenceKey: string;
  readonly log: Logger;
  readonly now: Clock;
}

export interface RedisDisk {
  /** The highest sequence that a crash of Redis cannot take back, as far as is proven. Rejects with RedisError. */
  safeSequence(): Promise<number>;
}

/**
 * `always`: on disk before the reply. `second`: fsync each second. `snapshot`: with the next save. `system`: when the
 * kernel writes it, which takes half a minute. `never`: nothing is ever written.
 */
export type RedisKeeping = 'always' | 'second' | 'snapshot' | 'system' | 'never';

/** What one look at Redis has shown. */
export interface DiskLook {
  /** Our clock, ms. */
  readonly at: number;
  /** INFO's fields. */
  readonly info: ReadonlyMap<string, string>;
}

export interface RedisLook extends DiskLook {
  readonly sequence: number;
}

const secondMillis = 2_000;
/** So long the spool is kept where no look can prove anything. */
const blindMillis = 60_000;

const spoolState = loadScript('spoolState', (reply) => {
  if (!Array.isArray(reply) || reply.length !== 3) return undefined;
  const sequence = Number(reply[0]);
  if (!Number.isSafeInteger(sequence)) return undefined;
  return { sequence, info: new Map([...parseInfo(reply[1]), ...parseInfo(reply[2])]) };
});

const diskState = loadScript('diskState', (reply) =>
  Array.isArray(reply) && reply.length === 2
    ? new Map([...parseInfo(reply[0]), ...parseInfo(reply[1])])
    : undefined,
);

export function createRedisDisk(options: RedisDiskOptions): RedisDisk {
  const { connection, keys, log, now } = options;
  let earlier: RedisLook | undefined;
  let safe = 0;

  return {
    async safeSequence() {
      const at = now();
      const { sequence, info } = await runScript(connection, spoolState, [options.sequenceKey], []);
      const look = { at, sequence, info };
      const keeping = await keepingOf(connection, info);
      if (keeping === 'never') sayNever(connection.name, keys.coin, log);
      if (earlier?.info.get('run_id') !== info.get('run_id')) {
        // Another run, or another server: what the one before had written proves nothing here.
        earlier = undefined;
        safe = 0;
      }
      if (keeping === 'always' && info.get('aof_last_write_status') === 'ok') safe = sequence;
      if (earlier !== undefined && provesSafe(earlier, look, keeping)) {
        safe = Math.max(safe, earlier.sequence);
        earlier = undefined;
      }
      if (earlier === undefined || !canProve(earlier, keeping)) earlier = look;
      return safe;
    },
  };
}

export interface UntilKeptOptions {
  readonly connection: RedisConnection;
  /** What it is about: its server is the one that is asked. */
  readonly key: string;
  readonly now: Clock;
  readonly signal?: AbortSignal | undefined;
}

const lookMillis = 500;

/**
 * Resolves true when what is there is on Redis' disk, so that a crash cannot take it back; false as soon as `isThere`
 * says that one did. Rejects with RedisError while Redis is away, and with the signal's reason.
 */
export async function untilKept(
  isThere: () => Promise<boolean>,
  { connection, key, now, signal }: UntilKeptOptions,
): Promise<boolean> {
  let earlier: DiskLook | undefined;
  for (;;) {
    const at = now();
    const info = await runScript(connection, diskState, [key], []);
    const keeping = await keepingOf(connection, info);
    // After the look, so that the next one of the same run of Redis proves something for it.
    if (!(await isThere())) return false;
    const look = { at, info };
    if (keeping === 'always' && provesSafe(look, look, keeping)) return true;
    if (earlier?.info.get('run_id') !== info.get('run_id')) earlier = undefined;
    if (earlier !== undefined && provesSafe(earlier, look, keeping)) return true;
    if (earlier === undefined || !canProve(earlier, keeping)) earlier = look;
    await sleep(lookMillis, undefined, signal === undefined ? {} : { signal });
  }
}

async function keepingOf(
  connection: RedisConnection,
  info: ReadonlyMap<string, string>,
): Promise<RedisKeeping> {
  if (info.get('aof_enabled') === '1') {
    const setting = await readSetting(connection, 'appendfsync');
    if (setting === 'always') return 'always';
    return setting === 'no' ? 'system' : 'second';
  }
  return (await readSetting(connection, 'save')) ? 'snapshot' : 'never';
}

/** True if `later` shows that all of `earlier` is on disk. Both are of one run of Redis. */
export function provesSafe(earlier: DiskLook, later: DiskLook, keeping: RedisKeeping): boolean {
  const passed = later.at - earlier.at;
  switch (keeping) {
    case 'always':
      return later.info.get('aof_last_write_status') === 'ok';
    case 'second':
      return (
        passed >= secondMillis &&
        later.info.get('aof_pending_bio_fsync') === '0' &&
        later.info.get('aof_last_write_status') === 'ok'
      );
    case 'snapshot':
      return (
        canProve(earlier, keeping) &&
        later.info.get('rdb_last_save_time') !== earlier.info.get('rdb_last_save_time')
      );
    case 'system':
    case 'never':
      return passed >= blindMillis;
  }
}

/** False for a look at a running save: that one does not hold what came after its start. */
function canProve({ info }: DiskLook, keeping: RedisKeeping): boolean {
  return keeping !== 'snapshot' || info.get('rdb_bgsave_in_progress') === '0';
}

const told = new Set<string>();

/** Once in the life of a process, for each Redis. */
function sayNever(name: string, coin: string, log: Logger): void {
  if (told.has(name)) return;
  told.add(name);
  log.warning(
    `Redis at ${name} writes nothing to its disk: the spool keeps shares of ${coin} for a minute after Redis has them, and what is older is lost when Redis stops. Set "appendonly yes" in redis.conf.`,
  );
}
