// What the tests that talk to a real redis-server share.
import { createConnection } from 'node:net';
import type { TestContext } from 'node:test';
import type { Logger } from '../../libs/log/logger.ts';
import { systemClock } from '../../libs/primitives/units.ts';
import { isRecord, parseJson, type UnknownRecord } from '../../libs/primitives/unknown.ts';
import {
  openRedis,
  type RedisConnection,
  type RedisOptions,
  waitForRedis,
} from '../../libs/redis/connection.ts';
import { fieldsOf } from '../../libs/redis/read.ts';
import {
  type RedisServer,
  type RedisServerOptions,
  startRedis,
} from '../../scripts/regtest/redisServer.ts';
import { memoryLog } from '../support/memoryLog.ts';
import { serve } from '../support/tcpServer.ts';
import { until } from '../support/until.ts';

export async function redisFor(
  t: TestContext,
  options: RedisServerOptions = {},
): Promise<RedisServer> {
  const server = await startRedis(options);
  t.after(async () => {
    // Nothing is kept: no need to let it end in good order.
    await server.kill('SIGKILL');
    await server.stop();
  });
  return server;
}

/** An open connection with a short patience, closed after the test. */
export async function connectFor(
  t: TestContext,
  options: Partial<RedisOptions> & { readonly port: number },
  log: Logger = memoryLog(),
  silence = 2_000,
): Promise<RedisConnection> {
  const connection = openRedis({ host: '127.0.0.1', ...options }, log, {
    now: systemClock,
    silence,
  });
  t.after(() => connection.close());
  await waitForRedis(connection, AbortSignal.timeout(10_000));
  return connection;
}

/** The port of a Redis Cluster of one node that has all slots, and a plain connection to that node. */
export async function clusterFor(
  t: TestContext,
): Promise<{ readonly port: number; readonly look: RedisConnection }> {
  const { port } = await redisFor(t, {
    args: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
  });
  const look = await connectFor(t, { port });
  await look.command('cluster', 'addslotsrange', '0', '16383');
  await until('the cluster is ready', async () =>
    String(await look.command('cluster', 'info')).includes('cluster_state:ok'),
  );
  return { port, look };
}

export async function hashOf(
  connection: RedisConnection,
  key: string,
): Promise<Record<string, string>> {
  return Object.fromEntries(fieldsOf(await connection.command('hgetall', key)));
}

export async function listOf(
  connection: RedisConnection,
  name: string,
  ...args: string[]
): Promise<string[]> {
  const reply = await connection.command(name, ...args);
  if (!Array.isArray(reply)) throw new Error(`${name} gave no list.`);
  return reply.map(String);
}

/** The coin's stream of events, oldest first: type and what its JSON says. */
export async function eventsOf(
  connection: RedisConnection,
  key = 'testcoin:events',
): Promise<[string, UnknownRecord][]> {
  const reply = await connection.command('xrange', key, '-', '+');
  if (!Array.isArray(reply)) throw new Error('xrange gave no list.');
  return reply.map((entry: unknown) => {
    const [, fields]: unknown[] = Array.isArray(entry) ? entry : [];
    const named = fieldsOf(fields);
    const data = parseJson(named.get('data') ?? '');
    if (!isRecord(data)) throw new Error(`An event is no JSON object: ${named.get('data')}`);
    return [named.get('type') ?? '', data];
  });
}

/** Stand-in for a bad network: passes commands on to Redis, and loses replies when told. */
export interface BadNetwork {
  readonly port: number;
  /** The next reply to a script never arrives, and its connection is cut. The command has been executed by then. */
  loseNextScriptReply(): void;
  readonly lost: number;
}

export async function badNetworkStandIn(t: TestContext, redisPort: number): Promise<BadNetwork> {
  let armed = false;
  let lost = 0;
  const port = await serve(t, (client) => {
    const redis = createConnection({ host: '127.0.0.1', port: redisPort });
    let loseNext = false;
    redis.on('error', () => undefined);
    redis.on('close', () => client.destroy());
    client.on('close', () => redis.destroy());
    client.on('data', (bytes) => {
      if (armed && bytes.includes('evalsha')) {
        armed = false;
        loseNext = true;
      }
      redis.write(bytes);
    });
    redis.on('data', (bytes) => {
      // Redis did not know the script yet: nothing was executed, the text is sent next.
      if (!loseNext || bytes.toString().startsWith('-NOSCRIPT')) {
        client.write(bytes);
        return;
      }
      lost += 1;
      client.destroy();
    });
  });
  return {
    port,
    loseNextScriptReply() {
      armed = true;
    },
    get lost() {
      return lost;
    },
  };
}
