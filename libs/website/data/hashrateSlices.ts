import type { RedisConnection } from '../../redis/connection.ts';
import { RedisError } from '../../redis/errors.ts';
import { loadScript } from '../../redis/scripts.ts';
import type { Span } from './hashrateWindow.ts';

const script = loadScript('readHashrate', () => undefined);

/** The members of a span of the hashrate set, a line each, at most `most`. Rejects with RedisError. */
export async function readHashrateSlice(
  connection: RedisConnection,
  key: string,
  { start, end }: Span,
  most: number,
): Promise<Buffer> {
  const args = [1, key, start, end, most];
  const reply = await connection
    .sendForBytes('evalsha', [script.sha, ...args])
    .catch((error: unknown) => {
      if (!(error instanceof RedisError) || error.code !== 'REDIS_NOSCRIPT') throw error;
      return connection.sendForBytes('eval', [script.lua, ...args]);
    });
  return reply ?? Buffer.alloc(0);
}
