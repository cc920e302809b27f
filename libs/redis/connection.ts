import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RedisOptions as ClientOptions, Cluster, Redis } from 'ioredis';
import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { messageOf } from '../primitives/errors.ts';
import { type Clock, systemClock } from '../primitives/units.ts';
import { explainOutage, isBadDatabase, RedisError, toRedisError } from './errors.ts';

// One connection to Redis, a Sentinel group or a Cluster. It reconnects for ever and says once a minute why it cannot.

/** The `redis` part of a configuration. `sentinels` goes with `name`; `cluster` lists some of its nodes. */
export interface RedisOptions {
  readonly host: string;
  readonly port: number;
  readonly password?: string;
  readonly tls?: boolean;
  readonly db?: number;
  readonly sentinels?: readonly RedisAddress[];
  readonly name?: string;
  readonly cluster?: readonly RedisAddress[];
}

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

export interface RedisTuning {
  readonly now?: Clock;
  /** Milliseconds without any reply after which a connection counts as dead; default 15,000. */
  readonly silence?: number;
}

export interface RedisConnection {
  /** "host:port" as the log shows it. */
  readonly name: string;
  /** True while commands can be sent. */
  readonly ready: boolean;
  /**
   * Sends one command. Nothing is queued while Redis is away: it rejects at once, with RedisError always, and the
   * caller decides whether to try again.
   */
  command(name: string, ...args: readonly (string | number)[]): Promise<unknown>;
  /** As `command`, with the arguments in a list (there may be thousands). */
  send(name: string, args: readonly (string | number)[]): Promise<unknown>;
  /** The value of a string key as bytes (`command` gives text); null without such a key. Rejects as `command`. */
  bytes(key: string): Promise<Buffer | null>;
  /** As `send`, for a command that replies with one string: its bytes; null when the reply is something else. */
  sendForBytes(name: string, args: readonly (string | number)[]): Promise<Buffer | null>;
  /** Calls `listener` each time the connection becomes usable; returns how to stop that. */
  onReady(listener: () => void): () => void;
  /** Ends the connection for good. What is under way is rejected. */
  close(): Promise<void>;
}

const minute = 60_000;
/** Milliseconds: a short break that mends itself is not worth a line. */
const patience = 2_000;
const longestDelay = 2_000;
const firstDelay = 25;

function reconnectDelay(attempt: number): number {
  const delay = Math.min(firstDelay * 2 ** Math.min(attempt, 10), longestDelay);
  return Math.round(delay * (0.8 + 0.4 * Math.random()));
}

export function openRedis(
  options: RedisOptions,
  log: Logger,
  tuning: RedisTuning = {},
): RedisConnection {
  const name = nameOf(options);
  const client = makeClient(options, tuning);
  const said = new OncePer(minute, tuning.now ?? systemClock);
  const listeners = new Set<() => void>();
  let closed = false;
  let ready = false;
  let spoken = false;
  let reason = 'has not answered yet.';

  function sayDown(): void {
    if (closed || ready || !said.allows('down')) return;
    spoken = true;
    log.error(`Redis at ${name} ${reason} Trying again until it answers.`);
  }

  let downSince = Date.now();
  const watch = setInterval(() => {
    if (!ready && Date.now() - downSince >= patience) sayDown();
  }, 1_000);
  watch.unref();

  client.on('error', (error: unknown) => {
    reason = explainOutage(lastCause(error));
    // ioredis goes on with database 0 after a refused SELECT: shares would be written to the wrong place.
    if (isBadDatabase(error)) client.disconnect(true);
    if (!ready) sayDown();
  });
  client.on('ready', () => {
    ready = true;
    if (spoken) log.special(`Redis at ${name} is back.`);
    else log.debug(`Connected to Redis at ${name}.`);
    spoken = false;
    for (const listener of [...listeners]) listener();
  });
  client.on('connect', () => {
    reason = 'took the connection but does not serve yet: it may be loading its data.';
  });
  const lost = () => {
    if (!ready) return;
    ready = false;
    downSince = Date.now();
    reason = 'closed the connection.';
    if (!closed) log.debug(`The connection to Redis at ${name} was closed.`);
  };
  client.on('close', lost);
  client.on('end', () => {
    lost();
    if (closed) return;
    // Failures that ioredis takes for final (no connection could even be tried) are tried again as well.
    setTimeout(() => {
      if (!closed) client.connect().catch((error: unknown) => noteFailure(error));
    }, longestDelay).unref();
  });
  function noteFailure(error: unknown): void {
    if (!ready) reason = explainOutage(error);
  }

  async function whenReady(call: () => Promise<unknown>): Promise<unknown> {
    if (!ready) {
      throw new RedisError('REDIS_DOWN', `Redis at ${name} ${reason}`, {
        trouble: 'transient',
        mayHaveRun: false,
      });
    }
    try {
      return await call();
    } catch (error) {
      throw toRedisError(error, name);
    }
  }

  function send(command: string, args: readonly (string | number)[]): Promise<unknown> {
    return whenReady(() => client.call(command, [...args]));
  }

  async function sendForBytes(
    command: string,
    args: readonly (string | number)[],
  ): Promise<Buffer | null> {
    const reply = await whenReady(() => client.callBuffer(command, [...args]));
    return Buffer.isBuffer(reply) ? reply : null;
  }

  return {
    name,
    get ready() {
      return ready;
    },
    command: (command, ...args) => send(command, args),
    send,
    bytes: (key) => sendForBytes('get', [key]),
    sendForBytes,
    onReady(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(watch);
      listeners.clear();
      const open = ready;
      ready = false;
      client.disconnect();
      if (open) await Promise.race([once(client, 'end'), sleep(500, undefined, { ref: false })]);
    },
  };
}

