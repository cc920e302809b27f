import { createPaymentProcessor, type PaymentProcessor } from '../../libs/payments/processor.ts';
import type { CycleReport } from '../../libs/payments/types.ts';
import { difficulty, millis, systemClock } from '../../libs/primitives/units.ts';
import { addressPart } from '../../libs/primitives/workerName.ts';
import type { RedisConnection } from '../../libs/redis/connection.ts';
import { coinKeys } from '../../libs/redis/keys.ts';
import { fieldsOf } from '../../libs/redis/read.ts';
import { createRedisWriter } from '../../libs/shares/redisWriter.ts';
import { createRounds } from '../../libs/shares/rounds.ts';
import { type Dice, dice } from '../chaos/dice.ts';
import { type AtPoint, type Lot, mortal } from '../chaos/mortal.ts';
import { litecoin } from '../payments/support.ts';
import { logTo } from '../support/memoryLog.ts';
import { type ModelBlock, PoolModel, type Shares } from './poolModel.ts';
import { type StandInBlock, StandInDaemon, scriptOf } from './standInDaemon.ts';

// One random sequence of what can happen to a pool's books, on the real code and a real Redis, compared with the model
// after each event. The coin's daemon is a stand-in.

/** What differs from the model, as a sentence with everything needed to see it again. */
export class Mismatch extends Error {}

const keys = coinKeys('litecoin');
const workers = ['alice.1', 'alice_2', 'bob', 'carol.rig', 'dave', 'nobody'] as const;
const minimumPayment = 1_000_000n;
const orphanDepth = 6;
const maturity = 100;
/** Nothing helps against a chain that turns away from blocks that were mature. */
const deepestTurn = 30;
const coin = 100_000_000n;
const noLog = logTo([]);
const writerId = 'model';
const moneyPoints = [
  ...['creditBlock', 'payIntent', 'payMark', 'sendrawtransaction', 'sendmany', 'paySettle'].flatMap(
    (name) => [`before ${name}`, `after ${name}`],
  ),
  ...['step signed', 'step sending', 'step sent', 'step settled', 'after listsinceblock'],
];

/** Runs sequence `number` of this seed in this (empty) database. Rejects with Mismatch. */
export async function playSequence(
  connection: RedisConnection,
  seed: number,
  number: number,
): Promise<Sequence> {
  const sequence = new Sequence(connection, dice(seed).apart(`sequence ${number}`));
  try {
    await sequence.play();
  } catch (error) {
    const why = error instanceof Mismatch ? error.message : (error as Error).stack;
    throw new Mismatch(
      `seed ${seed}, sequence ${number} after [${sequence.events.join(', ')}]: ${why}`,
    );
  }
  return sequence;
}

/** What the payment process may know of a block that is off the chain: the tip when it was first seen so. */
interface OffChain {
  /** By some run, perhaps one that died before it could write that down. */
  perhaps: number | undefined;
  /** By a run that came to its end, and nothing since can have changed it. */
  surely: number | undefined;
}

type FoundBlock = ModelBlock & StandInBlock;

class Sequence {
  readonly events: string[] = [];
  crashes = 0;
  credited = 0;
  orphaned = 0;
  payments = 0;
  readonly #redis: RedisConnection;
  readonly #throws: Dice;
  readonly #model = new PoolModel();
  readonly #daemon: StandInDaemon;
  readonly #offChain = new Map<string, OffChain>();
  /** Branches that the chain has left. */
  #left: (readonly string[])[] = [];
  /** Anywhere in the life of a pool worker. */
  #shareSequence: number;
  #scheme: 'PROP' | 'PPLNS';
  readonly #times: number;
  readonly #never = new AbortController();

  constructor(redis: RedisConnection, throws: Dice) {
    this.#redis = redis;
    this.#throws = throws;
    this.#daemon = new StandInDaemon(throws.chance(0.6), throws.between(1, 2 ** 30));
    this.#shareSequence = throws.between(0, 1e6);
    this.#scheme = throws.chance(0.5) ? 'PROP' : 'PPLNS';
    this.#times = throws.between(1, 3);
  }

