import type { RedisConnection } from '../../redis/connection.ts';
import { RedisError } from '../../redis/errors.ts';
import { loadScript, type Script } from '../../redis/scripts.ts';
import type { Span } from './hashrateWindow.ts';

// Scripts that read much of Redis into one reply, taken as bytes. Each rejects with RedisError.

const noParser = () => undefined;
const readHashrate = loadScript<never>('readHashrate', noParser);
const readHashPage = loadScript<never>('readHashPage', noParser);

/** The members of a span of the hashrate set, a line each, at most `most`. */
export function readHashrateSlice(
  connection: RedisConnection,
  key: string,
  { start, end }: Span,
  most: number,
): Promise<Buffer> {
  return run(connection, readHashrate, [1, key, start, end, most]);
}

/** A part of a hash: the next cursor (0 at the end), then `value:field`, a line each. */
export function readHashLines(
  connection: RedisConnection,
  key: string,
  cursor: string,
  about: number,
): Promise<Buffer> {
  return run(connection, readHashPage, [1, key, cursor, about]);
}

async function run(
  connection: RedisConnection,
  script: Script<never>,
  args: readonly (string | number)[],
): Promise<Buffer> {
  const reply = await connection
    .sendForBytes('evalsha', [script.sha, ...args])
    .catch((error: unknown) => {
      if (!(error instanceof RedisError) || error.code !== 'REDIS_NOSCRIPT') throw error;
      return connection.sendForBytes('eval', [script.lua, ...args]);
    });
  return reply ?? Buffer.alloc(0);
}