/** Resolves when commands can be sent; rejects with the signal's reason. */
export function waitForRedis(connection: RedisConnection, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    if (connection.ready) return resolve();
    const stop = () => {
      forget();
      reject(signal.reason);
    };
    const forget = connection.onReady(() => {
      forget();
      signal.removeEventListener('abort', stop);
      resolve();
    });
    signal.addEventListener('abort', stop, { once: true });
  });
}

const silent: Logger = {
  enabled: () => false,
  debug() {},
  warning() {},
  error() {},
  special() {},
  child: () => silent,
};

/** Undefined if Redis answers a PING within `milliseconds`, otherwise why it does not, as a sentence. */
export async function pingRedis(
  options: RedisOptions,
  milliseconds: number,
): Promise<string | undefined> {
  const connection = openRedis(options, silent, { silence: milliseconds });
  try {
    await waitForRedis(connection, AbortSignal.timeout(milliseconds)).catch(() => undefined);
    await connection.command('PING');
    return undefined;
  } catch (error) {
    return messageOf(error);
  } finally {
    await connection.close();
  }
}

function nameOf({ host, port, sentinels, name, cluster }: RedisOptions): string {
  const list = (nodes: readonly RedisAddress[]) =>
    nodes.map((node) => `${node.host}:${node.port}`).join(',');
  if (cluster !== undefined && cluster.length > 0) return `cluster ${list(cluster)}`;
  if (sentinels !== undefined && sentinels.length > 0) {
    return `${name ?? 'mymaster'} of sentinels ${list(sentinels)}`;
  }
  return `${host}:${port}`;
}

function makeClient(options: RedisOptions, tuning: RedisTuning): Redis | Cluster {
  const { host, port, password, tls, db, sentinels, name, cluster } = options;
  const common = {
    ...(password ? { password } : {}),
    ...(tls ? { tls: {} } : {}),
    // Nothing waits inside the client: the caller is told, knows, and tries again itself.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    socketTimeout: tuning.silence ?? 15_000,
    connectTimeout: Math.min(tuning.silence ?? 10_000, 10_000),
    // The client's default keeps a stopping process alive for two seconds.
    disconnectTimeout: 200,
    // After a failover the old master answers READONLY: only a new connection finds the new one.
    reconnectOnError: (error: Error) => error.message.includes('READONLY'),
    disableClientInfo: true,
  } satisfies ClientOptions;
  if (cluster !== undefined && cluster.length > 0) {
    return new Cluster([...cluster], {
      redisOptions: common,
      enableOfflineQueue: false,
      clusterRetryStrategy: reconnectDelay,
    });
  }
  const direct = { ...common, enableOfflineQueue: false, retryStrategy: reconnectDelay };
  if (sentinels !== undefined && sentinels.length > 0) {
    return new Redis({
      ...direct,
      sentinels: [...sentinels],
      name: name ?? 'mymaster',
      sentinelRetryStrategy: reconnectDelay,
      ...(db === undefined ? {} : { db }),
      ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
    });
  }
  return new Redis({ ...direct, host, port, ...(db === undefined ? {} : { db }) });
}

/** A Cluster's "all nodes failed" hides the reason that helps. */
function lastCause(error: unknown): unknown {
  const hidden =
    typeof error === 'object' && error !== null && 'lastNodeError' in error && error.lastNodeError;
  return hidden || error;
}
