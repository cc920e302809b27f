import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDaemonClient } from '../../libs/daemon/rpcClient.ts';
import type { DaemonClient } from '../../libs/daemon/types.ts';
import { createPaymentProcessor, type PaymentProcessor } from '../../libs/payments/processor.ts';
import type { FailPoint } from '../../libs/payments/run.ts';
import type { Payee } from '../../libs/payments/types.ts';
import { millis, systemClock } from '../../libs/primitives/units.ts';
import { isRecord, own } from '../../libs/primitives/unknown.ts';
import type { RedisConnection } from '../../libs/redis/connection.ts';
import { coinKeys } from '../../libs/redis/keys.ts';
import { createRounds, type RedisRounds } from '../../libs/shares/rounds.ts';
import {
  type LitecoinPair,
  sameTip,
  satoshisOf,
  startLitecoinPair,
} from '../../scripts/regtest/litecoin.ts';
import type { RedisServerOptions } from '../../scripts/regtest/redisServer.ts';
import { litecoin, openTestRedis, type TestRedis } from '../payments/support.ts';
import type { ChainBlock } from '../support/chain.ts';
import { logTo } from '../support/memoryLog.ts';
import { type FoundOnChain, memberOf, plainFinding, type Round } from './foundBlock.ts';
import { MoneyOracle, type OracleScheme, pplnsWindow } from './moneyOracle.ts';

// The ground on which payments are tried: a real litecoind whose node A has the pool's wallet and whose node B has the
// miners' one, a real Redis, blocks of the pool that are mature already, and the oracle that watches them.

export const keys = coinKeys('litecoin');

/** So short that a process that is gone is replaced within a moment. */
export const leaseMillis = 60;

/** Later halvings leave too little in a block. */
const largestSupply = 440;
const maturity = 100;

export class PayGround {
  readonly pair: LitecoinPair;
  readonly redis: TestRedis;
  readonly oracle: MoneyOracle;
  readonly poolAddress: string;
  readonly poolScript: Buffer;
  /** worker -> payee; names that are missing here are nobody's. */
  readonly payees: ReadonlyMap<string, Payee>;
  readonly workers: readonly string[];
  /** Of the machine on which the payment processes run. */
  dataDir = newFolder();
  /** Of the payers that are made from now on, and what the oracle takes for right. */
  scheme: OracleScheme = 'PROP';
  readonly #rounds: RedisRounds;
  #nextBlock = 0;
  #ready: readonly string[] = [];

  private constructor(
    pair: LitecoinPair,
    redis: TestRedis,
    pool: { address: string; script: Buffer },
    payees: ReadonlyMap<string, Payee>,
  ) {
    this.pair = pair;
    this.redis = redis;
    this.poolAddress = pool.address;
    this.poolScript = pool.script;
    this.payees = payees;
    this.workers = [...payees.keys(), 'nobody'];
    this.oracle = new MoneyOracle({
      redis,
      keys,
      witness: pair.b,
      wallet: pair.a,
      scheme: () => this.scheme,
      addressOf: (worker) => {
        const payee = payees.get(worker) ?? payees.get(worker.replace(/\.old\d+$/, '.1'));
        return payee?.ok ? payee.address : undefined;
      },
    });
    const { connection } = redis;
    this.#rounds = createRounds({ connection, keys, log: logTo([]), now: systemClock });
  }

  /** `supply`: mature blocks of the pool that lie ready to be found. */
  static async open(
    supply = largestSupply,
    redisOptions: RedisServerOptions = {},
  ): Promise<PayGround> {
    const [pair, redis] = await Promise.all([
      startLitecoinPair({ mweb: 'never' }),
      openTestRedis(redisOptions),
    ]);
    const { a, b } = pair;
    await b.rpc('createwallet', ['miners']);
    const address = String(await a.rpc('getnewaddress'));
    const script = await scriptOf(pair, address);
    const payees = new Map<string, Payee>();
    const payTo = async (kind: string, ...names: string[]) => {
      const to = String(await b.rpc('getnewaddress', ['', kind]));
      const payee: Payee = { ok: true, address: to, script: await scriptOf(pair, to) };
      for (const name of names) payees.set(`${to}${name}`, payee);
    };
    await payTo('legacy', '.1', '_2', '.x3');
    await payTo('bech32', '');
    await payTo('p2sh-segwit', '.rig');
    const ground = new PayGround(pair, redis, { address, script }, payees);
    ground.#ready = await a.generate(supply, address);
    await a.generate(maturity);
    await sameTip(a, b);
    return ground;
  }

  get blocksLeft(): number {
    return this.#ready.length - this.#nextBlock;
  }

  /** A client of node A, the wallet's daemon, by way of `port` when something stands in between. */
  client(port = this.pair.a.rpcPort): DaemonClient {
    const { user, password } = this.pair.a;
    return createDaemonClient({ host: '127.0.0.1', port, user, password });
  }

