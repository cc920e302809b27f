import { difficulty } from '../primitives/units.ts';
import {
  type PortDraft,
  rentalCoinbaseLimit,
  rentalExtranonce2Size,
  type VarDiffDraft,
} from './rentalPorts.ts';
import { list, mapped, object, optional, record, required, withDefault } from './schema.ts';
import type { Schema } from './schemaBase.ts';
import type { RedisConfig } from './types.ts';
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

const varDiffFields = {
  minDiff: required(someDifficulty(), 'lowest difficulty'),
  maxDiff: required(someDifficulty(), 'highest difficulty'),
  targetTime: required(seconds(), 'aim at one share each so many seconds'),
  retargetTime: required(seconds(), 'look at the difficulty each so many seconds'),
  variancePercent: required(
    number({ min: 0, max: 100, unit: 'percent' }),
    'change nothing within this much of targetTime',
  ),
};

const inOrder = (schema: Schema<VarDiffDraft>): Schema<VarDiffDraft> =>
  mapped(schema, (value, node, path, report) => {
    const { minDiff, maxDiff } = value;
    if (minDiff === undefined || minDiff <= maxDiff) return value;
    report.unusable(node, path, `minDiff ${minDiff} is above maxDiff ${maxDiff}`);
    return undefined;
  });

const varDiffAbout = 'difficulty that follows the miner';
const varDiff = inOrder(object(varDiffFields));
const rentalVarDiff = inOrder(
  object({ ...varDiffFields, minDiff: optional(someDifficulty(), 'lowest difficulty') }),
);

const portKey = {
  pattern: /^(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$/,
  expected: 'a port number from 1 to 65535',
};

const diffAbout = 'difficulty that a miner starts with';
const extranonce2Size = whole({ min: 2, max: 16, unit: 'bytes' });
const extranonce2About = 'bytes of extranonce2';
const coinbaseLimit = whole({ min: 100, max: 1_000_000, unit: 'bytes' });
const coinbaseAbout = 'warn of a coinbase that is longer than the miners of this port take';

const portFields = {
  diff: required(someDifficulty(), diffAbout),
  varDiff: optional(varDiff, varDiffAbout),
  extranonce2Size: withDefault(extranonce2Size, 4, extranonce2About),
  tls: withDefault(boolean(), false, 'stratum over TLS, with the certificate of the pool'),
  solo: optional(boolean(), 'the finder of a block gets all of it'),
  rental: optional(boolean(), 'for rented hash power: what markets ask for where nothing is said'),
  coinbaseLimit: optional(coinbaseLimit, coinbaseAbout),
};
const plainPort = object(portFields);
const rentalPort = object({
  ...portFields,
  diff: optional(someDifficulty(), diffAbout),
  varDiff: optional(rentalVarDiff, varDiffAbout),
  extranonce2Size: withDefault(extranonce2Size, rentalExtranonce2Size, extranonce2About),
  coinbaseLimit: withDefault(coinbaseLimit, rentalCoinbaseLimit, coinbaseAbout),
});

const onePort: Schema<Omit<PortDraft, 'port'>> = {
  ...plainPort,
  read: (node, path, report) => {
    const rental = node.kind === 'object' ? node.members.get('rental')?.node : undefined;
    const isRental = rental?.kind === 'boolean' && rental.value;
    return (isRental ? rentalPort : plainPort).read(node, path, report);
  },
};

/** Ports that miners connect to, sorted by number; `settlePorts` fills in what rental ports leave out. */
export const ports: Schema<readonly PortDraft[]> = mapped(record(portKey, onePort), (entries) =>
  entries
    .map(([key, value]): PortDraft => ({ ...value, port: Number(key) }))
    .sort((a, b) => a.port - b.port),
);
