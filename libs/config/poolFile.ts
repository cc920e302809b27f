import { parseCoins } from '../primitives/money.ts';
import type { CoinShelf } from './coins.ts';
import type { Member, ObjectNode } from './jsonFile.ts';
import { inheritedFields, ownFields, poolFields } from './poolSchema.ts';
import { type ConfigProblem, type Place, Report, shown } from './problems.ts';
import { settlePorts } from './rentalPorts.ts';
import { allThere, readField, warnOfUnknownKeys } from './schema.ts';
import type { Field } from './schemaBase.ts';
import type { CoinConfig, PoolConfig, PortConfig, RedisConfig } from './types.ts';

// One file of pool_configs/: which of its fields it says itself, which it inherits, and what it comes to.

/** An enabled pool, sound or not: its facts are compared with those of the others. */
export interface PoolDraft {
  readonly file: string;
  readonly report: Report;
  /** Undefined while something is wrong with it. */
  readonly config: PoolConfig | undefined;
  readonly coin:
    | { readonly place: Place; readonly file: string; readonly coin?: CoinConfig }
    | undefined;
  /** Port numbers as the file has them, and where. */
  readonly ports: readonly { readonly port: string; readonly place: Place }[];
  /** Whether the pool says or inherits any. */
  readonly hasPorts: boolean;
  complainOfPorts(): void;
  /** Names of coins as the file has them, and where. */
  readonly auxiliary: readonly { readonly name: string; readonly place: Place }[];
}

export interface Inheritance {
  /** The members of `defaultPoolConfigs`. */
  readonly defaults: ReadonlyMap<string, Member>;
  readonly redis: RedisConfig;
}

/** Whether the file is a pool to run; a reason why not goes to the report. */
export function isEnabled(root: ObjectNode, report: Report): boolean {
  const enabled = root.members.get('enabled');
  if (enabled === undefined) {
    report.warning(
      root,
      'enabled',
      'is missing: this file is no pool until it says "enabled": true',
    );
    return false;
  }
  return ownFields.enabled.schema.read(enabled.node, 'enabled', report) === true;
}

export function readPool(
  file: string,
  root: ObjectNode,
  inheritance: Inheritance,
  coins: CoinShelf,
  problems: ConfigProblem[],
): PoolDraft {
  const report = new Report(problems);
  warnOfUnknownKeys(root, '', poolFields, report);
  const { members } = root;

  /** The pool's own value, or else the inherited one, whose problems were told in config.json. */
  const take = <T>(name: keyof typeof inheritedFields, field: Field<T>): T | undefined => {
    const own = members.get(name);
    const inherited = own === undefined ? inheritance.defaults.get(name) : undefined;
    const into = inherited === undefined ? report : new Report([]);
    const read = readField(field, own ?? inherited, { at: root, path: name, off: false }, into);
    return read.sound ? read.value : undefined;
  };

  const coin = readCoin(root, coins, report);
  const portsMember = members.get('ports') ?? inheritance.defaults.get('ports');
  const fields = {
    address: take('address', inheritedFields.address),
    rewardRecipients: take('rewardRecipients', inheritedFields.rewardRecipients),
    paymentProcessing: take('paymentProcessing', inheritedFields.paymentProcessing),
    // Whether they may be missing is seen when the other pools are known.
    ports: portsMember === undefined ? [] : take('ports', inheritedFields.ports),
    daemons: take('daemons', inheritedFields.daemons),
    p2p: take('p2p', inheritedFields.p2p),
    zmq: take('zmq', inheritedFields.zmq),
    longPoll: take('longPoll', inheritedFields.longPoll),
    mposMode: take('mposMode', inheritedFields.mposMode),
    blockRefreshInterval: take('blockRefreshInterval', inheritedFields.blockRefreshInterval),
    jobRebroadcastTimeout: take('jobRebroadcastTimeout', inheritedFields.jobRebroadcastTimeout),
    connectionTimeout: take('connectionTimeout', inheritedFields.connectionTimeout),
    emitInvalidBlockHashes: take('emitInvalidBlockHashes', inheritedFields.emitInvalidBlockHashes),
    validateWorkerUsername: take('validateWorkerUsername', inheritedFields.validateWorkerUsername),
    tcpProxyProtocol: take('tcpProxyProtocol', inheritedFields.tcpProxyProtocol),
    tcpProxyTrusted: take('tcpProxyTrusted', inheritedFields.tcpProxyTrusted),
    banning: take('banning', inheritedFields.banning),
    limits: take('limits', inheritedFields.limits),
    coinbaseSignature: take('coinbaseSignature', inheritedFields.coinbaseSignature),
    redis: take('redis', inheritedFields.redis) ?? inheritance.redis,
  };
  const tls = take('tls', inheritedFields.tls);
  const draft = {
    file,
    report,
    coin,
    hasPorts: portsMember !== undefined,
    complainOfPorts: () => void take('ports', inheritedFields.ports),
    auxiliary: readAuxiliary(root, report),
    ports:
      portsMember?.node.kind === 'object'
        ? [...portsMember.node.members].map(([port, { key }]) => ({ port, place: key }))
        : [],
  };
  if (fields.ports !== undefined && tls === undefined) askForTls(fields.ports, root, report);
  if (coin?.coin !== undefined && fields.paymentProcessing !== undefined) {
    checkDecimals(fields.paymentProcessing.minimumPayment, coin.coin, root, report);
  }
  const where = { place: portsMember?.key ?? root, path: 'ports' };
  const ports =
    fields.ports !== undefined && coin?.coin !== undefined
      ? settlePorts(fields.ports, coin.coin.algorithm, where, report)
      : undefined;
  const whole = allThere({ ...fields, ports });
  if (whole === undefined || coin?.coin === undefined) return { ...draft, config: undefined };
  const config = { file, coin: coin.coin, ...whole, ...(tls === undefined ? {} : { tls }) };
  return { ...draft, config };
}