  payer(parts: {
    readonly connection: RedisConnection;
    readonly client: DaemonClient;
    readonly failPoint?: FailPoint;
    readonly lines?: string[];
  }): PaymentProcessor {
    const { lines = [], ...rest } = parts;
    const { rpcPort: port, user, password } = this.pair.a;
    return createPaymentProcessor({
      ...rest,
      coin: litecoin,
      config: {
        enabled: true,
        paymentInterval: 600,
        minimumPayment: '0.01',
        scheme: this.scheme,
        pplnsWindow,
        daemon: { host: '127.0.0.1', port, user, password },
      },
      poolScript: this.poolScript,
      payee: (worker) => this.payeeOf(worker),
      keys,
      log: logTo(lines),
      now: systemClock,
      leaseMillis,
      dataDir: this.dataDir,
    });
  }

  /** The books of a pool that has paid nothing yet, on the same chain. */
  async freshBooks(): Promise<void> {
    await this.redis.clear();
    rmSync(this.dataDir, { recursive: true });
    this.dataDir = newFolder();
    await this.oracle.begin();
  }

  payeeOf(worker: string): Payee {
    const name = worker.replace(/\.old\d+$/, '.1');
    return this.payees.get(name) ?? { ok: false, reason: 'it is no address' };
  }

  /** Shares stand in the current round, as a pool worker records them. */
  async mine(shares: Round): Promise<void> {
    for (const [worker, quarters] of shares) {
      await this.redis.command('HINCRBYFLOAT', keys.roundCurrent, worker, quarters / 4);
    }
    this.oracle.shares(shares);
  }

  /** The next of the mature blocks is found: its round is closed, and it waits to be credited. */
  async findMature(finding = plainFinding): Promise<FoundOnChain> {
    const hash = this.#ready[this.#nextBlock++];
    if (hash === undefined) throw new RangeError('All blocks of this ground are used up.');
    const block = await this.lookUp(hash);
    await this.found(block, finding);
    return block;
  }

  /** A mature block that an older pool left pending without its round. */
  async leaveWithoutRound(): Promise<FoundOnChain> {
    const hash = this.#ready[this.#nextBlock++];
    if (hash === undefined) throw new RangeError('All blocks of this ground are used up.');
    const block = await this.lookUp(hash);
    await this.redis.command('SADD', keys.blocksPending, memberOf(block));
    this.oracle.found(block, new Map());
    return block;
  }

  /** Gives that block the round that it lacks. */
  async putRoundBack(block: FoundOnChain, round: Round): Promise<void> {
    for (const [worker, quarters] of round) {
      await this.redis.command('HSET', keys.round(block.height), worker, String(quarters / 4));
    }
    this.oracle.found(block, round);
  }

  /** What the pool does with a block that a daemon has taken. */
  async found(block: FoundOnChain, finding = plainFinding): Promise<'closed' | 'already' | 'twin'> {
    const outcome = await this.#rounds.close({
      height: block.height,
      blockHash: block.hash,
      txHash: block.txHash,
      finder: finding.solo ?? this.workers[0] ?? '',
      time: millis(Date.now()),
      reward: block.reward.toString(),
      networkDifficulty: finding.difficulty / 4,
      ...(finding.solo === undefined ? {} : { solo: true }),
    });
    await this.#rounds.accept(block.hash);
    this.oracle.closed(block, finding);
    return outcome;
  }

  /** What a node tells of a block of the pool. */
  async lookUp(hash: string, node = this.pair.a): Promise<FoundOnChain> {
    const block = (await node.rpc('getblock', [hash, 2])) as ChainBlock;
    const [coinbase] = block.tx;
    if (coinbase === undefined) throw new TypeError(`Block ${hash} has no coinbase.`);
    const own = this.poolScript.toString('hex');
    const reward = coinbase.vout
      .filter(({ scriptPubKey }) => hexOf(scriptPubKey) === own)
      .reduce((sum, { value }) => sum + satoshisOf(value), 0n);
    return { hash, txHash: coinbase.txid, height: block.height, reward };
  }

  /** Puts what waits in the pool's mempool into a block that both nodes have. */
  async confirm(): Promise<void> {
    await this.pair.a.generate(1);
    await sameTip(this.pair.a, this.pair.b);
  }

  async close(): Promise<void> {
    await Promise.all([this.pair.stop(), this.redis.close()]);
    rmSync(this.dataDir, { recursive: true });
  }
}

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'payments-'));
}

async function scriptOf({ a }: LitecoinPair, address: string): Promise<Buffer> {
  const facts = await a.rpc('validateaddress', [address]);
  const script = isRecord(facts) ? own(facts, 'scriptPubKey') : undefined;
  return Buffer.from(String(script), 'hex');
}

function hexOf(scriptPubKey: unknown): unknown {
  return isRecord(scriptPubKey) ? own(scriptPubKey, 'hex') : undefined;
}
