import { difficulty } from '../primitives/units.ts';
import { list, mapped, object, optional, record, required, withDefault } from './schema.ts';
import type { Schema } from './schemaBase.ts';
import type { PortConfig, RedisConfig, VarDiffConfig } from './types.ts';
import { boolean, number, port, text, whole } from './values.ts';

// Pieces that config.json and the pool files share. Defaults stand here and in the other schemas, nowhere else.

/** Timers take at most 2^31 - 1 milliseconds. */
const longestTimer = 2_147_483;

/** A time that a timer waits for. */
export const seconds = (): Schema<number> =>
  number({ above: 0, max: longestTimer, unit: 'seconds' });

/** A span of time, up to ten years. */
export const span = (): Schema<number> =>
  number({ above: 0, max: 10 * 366 * 86_400, unit: 'seconds' });

export const host = (): Schema<string> =>
  text({ pattern: /^[\w.:%-]{1,253}$/, expected: 'a host name or IP address' });

export const secret = (): Schema<string> => text({ secret: true });

const hostPort = object({
  host: required(host(), 'host name or IP address'),
  port: required(port(), 'TCP port'),
});

/** One Redis, one found through sentinels, or a cluster. */
export const redis: Schema<RedisConfig> = mapped(
  object({
    host: withDefault(host(), '127.0.0.1', 'host of the Redis server'),
    port: withDefault(port(), 6379, 'port of the Redis server'),
    password: optional(secret(), 'password of the Redis server'),
    tls: optional(boolean(), 'connect by TLS'),
    db: optional(whole({ min: 0, max: 1_000_000 }), 'number of the database'),
    sentinels: optional(list(hostPort, 1), 'sentinels that know the server; needs "name"'),
    name: optional(text({ filled: true }), 'name of the master that the sentinels watch'),
    cluster: optional(list(hostPort, 1), 'some nodes of a Redis Cluster'),
    hashTag: optional(boolean(), 'prefix keys by {coin}, one slot of a cluster for each coin'),
  }),
  (value, node, path, report): RedisConfig | undefined => {
    const refuse = (message: string): undefined => {
      report.error(node, path, message);
      return undefined;
    };
    if (value.sentinels !== undefined && value.cluster !== undefined) {
      return refuse('has both "sentinels" and "cluster": keep the one that is meant');
    }
    if (value.sentinels !== undefined && value.name === undefined) {
      return refuse('has "sentinels" but no "name": add the name of the master that they watch');
    }
    if (value.cluster === undefined) return value;
    if (value.db !== undefined && value.db !== 0) {
      return refuse('has "cluster" and "db": a Redis Cluster has only database 0');
    }
    if (value.hashTag === false) {
      return refuse('has "cluster", which needs "hashTag": true: a coin must live in one slot');
    }
    return { ...value, hashTag: true };
  },
);

const someDifficulty = () => mapped(number({ above: 0 }), difficulty);

const varDiff: Schema<VarDiffConfig> = mapped(
  object({
    minDiff: required(someDifficulty(), 'lowest difficulty'),
    maxDiff: required(someDifficulty(), 'highest difficulty'),
    targetTime: required(seconds(), 'aim at one share each so many seconds'),
    retargetTime: required(seconds(), 'look at the difficulty each so many seconds'),
    variancePercent: required(
      number({ min: 0, max: 100, unit: 'percent' }),
      'change nothing within this much of targetTime',
    ),
  }),
  (value, node, path, report) => {
    if (value.minDiff <= value.maxDiff) return value;
    const message = `minDiff ${value.minDiff} is above maxDiff ${value.maxDiff}`;
    report.unusable(node, path, message);
    return undefined;
  },
);

const portKey = {
  pattern: /^(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$/,
  expected: 'a port number from 1 to 65535',
};

/** Ports that miners connect to, sorted by number. */
export const ports: Schema<readonly PortConfig[]> = mapped(
  record(
    portKey,
    object({
      diff: required(someDifficulty(), 'difficulty that a miner starts with'),
      varDiff: optional(varDiff, 'difficulty that follows the miner'),
      extranonce2Size: withDefault(
        whole({ min: 2, max: 16, unit: 'bytes' }),
        4,
        'bytes of extranonce2',
      ),
      tls: withDefault(boolean(), false, 'stratum over TLS, with the certificate of the pool'),
      solo: optional(boolean(), 'the finder of a block gets all of it'),
    }),
  ),
  (entries) =>
    entries
      .map(([key, value]): PortConfig => ({ ...value, port: Number(key) }))
      .sort((a, b) => a.port - b.port),
);
