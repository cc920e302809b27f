// The demonstration's course: shares, blocks, a hundred confirmations, the first payout, and the check of the books.
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../libs/primitives/errors.ts';
import { isRecord, own } from '../../libs/primitives/unknown.ts';
import { foreignAddress, satoshisOf } from '../regtest/litecoin.ts';
import { startTestMiner, type TestMiner } from '../regtest/testMiner.ts';
import { ChainReader, PoolBookReader, type PoolBooks, sum } from './books.ts';
import { disagreements, paidByAddress } from './check.ts';
import { coins } from './coins.ts';
import { difficulty, feePercent, paymentInterval } from './poolFiles.ts';
import { minersWallet, type Stage } from './stage.ts';
import { type Timeline, table } from './timeline.ts';

/**
 * Every second hash of regtest is a block, and the reward halves each 150 blocks: unbounded miners would leave nothing
 * to pay within a second. So each sends one share a second, and only at the start many of them are blocks.
 */
const sharesPerSecond = 1;
const blockPartAtFirst = 0.3;
/** Afterwards three miners find a block in some twenty seconds. */
const blockPartLater = 0.017;
const badShareEvery = 5;

const wantedBlocks = 5;
const wantedShares = 4;
const maturity = 100;
/** A node process is started for each block (blocknotify): a few at a time. */
const blocksAtOnce = 4;
const blocksEvery = 300;
const lookEvery = 200;
const trafficEvery = 1_000;
const settleMillis = 20_000;

export class Story {
  readonly #stage: Stage;
  readonly #timeline: Timeline;
  readonly #signal: AbortSignal;
  readonly #deadline: number;
  readonly #books: PoolBookReader;
  readonly #chain: ChainReader;
  readonly #miners: TestMiner[] = [];
  #traffic: NodeJS.Timeout | undefined;

  constructor(stage: Stage, timeline: Timeline, signal: AbortSignal, deadline: number) {
    this.#stage = stage;
    this.#timeline = timeline;
    this.#signal = signal;
    this.#deadline = deadline;
    this.#books = new PoolBookReader(stage.redis.port);
    // Node B is not the pool's own: it tells what the network has seen.
    this.#chain = new ChainReader(stage.pair.b);
  }

  async stop(): Promise<void> {
    clearInterval(this.#traffic);
    await Promise.all(this.#miners.map((miner) => miner.stop()));
    this.#books.close();
  }

  /** Up to the first payout, confirmed on the chain. */
  async untilPaid(): Promise<void> {
    this.#startTraffic();
    this.#startMiners();
    await this.#waitFor('a miner is let in', () =>
      this.#miners.some(({ authorized }) => authorized),
    );
    this.#timeline.event('The pool is up: miners are authorised and have work');
    await this.#firstShare();
    await this.#firstBlock();
    await this.#waitFor(`${wantedBlocks} blocks and some shares of each miner`, () => {
      this.#status(`${this.#foundBlocks().length} blocks found`);
      return (
        this.#foundBlocks().length >= wantedBlocks &&
        this.#miners.every(({ acknowledged }) => acknowledged.length >= wantedShares)
      );
    });
    for (const miner of this.#miners) miner.setBlockPart(0);
    await this.#booked();
    await this.#mature();
    const txid = await this.#firstPayment();
    await this.#confirm(txid);
  }

  /** All blocks mature, all money sent, then every satoshi compared. Gives what is wrong; nothing if all is right. */
  async check(): Promise<readonly string[]> {
    const { a } = this.#stage.pair;
    clearInterval(this.#traffic);
    let last = Date.now();
    await this.#waitFor('every block is credited and every balance is paid', async () => {
      const books = await this.#books.read();
      this.#status(`${books.pending.length} blocks left to mature and to pay`);
      const mempool = await a.rpc('getrawmempool');
      const idle = Array.isArray(mempool) && mempool.length === 0;
      if (books.pending.length === 0 && !books.paying && books.balances.size === 0 && idle) {
        return true;
      }
      if (Date.now() - last >= blocksEvery) {
        await a.generate(blocksAtOnce);
        last = Date.now();
      }
      return false;
    });
    await Promise.all(this.#miners.map((miner) => miner.stop()));
    return this.#compare();
  }

  /** Mines on until the signal comes. */
  async goOn(): Promise<void> {
    for (const miner of this.#miners) miner.setBlockPart(blockPartLater);
    this.#timeline.event('Mining goes on, about one block in twenty seconds: Ctrl-C ends it');
    try {
      for (let second = 1; ; second++) {
        await sleep(1000, undefined, { signal: this.#signal });
        this.#failIfPoolEnded();
        // Not more: the reward halves each 150 blocks, and this chain is to last for hours.
        if (second % 4 === 0) await this.#stage.pair.b.generate(1);
        await this.#sayHowThingsStand();
      }
    } catch (error) {
      // On a terminal's Ctrl-C Redis ends with us, perhaps in the middle of a question.
      if (!this.#signal.aborted) throw error;
    }
  }

  async #sayHowThingsStand(): Promise<void> {
    const { pending, confirmed, balances, payouts } = await this.#books.read();
    const height = Number(await this.#stage.pair.b.rpc('getblockcount'));
    this.#status(
      `height ${height}, blocks ${pending.length} immature ${confirmed.length} credited, ` +
        `owed ${coins(sum(balances.values()))}, paid ${coins(sum(payouts.values()))}`,
    );
  }

  /** Transactions whose fees make the rewards odd amounts, so that rounding shows. */
  #startTraffic(): void {
    const { b } = this.#stage.pair;
    this.#traffic = setInterval(() => {
      // Refused once too many wait for a block: then there is traffic enough.
      b.rpc('sendtoaddress', [foreignAddress, 0.001], minersWallet).catch(() => undefined);
    }, trafficEvery);
  }

