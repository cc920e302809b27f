import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { PaymentConfig } from '../../libs/config/types.ts';
import { createDaemonClient } from '../../libs/daemon/rpcClient.ts';
import { type DaemonClient, DaemonError } from '../../libs/daemon/types.ts';
import { createPaymentProcessor, type PaymentProcessor } from '../../libs/payments/processor.ts';
import type { FailPoint, Step } from '../../libs/payments/run.ts';
import type { CycleReport, Payee, PayeeLookup, PaymentEvent } from '../../libs/payments/types.ts';
import { systemClock } from '../../libs/primitives/units.ts';
import { isRecord, own } from '../../libs/primitives/unknown.ts';
import { addressPart } from '../../libs/primitives/workerName.ts';
import type { RedisConnection } from '../../libs/redis/connection.ts';
import { RedisError } from '../../libs/redis/errors.ts';
import { coinKeys } from '../../libs/redis/keys.ts';
import {
  type LitecoinPair,
  sameTip,
  satoshisOf,
  startLitecoinPair,
} from '../../scripts/regtest/litecoin.ts';
import { withCall } from '../support/daemonClient.ts';
import { logTo } from '../support/memoryLog.ts';
import { until } from '../support/until.ts';
import { type FaultyProxy, startFaultyProxy } from './faultyProxy.ts';
import { litecoin, openTestRedis, type TestRedis } from './support.ts';

// A real litecoind for the tests of payments: node A has the pool's wallet, node B the miners' one, which bears witness
// of what they got. A Redis and a proxy that spoils answers stand beside it.

export const keys = coinKeys('litecoin');
/** So short that a process that is gone is replaced within a moment. */
const leaseMillis = 150;

export interface Setup {
  readonly failPoint?: FailPoint;
  readonly client?: DaemonClient;
  readonly connection?: RedisConnection;
  readonly minimumPayment?: string;
  readonly payee?: PayeeLookup;
  readonly lines?: string[];
  readonly events?: PaymentEvent[];
  readonly paymentInterval?: number;
  readonly dataDir?: string;
  readonly config?: Partial<PaymentConfig>;
}

export class Ground {
  readonly pair: LitecoinPair;
  readonly redis: TestRedis;
  readonly proxy: FaultyProxy;
  readonly poolAddress: string;
  readonly #poolScript: Buffer;
  readonly #folder = mkdtempSync(join(tmpdir(), 'payments-'));
  #tests = 0;

  private constructor(
    pair: LitecoinPair,
    redis: TestRedis,
    proxy: FaultyProxy,
    poolAddress: string,
    poolScript: Buffer,
  ) {
    this.pair = pair;
    this.redis = redis;
    this.proxy = proxy;
    this.poolAddress = poolAddress;
    this.#poolScript = poolScript;
  }

  static async open(): Promise<Ground> {
    const [pair, redis] = await Promise.all([
      startLitecoinPair({ mweb: 'never' }),
      openTestRedis(),
    ]);
    const { a, b } = pair;
    await b.rpc('createwallet', ['miners']);
    const poolAddress = String(await a.rpc('getnewaddress'));
    const facts = await a.rpc('getaddressinfo', [poolAddress]);
    const script = isRecord(facts) ? own(facts, 'scriptPubKey') : undefined;
    // Coins of the pool's own, from which fees and the payments without a block are paid. To other addresses: a block
    // that pays the pool's own, and that nobody knows of, would be reported.
    await a.generate(20, String(await a.rpc('getnewaddress')));
    await a.generate(100);
    const { rpcPort: port, user, password } = a;
    const proxy = await startFaultyProxy({ host: '127.0.0.1', port, user, password });
    return new Ground(pair, redis, proxy, poolAddress, Buffer.from(String(script), 'hex'));
  }

