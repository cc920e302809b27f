import { randomInt } from 'node:crypto';
import type { Logger } from '../log/logger.ts';
import type { RedisConnection } from '../redis/connection.ts';
import { portalKeys } from '../redis/keys.ts';

/**
 * A number for this start of the portal, counted in Redis, so that servers that share it deal different extranonces.
 * While Redis does not answer: a random one, said in the log.
 */
export async function claimInstance(redis: RedisConnection, log: Logger): Promise<number> {
  try {
    return Number(await redis.command('INCR', portalKeys.instances));
  } catch {
    log.warning(
      `Redis at ${redis.name} gave no instance number: this server takes a random range of extranonces. Servers that share the Redis might take the same one (1 in 64).`,
    );
    return randomInt(2 ** 31);
  }
}