  #startMiners(): void {
    const [first, second] = this.#stage.minerAddresses;
    const common = {
      port: this.#stage.stratumPort,
      algorithm: 'scrypt',
      sharesPerSecond,
      blockPart: blockPartAtFirst,
    } as const;
    // The third is clumsy, but not so much that it would be banned.
    this.#miners.push(
      startTestMiner({ ...common, worker: `${first}.rig1` }),
      startTestMiner({ ...common, worker: `${first}.rig2` }),
      startTestMiner({ ...common, worker: `${second}.rig1`, badShareEvery }),
    );
    this.#timeline.event(
      `Three miners of two addresses start, ${sharesPerSecond} share a second each; every ${badShareEvery}th share of the third is a bad one`,
      this.#miners.map(({ worker }) => worker),
    );
  }

  async #firstShare(): Promise<void> {
    const share = await this.#waitFor('the first share is accepted', () =>
      this.#miners.flatMap(({ acknowledged }) => acknowledged).at(0),
    );
    this.#timeline.event(`First share accepted: difficulty ${share.difficulty} of ${share.worker}`);
    if (share.difficulty !== difficulty) {
      throw new CodedError('DEMO_DIFFICULTY', `The port's difficulty is ${difficulty}.`);
    }
  }

  async #firstBlock(): Promise<void> {
    const found = await this.#waitFor('the first block is on the chain', () => this.#eldest());
    const { coinbases } = await this.#chain.read();
    const reward = sum((coinbases.get(found.hash) ?? []).map(({ value }) => value));
    this.#timeline.good(`First block: height ${found.height}, reward ${coins(reward)}`, [
      found.hash,
    ]);
  }

  /**
   * Our first block on the active chain. Two miners may find one for the same height at once: which of them stays is
   * not settled before the next block.
   */
  async #eldest(): Promise<{ hash: string; height: number; confirmations: number } | undefined> {
    for (const hash of this.#foundBlocks()) {
      const header = await this.#stage.pair.b.rpc('getblockheader', [hash]).catch(() => undefined);
      const confirmations = isRecord(header) ? Number(own(header, 'confirmations')) : 0;
      if (!isRecord(header) || !(confirmations > 0)) continue;
      return { hash, height: Number(own(header, 'height')), confirmations };
    }
    return undefined;
  }

  /** The blocks stand in the pool's own books, waiting for their confirmations. */
  async #booked(): Promise<void> {
    const books = await this.#waitFor('the pool has booked its blocks', async () => {
      const { coinbases } = await this.#chain.read();
      const ours = this.#foundBlocks().filter((hash) => coinbases.has(hash));
      const read = await this.#books.read();
      const booked = new Set(
        [...read.pending, ...read.confirmed].map(({ blockHash }) => blockHash),
      );
      return ours.every((hash) => booked.has(hash)) ? read : undefined;
    });
    this.#timeline.event(
      `${books.pending.length} blocks wait for ${maturity} confirmations: node B mines others on top`,
    );
  }

  async #mature(): Promise<void> {
    const { b } = this.#stage.pair;
    let said = 0;
    await this.#waitFor('the first block is mature', async () => {
      const { height = 0, confirmations = 0 } = (await this.#eldest()) ?? {};
      this.#status(`block ${height}: ${Math.min(confirmations, maturity)}/${maturity} mature`);
      if (confirmations >= said + 25 && said < maturity) {
        said = Math.min(Math.floor(confirmations / 25) * 25, maturity);
        this.#timeline.event(`Block ${height}: ${said}/${maturity} mature`);
      }
      // The wallet spends a coinbase from its 101st confirmation on.
      if (confirmations > maturity) return true;
      await b.generate(blocksAtOnce);
      await sleep(blocksEvery, undefined, { signal: this.#signal });
      return false;
    });
  }

  async #firstPayment(): Promise<string> {
    const { a } = this.#stage.pair;
    this.#timeline.event(`Payments run each ${paymentInterval} s`);
    const sends = await this.#waitFor('the first payout', async () => {
      this.#status('waiting for the first payout');
      const listed = await a.rpc('listtransactions', ['*', 1000]);
      const all = (Array.isArray(listed) ? (listed as unknown[]) : []).filter(isRecord);
      const sent = all.filter((entry) => own(entry, 'category') === 'send');
      return sent.length === 0 ? undefined : sent;
    });
    const txid = String(own(sends[0] ?? {}, 'txid'));
    this.#timeline.good(
      `First payout: transaction ${txid}`,
      table(
        sends
          .filter((entry) => own(entry, 'txid') === txid)
          .map((entry) => [
            String(own(entry, 'address')),
            coins(-satoshisOf(own(entry, 'amount'))),
          ]),
      ),
    );
    return txid;
  }

  async #confirm(txid: string): Promise<void> {
    const { a, b } = this.#stage.pair;
    await a.generate(1);
    const confirmations = await this.#waitFor("the payout is in the miners' wallet", async () => {
      const transaction = await b
        .rpc('gettransaction', [txid], minersWallet)
        .catch(() => undefined);
      const count = isRecord(transaction) ? Number(own(transaction, 'confirmations')) : 0;
      return count > 0 ? count : undefined;
    });
    this.#timeline.good(`The payout is on the chain, ${confirmations} confirmation`);
    await this.#waitFor('the pool has booked the payout', async () => {
      const books = await this.#books.read();
      return books.payouts.size > 0 && !books.paying;
    });
    this.#timeline.plain(['', ...this.#workerTable(await this.#books.read()), '']);
  }

  async #compare(): Promise<readonly string[]> {
    const { poolAddress, feeAddress } = this.#stage;
    const until = Math.min(Date.now() + settleMillis, this.#deadline);
    for (;;) {
      const [pool, chain] = [await this.#books.read(), await this.#chain.read()];
      const wrong = [
        ...disagreements({
          pool,
          chain,
          poolAddress,
          feeAddress,
          acknowledged: this.#miners.reduce((total, miner) => total + miner.acknowledged.length, 0),
          foundBlocks: this.#foundBlocks(),
        }),
        ...this.#wrongAnswers(),
        ...(this.#stage.heardBlockNotify()
          ? []
          : ['The pool was never told of a block by blocknotify.']),
      ];
      // The pool writes shares to Redis a moment after it answered for them.
      if (wrong.length > 0 && Date.now() < until) {
        await sleep(lookEvery, undefined, { signal: this.#signal });
        continue;
      }
      this.#timeline.plain(['', ...this.#workerTable(pool), '']);
      if (wrong.length === 0)
        this.#timeline.good('The books agree with the chain:', this.#proof(pool));
      return wrong;
    }
  }

  #proof(pool: PoolBooks): string[] {
    const paid = paidByAddress(pool.payouts);
    const owed = sum(pool.balances.values());
    const total = sum(pool.payouts.values());
    return [
      ...[...paid].map(([address, amount]) => `${address} received ${coins(amount)}, as booked`),
      `${pool.confirmed.length} blocks credited ${coins(owed + total)} = ${coins(owed)} owed + ${coins(total)} paid`,
      'node A tells the pool of new blocks: blocknotify, scripts/cli.js',
      `every coinbase pays its recipient ${feePercent} %, rounded down`,
      `every acknowledged share is counted: ${pool.validShares}`,
    ];
  }

  /** Honest shares may only be late (21), bad ones must be refused. */
  #wrongAnswers(): string[] {
    return this.#miners.flatMap(({ worker, wronged, smuggled }) => [
      ...wronged
        .filter(({ reason }) => !/job not found|stale/i.test(reason))
        .map(({ reason }) => `An honest share of ${worker} was refused: ${reason}.`),
      ...smuggled.map(({ bad }) => `A bad share (${bad}) of ${worker} was accepted.`),
    ]);
  }

  #workerTable(books: PoolBooks): string[] {
    return table([
      ['worker', 'shares', 'refused', 'owed', 'paid'],
      ...this.#miners.map(({ worker, acknowledged, rejected }) => [
        worker,
        String(acknowledged.length),
        String([...rejected.values()].reduce((total, count) => total + count, 0)),
        coins(books.balances.get(worker) ?? 0n),
        coins(books.payouts.get(worker) ?? 0n),
      ]),
    ]);
  }

  #foundBlocks(): string[] {
    return this.#miners
      .flatMap(({ acknowledged }) => acknowledged)
      .sort((left, right) => left.answeredAt - right.answeredAt)
      .map(({ blockHash }) => blockHash)
      .filter((hash) => hash !== undefined);
  }

  #status(text: string): void {
    const accepted = this.#miners.reduce((total, miner) => total + miner.acknowledged.length, 0);
    this.#timeline.status(`${accepted} shares; ${text}`);
  }

  async #waitFor<T>(
    what: string,
    probe: () => T | undefined | false | Promise<T | undefined | false>,
  ): Promise<T> {
    for (;;) {
      this.#signal.throwIfAborted();
      this.#failIfPoolEnded();
      const found = await probe();
      if (found !== undefined && found !== false) return found;
      if (Date.now() > this.#deadline) {
        throw new CodedError('DEMO_TIMEOUT', `The time is up. It did not happen: ${what}.`);
      }
      await sleep(lookEvery, undefined, { signal: this.#signal });
    }
  }

  #failIfPoolEnded(): void {
    const { ending } = this.#stage.pool;
    if (ending !== undefined && !this.#signal.aborted) {
      throw new CodedError('DEMO_POOL_ENDED', `The portal ended with ${ending}.`);
    }
  }
}