  async close(): Promise<void> {
    await this.proxy.close();
    await Promise.all([this.pair.stop(), this.redis.close()]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** data/ of the test under way: all its processes share it. */
  get dataDir(): string {
    return join(this.#folder, String(this.#tests));
  }

  /** As it was before the first test. */
  async clear(): Promise<void> {
    await this.redis.clear();
    this.#tests += 1;
    this.proxy.fault = undefined;
    this.proxy.methods.length = 0;
  }

  async minerAddress(kind = 'bech32'): Promise<string> {
    return String(await this.pair.b.rpc('getnewaddress', ['', kind]));
  }

  /** What the miner has got on the chain, after a block with everything that waits in the pool's mempool. */
  async received(...addresses: string[]): Promise<bigint[]> {
    const { a, b } = this.pair;
    await a.generate(1);
    await sameTip(a, b);
    return Promise.all(
      addresses.map(async (address) =>
        satoshisOf(await b.rpc('getreceivedbyaddress', [address, 1])),
      ),
    );
  }

  async payee(worker: string): Promise<Payee> {
    const address = addressPart(worker);
    const facts = await this.pair.a.rpc('validateaddress', [address]);
    const script = isRecord(facts) ? own(facts, 'scriptPubKey') : undefined;
    if (typeof script !== 'string') return { ok: false, reason: 'it is no address' };
    return { ok: true, address, script: Buffer.from(script, 'hex') };
  }

  processorFor(t: TestContext, setup: Setup = {}): PaymentProcessor {
    const { lines = [], events = [], minimumPayment = '0.01', failPoint } = setup;
    const client = setup.client ?? createDaemonClient(this.proxy.config);
    const processor = createPaymentProcessor({
      coin: litecoin,
      config: {
        enabled: true,
        paymentInterval: setup.paymentInterval ?? 600,
        minimumPayment,
        daemon: this.proxy.config,
        ...setup.config,
      },
      poolScript: this.#poolScript,
      payee: setup.payee ?? ((worker) => this.payee(worker)),
      client,
      connection: setup.connection ?? this.redis.connection,
      keys,
      log: logTo(lines),
      now: systemClock,
      leaseMillis,
      onEvent: (event) => events.push(event),
      ...(failPoint === undefined ? {} : { failPoint }),
      dataDir: setup.dataDir ?? this.dataDir,
    });
    t.after(async () => {
      await processor.stop();
      client.close();
    });
    return processor;
  }

  /** A block of the pool, as the pool leaves it behind when a daemon has taken it. */
  async findBlock(round: Record<string, string>, facts: Record<string, string> = {}) {
    const { redis } = this;
    const [hash = ''] = await this.pair.a.generate(1, this.poolAddress);
    const block = await this.pair.a.rpc('getblock', [hash, 2]);
    assert.ok(isRecord(block));
    const txs = own(block, 'tx');
    const coinbase: unknown = Array.isArray(txs) ? txs[0] : undefined;
    assert.ok(isRecord(coinbase));
    const height = Number(own(block, 'height'));
    const outputs = own(coinbase, 'vout');
    const [first]: unknown[] = Array.isArray(outputs) ? outputs : [];
    assert.ok(isRecord(first));
    const member = `${hash}:${String(own(coinbase, 'txid'))}:${height}`;
    await redis.command('SADD', keys.blocksPending, member);
    const all = { state: 'accepted', height: String(height), ...facts };
    await redis.command('HSET', keys.block(hash), ...Object.entries(all).flat());
    if (facts['solo'] === undefined) await redis.command('SADD', keys.roundBlocks(height), hash);
    for (const [worker, sum] of Object.entries(round)) {
      await redis.command('HSET', keys.round(height), worker, sum);
    }
    return { hash, height, member, reward: satoshisOf(own(first, 'value')) };
  }

  /** Balances that an older pool left behind: the books know that they came in. */
  async owe(...pairs: string[]): Promise<void> {
    const { redis } = this;
    await redis.command('HSET', keys.balances, ...pairs);
    if ((await redis.hash(keys.pay('totals')))['takenOver'] === undefined) return;
    const coins = pairs.filter((_, index) => index % 2 === 1);
    const sum = coins.reduce((total, text) => total + satoshisOf(Number(text)), 0n);
    await redis.command('HINCRBY', keys.pay('totals'), 'takenOver', sum.toString());
  }

  /** The connection and the client of a process that can be killed. */
  mortal() {
    let dead = false;
    const { connection } = this.redis;
    const client = createDaemonClient(this.proxy.config);
    const gone = () =>
      new RedisError('REDIS_DOWN', 'killed', { trouble: 'transient', mayHaveRun: false });
    return {
      kill: () => {
        dead = true;
      },
      connection: {
        ...connection,
        ready: true,
        command: async (...words) => {
          if (dead) throw gone();
          return connection.command(...words);
        },
        send: async (...words) => {
          if (dead) throw gone();
          return connection.send(...words);
        },
      } satisfies RedisConnection,
      client: withCall(client, async (method, ...rest) => {
        if (dead) {
          throw new DaemonError('unreachable', 'killed', { daemon: client.name, method });
        }
        return client.call(method, ...rest);
      }),
    };
  }

  /** A process that dies right after the step. */
  dyingAt(t: TestContext, step: Step, setup: Setup = {}): PaymentProcessor {
    const { kill, connection, client } = this.mortal();
    return this.processorFor(t, {
      ...setup,
      connection,
      client,
      failPoint: (name) => {
        if (name !== step) return;
        kill();
        throw new Error(`killed at ${step}`);
      },
    });
  }
}

/** Runs once, as soon as a process that is gone has lost its lease. */
export const run = (processor: PaymentProcessor): Promise<CycleReport> =>
  until('the lease is free', async () => {
    const report = await processor.runOnce();
    return report.outcome === 'standby' ? undefined : report;
  });

/** A run that takes in what is owed and pays nobody: the next one will. */
export async function creditOnly(processor: PaymentProcessor): Promise<void> {
  await processor.pause('not yet');
  await processor.runOnce();
  await processor.resume();
}