  async play(): Promise<void> {
    const events = {
      share: () => this.#share(),
      block: () => this.#block(false),
      twin: () => this.#block(true),
      refused: () => this.#refusedBlock(),
      orphan: () => this.#orphan(),
      back: () => this.#back(),
      advance: () => this.#advance(this.#throws.between(1, 8)),
      mature: () => this.#advance(maturity + 1),
      refuseSend: () => this.#refuseSend(),
      pay: () => this.#pay(),
      crash: () => this.#crash(),
      crashPaying: () => this.#crashPaying(),
      resolve: () => this.#resolve(),
      scheme: () => this.#changeScheme(),
    };
    await this.#redis.command('SET', keys.spoolSequence(writerId), this.#shareSequence);
    const names = Object.keys(events) as (keyof typeof events)[];
    const frequent = ['share', 'share', 'block', 'pay', 'crash', 'crash'] as const;
    const count = this.#throws.between(6, 20);
    for (let i = 0; i < count; i++) {
      const name = this.#throws.pick([...names, ...frequent]);
      this.events.push(name);
      await events[name]();
      await this.#compare();
    }
    this.events.push('end');
    await this.#end();
  }

  // What happens

  async #share(): Promise<void> {
    const shares = Array.from({ length: this.#throws.between(1, 4) }, () => ({
      worker: this.#throws.pick(workers),
      quarters: this.#throws.between(1, 4_000),
      solo: this.#throws.chance(0.1),
    }));
    const records = shares.map(({ worker, quarters, solo }) => ({
      time: millis(Date.now()),
      worker,
      ip: '127.0.0.1',
      port: 3333,
      jobId: '1',
      height: 1,
      valid: true,
      difficulty: difficulty(quarters / 4),
      shareDiff: quarters,
      blockDiff: difficulty(1),
      ...(solo ? { solo } : {}),
    }));
    const before = this.#shareSequence;
    this.#shareSequence += 1;
    // Whoever resumes a spool applies its last group again.
    const times = this.#throws.chance(0.2) ? 2 : 1;
    for (let i = 0; i < times; i++) {
      const store = createRedisWriter({
        connection: this.#glitchy(0.02),
        keys,
        writerId,
        log: noLog,
        now: systemClock,
        windowSeconds: 600,
        signal: this.#never.signal,
        waiting: () => 0,
      });
      await store.apply(this.#shareSequence, records, before);
    }
    for (const { worker, quarters, solo } of shares) {
      if (!solo) this.#model.share(worker, BigInt(quarters));
    }
  }

  /** A block that pays everybody needs somebody who has mined. */
  async #needShares(): Promise<void> {
    while (!this.#model.hasShares) await this.#share();
  }

  /** The operator writes another scheme into the configuration. */
  async #changeScheme(): Promise<void> {
    this.#scheme = this.#scheme === 'PROP' ? 'PPLNS' : 'PROP';
  }

  async #block(twin: boolean): Promise<void> {
    const solo = this.#throws.chance(0.2) ? this.#throws.pick(workers) : undefined;
    if (solo === undefined) await this.#needShares();
    const reward =
      BigInt(this.#throws.between(1, 50)) * coin + BigInt(this.#throws.between(0, 1e8));
    const waiting = this.#model.waiting.filter(({ height }) => height <= this.#daemon.tip);
    const first = twin && waiting.length > 0 ? this.#throws.pick(waiting) : undefined;
    const block =
      first === undefined
        ? this.#daemon.mine(reward)
        : this.#daemon.mineBeside(first.height, reward);
    const found = this.#found(block, solo);
    await this.#close(found, 'accept');
    this.#model.blockFound(found);
  }

  #found(block: StandInBlock, solo: string | undefined): FoundBlock {
    return { ...block, solo, difficulty: BigInt(this.#throws.between(1, 12_000)) };
  }

  /** All daemons refuse a block, which by then has closed the round. */
  async #refusedBlock(): Promise<void> {
    const solo = this.#throws.chance(0.2) ? this.#throws.pick(workers) : undefined;
    if (solo === undefined) await this.#needShares();
    const { tip } = this.#daemon;
    const heights = this.#model.waiting.map(({ height }) => height);
    const height = this.#throws.pick([tip, tip + 1, ...heights]);
    const found = this.#found(this.#daemon.mineBeside(height, coin), solo);
    await this.#close(found, 'refuse');
    this.#model.blockFound(found);
    this.#model.blockDead(found.hash);
  }

  /** By way of a pool worker that dies in between now and then: its journal has the next one do it again. */
  async #close(block: FoundBlock, end: 'accept' | 'refuse'): Promise<void> {
    const times = this.#throws.chance(0.2) ? 2 : 1;
    for (let i = 0; i < times; i++) {
      const rounds = createRounds({
        connection: this.#glitchy(0.02),
        keys,
        log: noLog,
        now: systemClock,
      });
      await rounds.close({
        height: block.height,
        blockHash: block.hash,
        txHash: block.coinbase,
        finder: block.solo ?? 'bob',
        time: millis(Date.now()),
        reward: block.reward.toString(),
        networkDifficulty: Number(block.difficulty) / 4,
        ...(block.solo === undefined ? {} : { solo: true }),
      });
      if (i < times - 1 && this.#throws.chance(0.5)) continue;
      if (end === 'accept') await rounds.accept(block.hash);
      else await rounds.refuse(block.hash, 'high-hash');
    }
  }

  /** The chain turns away from its last blocks and goes on, with a block of the pool's in it perhaps. */
  async #orphan(): Promise<void> {
    const depth = this.#throws.between(1, Math.min(8, this.#daemon.tip));
    this.#left.push(this.#daemon.turnAway(depth));
    const more = this.#throws.between(0, 10);
    for (let i = 0; i < more; i++) this.#daemon.mine(0n);
  }

  /** A branch that was left is the chain again. */
  async #back(): Promise<void> {
    const branch = this.#left.pop();
    const { tip } = this.#daemon;
    if (branch === undefined || !this.#daemon.canTurnTo(branch, deepestTurn)) return;
    this.#daemon.turnTo(branch);
    const more = Math.max(0, tip - this.#daemon.tip) + this.#throws.between(0, 3);
    for (let i = 0; i < more; i++) this.#daemon.mine(0n);
  }

  async #advance(blocks: number): Promise<void> {
    for (let i = 0; i < blocks; i++) this.#daemon.mine(0n);
  }

  async #refuseSend(): Promise<void> {
    this.#daemon.refuseNext = this.#daemon.canBuild
      ? { method: 'sendrawtransaction', code: -26, message: 'min relay fee not met' }
      : { method: 'sendmany', code: -6, message: 'Insufficient funds' };
  }

  async #pay(): Promise<void> {
    const refuses = this.#daemon.refuseNext !== undefined;
    const report = await this.#run(() => 'live');
    if (report.outcome !== 'done' || report.problem !== undefined) {
      await this.#mayBeStuck(report);
      return;
    }
    await this.#observe(true);
    // After a refusal the largest payees wait for the next run.
    if (!refuses) await this.#allIsDone();
  }

  /** A payment run that ends at any call, dead or only with that call failed. */
  async #crash(): Promise<void> {
    const lot: Lot = this.#throws.chance(0.7) ? 'die' : 'fail';
    let calls = this.#throws.between(1, 90);
    await this.#spoiltRun(() => (--calls === 0 ? lot : 'live'));
  }

  /** The same where money is on its way: a block is found and mature, and its payment is cut off. */
  async #crashPaying(): Promise<void> {
    await this.#block(false);
    await this.#advance(maturity + 1);
    const lot: Lot = this.#throws.chance(0.7) ? 'die' : 'fail';
    const point = this.#throws.pick(moneyPoints);
    let spoilt = false;
    await this.#spoiltRun((here) => {
      if (here !== point || spoilt) return 'live';
      spoilt = true;
      return lot;
    });
  }

  async #spoiltRun(at: AtPoint): Promise<void> {
    let spoilt = false;
    await this.#run(async (point) => {
      const lot = await at(point);
      spoilt ||= lot !== 'live';
      return lot;
    });
    if (spoilt) this.crashes += 1;
    await this.#observe(false);
  }

  /** The only thing that may stop a run for long: a sendmany of which nobody knows whether it was called. */
  async #mayBeStuck({ problem }: CycleReport): Promise<void> {
    await this.#observe(false);
    const batch = await this.#hash(keys.pay('batch'));
    if (/min relay fee|Insufficient funds/.test(problem ?? '')) return;
    if (batch.get('state') !== 'sending') throw new Mismatch(`a run stopped: ${problem}`);
    if (this.#daemon.hasSent(batch.get('comment') ?? '')) {
      throw new Mismatch('a payment that the wallet has is not found');
    }
  }

  /** The operator gives back what was certainly not sent. */
  async #resolve(): Promise<void> {
    const batch = await this.#hash(keys.pay('batch'));
    if (batch.get('state') !== 'sending') return;
    if (this.#daemon.hasSent(batch.get('comment') ?? '')) return;
    const processor = this.#processor(mortal(this.#redis, this.#daemon, () => 'live'));
    const { ok, text } = await processor.resolve({ what: 'unpaid' });
    await processor.stop();
    if (!ok) throw new Mismatch(`the operator is refused: ${text}`);
  }

  async #run(at: AtPoint): Promise<CycleReport> {
    const process = mortal(this.#redis, this.#daemon, at);
    const processor = this.#processor(process);
    this.#lookedAt();
    const report = await processor.runOnce();
    await processor.stop();
    this.credited += report.credited.length;
    this.orphaned += report.orphaned.length;
    this.payments += report.paid.length;
    // Its lease has run out by the time somebody else comes.
    await this.#redis.command('HDEL', keys.pay('lease'), 'owner', 'until');
    return report;
  }

  #processor(parts: ReturnType<typeof mortal>): PaymentProcessor {
    return createPaymentProcessor({
      ...parts,
      coin: litecoin,
      config: {
        enabled: true,
        paymentInterval: 600,
        minimumPayment: '0.01',
        scheme: this.#scheme,
        pplnsWindow: this.#times,
        daemon: { host: 'stand-in', port: 1, user: '', password: '' },
      },
      poolScript: Buffer.from(scriptOf(this.#daemon.poolAddress), 'hex'),
      payee: (worker) => {
        const address = addressPart(worker);
        if (address === 'nobody') return { ok: false, reason: 'it is no address' };
        return { ok: true, address, script: Buffer.from(scriptOf(address), 'hex') };
      },
      keys,
      log: noLog,
      now: systemClock,
    });
  }

  /** A connection on which now and then an answer is lost. */
  #glitchy(part: number): RedisConnection {
    const lots = (): Lot => (this.#throws.chance(part) ? 'fail' : 'live');
    return mortal(this.#redis, this.#daemon, lots).connection;
  }

  // What must be

  /** A run looks at every block that waits: notes what it may find off the chain. */
  #lookedAt(): void {
    const { tip } = this.#daemon;
    for (const block of this.#model.waiting) {
      if (!this.#daemon.isReplaced(block)) continue;
      const seen = this.#offChain.get(block.hash) ?? { perhaps: undefined, surely: undefined };
      this.#offChain.set(block.hash, seen);
      seen.perhaps = seen.perhaps === undefined ? tip : Math.min(seen.perhaps, tip);
      // The count starts anew on a chain that is shorter than before.
      if (seen.surely !== undefined && seen.surely > tip) seen.surely = undefined;
    }
  }

  /** Takes over which blocks have come to their end, and checks that they were allowed to. */
  async #observe(complete: boolean): Promise<void> {
    const confirmed = await this.#members(keys.blocksConfirmed);
    const orphaned = await this.#members(keys.blocksOrphaned);
    const { tip } = this.#daemon;
    for (const block of [...this.#model.waiting].sort((a, b) => a.height - b.height)) {
      const { hash, height } = block;
      const confirmations = this.#daemon.confirmationsOf(hash);
      const seen = this.#offChain.get(hash);
      if (confirmed.has(hash)) {
        if (confirmations <= maturity) {
          throw new Mismatch(`block ${height} was credited with ${confirmations} confirmations`);
        }
        const scheme = this.#scheme === 'PROP' ? 'PROP' : { times: BigInt(this.#times) };
        this.#model.blockMature(hash, scheme);
      } else if (orphaned.has(hash)) {
        const since = seen?.perhaps;
        if (!this.#daemon.isReplaced(block) || since === undefined || tip - since < orphanDepth) {
          throw new Mismatch(`block ${height} was given up at ${tip}, first seen off at ${since}`);
        }
        this.#model.blockDead(hash);
      } else if (complete) {
        if (confirmations > maturity) throw new Mismatch(`block ${height} was not credited`);
        const replaced = this.#daemon.isReplaced(block);
        if (replaced && seen?.surely !== undefined && tip - seen.surely >= orphanDepth) {
          throw new Mismatch(`block ${height} was not given up at ${tip}, off at ${seen.surely}`);
        }
        if (replaced && seen !== undefined) seen.surely ??= tip;
        else if (confirmations > 0) this.#offChain.delete(hash);
      } else if (confirmations > 0 && seen !== undefined) seen.surely = undefined;
    }
  }

  /** Books and model agree, to the satoshi and to the share. */
  async #compare(): Promise<void> {
    const current = quartersOf(await this.#hash(keys.roundCurrent));
    this.#same('the current round', current, this.#model.current);
    for (const [height, shares] of this.#model.rounds) {
      const round = quartersOf(await this.#hash(keys.round(height)));
      this.#same(`the round of ${height}`, round, shares);
    }
    const balances = amountsOf(await this.#hash(keys.balances));
    const payouts = amountsOf(await this.#hash(keys.payouts));
    const inFlight = await this.#inFlight();
    this.#same('what is owed and paid', sumOf(balances, inFlight, payouts), this.#model.credited);

    const sent = this.#daemon.sentTo();
    const settled = byAddress(payouts);
    const most = byAddress(sumOf(payouts, inFlight));
    for (const address of new Set([...sent.keys(), ...most.keys()])) {
      const got = sent.get(address) ?? 0n;
      const least = settled.get(address) ?? 0n;
      if (got !== least && got !== most.get(address)) {
        throw new Mismatch(
          `${address} was sent ${got}, the books say ${least} and in flight ${most.get(address)}`,
        );
      }
    }
  }

  /** After a run that had no trouble nothing is open, and whoever is owed enough is paid. */
  async #allIsDone(): Promise<void> {
    const inFlight = await this.#inFlight();
    if (inFlight.size > 0) throw new Mismatch('a batch is left open');
    const due = byAddress(amountsOf(await this.#hash(keys.balances)));
    for (const [address, amount] of due) {
      if (address !== 'nobody' && amount >= minimumPayment) {
        throw new Mismatch(`${amount} for ${address} were not paid`);
      }
    }
  }

  /** Everything is given time to come to its end. */
  async #end(): Promise<void> {
    for (const blocks of [1, orphanDepth + 1, orphanDepth + 1, maturity + 1]) {
      await this.#advance(blocks);
      await this.#settle();
      await this.#compare();
    }
    if (this.#model.waiting.length > 0) throw new Mismatch('a block waits for ever');
    if ((await this.#members(keys.blocksPending)).size > 0) throw new Mismatch('a pending block');
  }

  async #settle(): Promise<void> {
    await this.#resolve();
    this.#daemon.refuseNext = undefined;
    for (let tries = 0; ; tries++) {
      const report = await this.#run(() => 'live');
      if (report.outcome === 'done' && report.problem === undefined) break;
      await this.#observe(false);
      if (tries > 3) throw new Mismatch(`payments do not go on: ${report.problem}`);
      this.#daemon.mine(0n);
    }
    await this.#observe(true);
    await this.#allIsDone();
  }

  #same(what: string, found: Shares, expected: Shares): void {
    for (const key of new Set([...found.keys(), ...expected.keys()])) {
      const [is, should] = [found.get(key) ?? 0n, expected.get(key) ?? 0n];
      if (is !== should) throw new Mismatch(`${what}: ${key} has ${is}, not ${should}`);
    }
  }

  async #inFlight(): Promise<Map<string, bigint>> {
    const plan = (await this.#hash(keys.pay('batch'))).get('plan');
    const outputs = JSON.parse(plan ?? '[]') as readonly { from: readonly [string, string][] }[];
    return new Map(
      outputs.flatMap(({ from }) => from.map(([worker, amount]) => [worker, BigInt(amount)])),
    );
  }

  async #hash(key: string): Promise<Map<string, string>> {
    return fieldsOf(await this.#redis.command('HGETALL', key));
  }

  /** Block hashes of a set of `blockHash:txHash:height`. */
  async #members(key: string): Promise<Set<string>> {
    const reply = await this.#redis.command('SMEMBERS', key);
    const members = Array.isArray(reply) ? reply : [];
    return new Set(members.map((member) => String(member).split(':')[0] ?? ''));
  }
}

function quartersOf(round: ReadonlyMap<string, string>): Map<string, bigint> {
  return new Map([...round].map(([worker, sum]) => [worker, BigInt(Number(sum) * 4)]));
}

function amountsOf(texts: ReadonlyMap<string, string>): Map<string, bigint> {
  return new Map(
    [...texts].map(([worker, text]) => {
      const [whole = '', fraction = ''] = text.split('.');
      return [worker, BigInt(whole) * coin + BigInt(fraction.padEnd(8, '0'))];
    }),
  );
}

function sumOf(...parts: readonly ReadonlyMap<string, bigint>[]): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const part of parts) {
    for (const [key, amount] of part) sums.set(key, (sums.get(key) ?? 0n) + amount);
  }
  return sums;
}

function byAddress(amounts: ReadonlyMap<string, bigint>): Map<string, bigint> {
  return sumOf(...[...amounts].map(([worker, amount]) => new Map([[addressPart(worker), amount]])));
}

export type { Sequence };
