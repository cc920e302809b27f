import type { PoolConfig, PortalConfig, RedisConfig } from '../../config/types.ts';
import type { Logger } from '../../log/logger.ts';
import type { Clock } from '../../primitives/units.ts';
import { openRedis, type RedisConnection } from '../../redis/connection.ts';
import { type CoinKeys, coinKeys } from '../../redis/keys.ts';

/** Where one pool's data is. */
export interface PoolSource {
  readonly config: PoolConfig;
  readonly keys: CoinKeys;
  readonly connection: RedisConnection;
}

export interface Sources {
  readonly pools: readonly PoolSource[];
  /** Portal-wide data. */
  readonly portal: RedisConnection;
  /** A connection of its own for commands that block; it is closed with the others. */
  blocking(pool: PoolSource): RedisConnection;
  close(): Promise<void>;
}

/** One connection for each Redis that is configured, however many pools share it. */
export function openSources(
  portal: PortalConfig,
  pools: readonly PoolConfig[],
  log: Logger,
  now: Clock,
): Sources {
  const connections = new Map<string, RedisConnection>();
  const opened: RedisConnection[] = [];
  const open = (config: RedisConfig): RedisConnection => {
    const connection = openRedis(config, log, { now });
    opened.push(connection);
    return connection;
  };
  // A pool in MPOS mode has no Redis of its own; its forks tell the portal's how they are.
  const redisOf = ({ mposMode, redis }: PoolConfig): RedisConfig =>
    mposMode.enabled ? portal.redis : redis;
  const shared = ({ hashTag: _, ...config }: RedisConfig): RedisConnection => {
    const name = JSON.stringify(Object.entries(config).sort());
    const connection = connections.get(name) ?? open(config);
    connections.set(name, connection);
    return connection;
  };
  return {
    portal: shared(portal.redis),
    pools: pools.map((config) => ({
      config,
      keys: coinKeys(config.coin.name, redisOf(config).hashTag),
      connection: shared(redisOf(config)),
    })),
    blocking: (pool) => open(redisOf(pool.config)),
    async close() {
      await Promise.all(opened.map((connection) => connection.close()));
    },
  };
}
