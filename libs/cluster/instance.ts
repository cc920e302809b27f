import { randomInt } from 'node:crypto';
import type { RedisConfig } from '../config/types.ts';
import type { Logger } from '../log/logger.ts';
import { openRedis, waitForRedis } from '../redis/connection.ts';
import { portalKeys } from '../redis/keys.ts';

/** A Redis that is away must not keep the portal from starting, milliseconds. */
const patience = 3_000;

/**
 * A number for this start of the portal, counted in Redis, so that servers that share it deal different extranonces.
 * Without an answer in time: a random one, said in the log.
 */
export async function claimInstance(config: RedisConfig, log: Logger): Promise<number> {
  const signal = AbortSignal.timeout(patience);
  const redis = openRedis(config, log);
  try {
    await waitForRedis(redis, signal);
    return Number(await redis.command('INCR', portalKeys.instances));
  } catch {
    log.warning(
      `Redis at ${config.host}:${config.port} gave no instance number: this server takes a random range of extranonces. Servers that share the Redis might take the same one (1 in 64).`,
    );
    return randomInt(2 ** 31);
  } finally {
    await redis.close();
  }
}
