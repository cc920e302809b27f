import { isIpRange, localRanges } from '../primitives/ipRanges.ts';
import { host, ports, redis, seconds, secret } from './commonSchema.ts';
import {
  list,
  mapped,
  object,
  optional,
  record,
  required,
  retired,
  whenLeftOut,
  withDefault,
} from './schema.ts';
import type { Schema } from './schemaBase.ts';
import type { DaemonConfig, MposConfig } from './types.ts';
import { boolean, choice, decimal, number, port, text, whole } from './values.ts';

// A file of pool_configs/.

const addressKey = {
  // Base58, bech32, cashaddr with its prefix, or the 40 hex digits of a mining key.
  pattern: /^[A-Za-z0-9:]{1,128}$/,
  expected: 'an address or a mining key of 40 hex digits',
};

const rewardRecipients = mapped(
  record(addressKey, number({ min: 0, max: 100, unit: 'percent' })),
  (entries, node, path, report) => {
    const sum = entries.reduce((total, [, percent]) => total + percent, 0);
    // A hair below 100 still leaves the miners nothing.
    if (sum < 100 - 1e-6) return entries.map(([to, percent]) => ({ to, percent }));
    report.unusable(node, path, `adds up to ${sum} percent: it must stay below 100`);
    return undefined;
  },
);

const daemon: Schema<DaemonConfig> = mapped(
  object({
    host: withDefault(host(), '127.0.0.1', 'host of the coin daemon'),
    port: required(port(), 'RPC port of the coin daemon'),
    user: optional(text(), 'rpcuser'),
    password: optional(secret(), 'rpcpassword'),
    cookieFile: optional(
      text({ filled: true }),
      "path of the daemon's .cookie, instead of user and password",
    ),
  }),
  (value, node, path, report) => {
    const { user, password, cookieFile } = value;
    if (cookieFile === undefined) {
      const wanted = 'the daemon is asked with user and password, or with a cookieFile';
      if (user === undefined) report.unusable(node, `${path}.user`, `is missing: ${wanted}`);
      if (password === undefined)
        report.unusable(node, `${path}.password`, `is missing: ${wanted}`);
      if (user === undefined || password === undefined) return undefined;
    }
    return { ...value, user: user ?? '', password: password ?? '' };
  },
);

const noDaemon: DaemonConfig = { host: '127.0.0.1', port: 0, user: '', password: '' };

const paymentProcessing = object({
  enabled: withDefault(boolean(), false, 'pay miners'),
  paymentInterval: withDefault(
    seconds(),
    60,
    'look for matured blocks and due payments this often',
  ),
  minimumPayment: required(decimal('coins'), 'smallest amount that is paid', '0'),
  daemon: required(daemon, 'daemon with the wallet that pays', noDaemon),
  minConfirmations: optional(
    whole({ min: 1, max: 1_000_000 }),
    'confirmations before a block is credited, never less than the coin asks for',
  ),
  scheme: withDefault(
    choice(['PROP', 'PPLNS']),
    'PROP',
    'PROP pays by the shares of the round, PPLNS by the last shares before the block',
  ),
  pplnsWindow: withDefault(
    number({ above: 0, max: 1_000 }),
    2,
    "PPLNS looks back over so many times the network's difficulty",
  ),
});

const p2p = object({
  enabled: withDefault(boolean(), false, 'hear of new blocks from the daemon over p2p'),
  host: withDefault(host(), '127.0.0.1', 'host of the coin daemon'),
  port: required(port(), 'p2p port of the coin daemon', 0),
  disableTransactions: withDefault(boolean(), true, 'ask the daemon not to relay transactions'),
});

const zmq = object({
  enabled: withDefault(boolean(), false, 'hear of new blocks from the daemon over ZMQ'),
  host: withDefault(host(), '127.0.0.1', 'host of the coin daemon'),
  port: required(port(), "port of the daemon's zmqpubhashblock", 0),
});

const mposMode: Schema<MposConfig> = object({
  enabled: withDefault(boolean(), false, 'write shares to the MySQL tables of MPOS'),
  host: withDefault(host(), '127.0.0.1', 'host of MySQL or MariaDB'),
  port: withDefault(port(), 3306, 'port of MySQL or MariaDB'),
  user: required(text({ filled: true }), 'user of the database', ''),
  password: required(secret(), 'password of the database', ''),
  database: required(text({ filled: true }), 'name of the database', ''),
  checkPassword: withDefault(boolean(), false, "a worker's password must match"),
  autoCreateWorker: withDefault(boolean(), false, 'add unknown workers of known accounts'),
  autoCreateAnonymousAccount: retired('is not used any more: anonymous accounts are not made'),
  salt: retired('is not used any more: anonymous accounts are not made'),
});