function readAuxiliary(root: ObjectNode, report: Report): PoolDraft['auxiliary'] {
  const member = root.members.get('auxiliary');
  const place = { at: root, path: 'auxiliary', off: false };
  const read = readField(ownFields.auxiliary, member, place, report);
  const items = member?.node.kind === 'list' ? member.node.items : [];
  const names = read.sound ? (read.value ?? []) : [];
  return names.map((name, at) => ({ name, place: items[at] ?? root }));
}

function readCoin(root: ObjectNode, coins: CoinShelf, report: Report): PoolDraft['coin'] {
  const member = root.members.get('coin');
  const read = readField(ownFields.coin, member, { at: root, path: 'coin', off: false }, report);
  if (member === undefined || !read.sound || read.value === undefined) return undefined;
  const place = member.node;
  const answer = coins.get(read.value);
  const said = { place, file: read.value };
  if (answer.kind === 'coin') return { ...said, coin: answer.coin };
  const name = `"${shown(read.value)}"`;
  const message =
    answer.kind === 'missing'
      ? `there is no file ${name} in coins/${coins.suggest(read.value)}`
      : `the coin file ${name} cannot be used, see its own errors`;
  report.error(place, 'coin', message);
  return said;
}

function askForTls(
  ports: readonly Pick<PortConfig, 'port' | 'tls'>[],
  root: ObjectNode,
  report: Report,
): void {
  for (const { port } of ports.filter(({ tls }) => tls)) {
    const place = root.members.get('ports')?.key ?? root;
    const message =
      'needs the certificate of the pool: add "tls": {"cert": …, "key": …} to the pool';
    report.error(place, `ports.${port}.tls`, message);
  }
}

function checkDecimals(
  minimumPayment: string,
  coin: CoinConfig,
  root: ObjectNode,
  report: Report,
): void {
  if (parseCoins(minimumPayment, coin.decimals) !== undefined) return;
  const place = root.members.get('paymentProcessing')?.key ?? root;
  const message = `has more than the ${coin.decimals} decimals of ${coin.displayName}`;
  report.error(place, 'paymentProcessing.minimumPayment', message);
}
