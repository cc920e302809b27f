import type { TestContext } from 'node:test';
import type { CoinConfig } from '../../libs/config/types.ts';
import { openRedis, type RedisConnection, waitForRedis } from '../../libs/redis/connection.ts';
import { fieldsOf } from '../../libs/redis/read.ts';
import {
  type RedisServer,
  type RedisServerOptions,
  startRedis,
} from '../../scripts/regtest/redisServer.ts';
import { coinFor } from '../daemon/faultyDaemon.ts';
import { logTo } from '../support/memoryLog.ts';

// What the tests of payments share.

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export const litecoin: CoinConfig = coinFor();

export interface TestRedis {
  readonly server: RedisServer;
  readonly connection: RedisConnection;
  command(...words: readonly [string, ...(string | number)[]]): Promise<unknown>;
  hash(key: string): Promise<Record<string, string>>;
  members(key: string): Promise<string[]>;
  /** Empties the database. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export async function openTestRedis(options: RedisServerOptions = {}): Promise<TestRedis> {
  const server = await startRedis(options);
  const connection = openRedis({ host: '127.0.0.1', port: server.port }, logTo([]));
  await waitForRedis(connection, AbortSignal.timeout(10_000));
  return {
    server,
    connection,
    command: (name, ...args) => connection.command(name, ...args),
    hash: async (key) => Object.fromEntries(fieldsOf(await connection.command('HGETALL', key))),
    members: async (key) => {
      const reply = await connection.command('SMEMBERS', key);
      return Array.isArray(reply) ? reply.map(String).sort() : [];
    },
    clear: async () => {
      await connection.command('FLUSHALL');
    },
    close: async () => {
      await connection.close();
      await server.stop();
    },
  };
}

/** Another connection to the same server, closed with the test. */
export async function connect(t: TestContext, port: number): Promise<RedisConnection> {
  const connection = openRedis({ host: '127.0.0.1', port }, logTo([]));
  t.after(() => connection.close());
  await waitForRedis(connection, AbortSignal.timeout(10_000));
  return connection;
}