const banning = object({
  enabled: withDefault(boolean(), false, 'ban IP addresses that send too many invalid shares'),
  time: withDefault(seconds(), 600, 'length of a ban'),
  invalidPercent: withDefault(
    number({ above: 0, max: 100, unit: 'percent' }),
    50,
    'share of invalid shares that leads to a ban',
  ),
  checkThreshold: withDefault(whole({ min: 1 }), 500, 'shares before the first judgement'),
  purgeInterval: withDefault(seconds(), 300, 'forget old bans this often'),
});

// For farms behind one address: 10,000 machines on each fork, and a proxy that bundles thousands of workers on one
// connection stays below 100 lines a second (varDiff aims at a share in seconds for the whole connection; a login a
// worker fits into the burst of ten seconds' worth).
const limits = object({
  connectionsPerIp: withDefault(
    whole({ min: 0 }),
    10_000,
    'open connections of one IP; 0 is no limit',
  ),
  messagesPerSecond: withDefault(
    number({ min: 0 }),
    100,
    'lines a second on one connection, in the mean; 0 is no limit',
  ),
});

const tls = object({
  cert: required(text({ filled: true }), 'path of the certificate (PEM)'),
  key: required(text({ filled: true }), 'path of the private key (PEM)'),
});

const ipRange: Schema<string> = mapped(
  text({ expected: 'an IP address or a CIDR range, as "10.0.0.0/8"' }),
  (value, node, path, report) => {
    if (isIpRange(value)) return value;
    report.unusable(node, path, 'must be an IP address or a CIDR range, as "10.0.0.0/8"');
    return undefined;
  },
);

/** What each pool says for itself: never inherited. */
export const ownFields = {
  enabled: withDefault(boolean(), false, 'run this pool'),
  coin: required(
    text({
      pattern: /^[^/\\\p{Cc}]{1,200}$/u,
      expected: 'the name of a file in coins/, as "litecoin.json"',
    }),
    'file of the coin',
  ),
  auxiliary: withDefault(
    list(text({ filled: true })),
    [],
    'coins of other pools that are mined beside this one (merged mining)',
  ),
};

/** What a pool inherits from `defaultPoolConfigs` where it does not say it itself. */
export const inheritedFields = {
  address: required(
    text({ pattern: addressKey.pattern, expected: 'an address of the coin' }),
    'address that block rewards are paid to',
  ),
  rewardRecipients: withDefault(rewardRecipients, [], 'percent of each block for these addresses'),
  paymentProcessing: withDefault(
    paymentProcessing,
    whenLeftOut(paymentProcessing),
    'payments to miners',
  ),
  ports: required(ports, 'ports that miners connect to'),
  daemons: required(list(daemon, 1), 'coin daemons, each asked and told of each block'),
  p2p: withDefault(p2p, whenLeftOut(p2p), 'news of blocks over p2p'),
  zmq: withDefault(zmq, whenLeftOut(zmq), 'news of blocks over ZMQ'),
  longPoll: withDefault(boolean(), false, 'news of blocks by an open getblocktemplate'),
  mposMode: withDefault(mposMode, whenLeftOut(mposMode), 'MPOS'),
  blockRefreshInterval: withDefault(
    number({ min: 0, max: 2_147_483_647, unit: 'milliseconds' }),
    1000,
    'ask the daemon for news this often; 0 never asks',
  ),
  jobRebroadcastTimeout: withDefault(seconds(), 55, 'new work at least this often'),
  connectionTimeout: withDefault(seconds(), 600, 'drop a miner that sends no share for so long'),
  emitInvalidBlockHashes: withDefault(
    boolean(),
    false,
    'record hashes of shares that are no block',
  ),
  validateWorkerUsername: withDefault(boolean(), true, 'workers must log in with a valid address'),
  tcpProxyProtocol: withDefault(boolean(), false, 'connections begin with a PROXY header'),
  tcpProxyTrusted: withDefault(
    list(ipRange, 1),
    localRanges,
    'proxies whose PROXY header is believed: addresses and CIDR ranges',
  ),
  banning: withDefault(banning, whenLeftOut(banning), 'banning'),
  limits: withDefault(limits, whenLeftOut(limits), 'limits against floods'),
  coinbaseSignature: withDefault(text({ longest: 40 }), '/nodeStratum/', 'text in each coinbase'),
  tls: optional(tls, 'certificate of the ports with "tls": true'),
  redis: optional(redis, 'data of this pool; else the Redis of the portal'),
};

export const poolFields = { ...ownFields, ...inheritedFields };
