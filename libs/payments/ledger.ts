import { randomBytes } from 'node:crypto';
import { CodedError } from '../primitives/errors.ts';
import { formatCoins, parseCoinsFloor } from '../primitives/money.ts';
import { type Clock, type Millis, type Satoshis, satoshis } from '../primitives/units.ts';
import type { RedisConnection } from '../redis/connection.ts';
import { RedisError } from '../redis/errors.ts';
import type { CoinKeys } from '../redis/keys.ts';
import { readHash, readSet } from '../redis/read.ts';
import { loadScript, oneOf } from '../redis/scripts.ts';
import { type OpenBatch, partsOf, readSatoshis, totalOf, writePlan, writeTx } from './batch.ts';
import { type Balances, planTakeOver, readBalances, type TakenBalance } from './books.ts';
import type { Lease } from './lease.ts';
import { type PendingBlock, parsePending } from './maturity.ts';
import { findPayment, withFee } from './paymentRecord.ts';
import type { PlannedOutput } from './payoutPlan.ts';
import {
  pplns,
  type Recipient,
  RewardError,
  type Scheme,
  soloReward,
  withRecipients,
} from './rewards.ts';
import { openBatchOf, readTotal } from './snapshot.ts';
import type { SignedTx, ToldFee } from './wallet.ts';

// The only writer of balances. Each method is one script: it happens as a whole or not at all, and doing it again does
// nothing more. Amounts are computed here and compared and set there, as texts.

/**
 * LEDGER_BUSY: somebody else writes these keys all the time. LEDGER_FORGOTTEN: Redis has crashed and lost its last
 * moments.
 */
export class LedgerError extends CodedError {}

export interface LedgerOptions {
  readonly connection: RedisConnection;
  readonly keys: CoinKeys;
  readonly lease: Lease;
  readonly decimals: number;
  readonly now: Clock;
  /** Who gets part of a block that was mined beside another chain. */
  readonly recipients?: readonly Recipient[];
}

export type CreditOutcome =
  | { readonly kind: 'credited'; readonly workers: number }
  /** It is not pending any more. */
  | { readonly kind: 'already' }
  | Hold;

/** Its reward cannot be shared out. */
interface Hold {
  readonly kind: 'hold';
  readonly reason: string;
}

interface Split {
  readonly kind: 'split';
  /** Of the block's own round, as they stand. */
  readonly shares: ReadonlyMap<string, string>;
  readonly parts: ReadonlyMap<string, Satoshis>;
}

interface BlockFacts {
  readonly solo: boolean;
  /** Mined beside another chain: its coinbase paid the pool alone. */
  readonly merged: boolean;
  readonly finder: string | undefined;
  readonly networkDifficulty: number | undefined;
  /** As its template promised it. */
  readonly reward: Satoshis | undefined;
}

export type OrphanOutcome =
  | 'merged'
  /** A twin at the same height may still be paid by this round. */
  | 'kept'
  /** There is no round any more. */
  | 'noRound'
  | 'already';

/** Given-up transactions, and the outpoint that rules them out once another transaction has spent it. */
export interface Guard {
  readonly outpoint: string;
  readonly txids: readonly string[];
}

/** As many as the scripts keep. */
const closedKept = 5_000;
/** Computing again when something changed meanwhile: more often than this is no accident. */
const tries = 5;
/** Seconds. With PPLNS a small pool may look back over months. */
const roundKept = 30 * 24 * 3600;
const windowRoundKept = 400 * 24 * 3600;
const fieldsAtOnce = 1_000;

const scripts = {
  takeOver: loadScript('payTakeOver', oneOf('ok', 'already', 'conflict', 'fenced')),
  credit: loadScript('creditBlock', oneOf('ok', 'already', 'conflict', 'fenced')),
  orphan: loadScript(
    'orphanBlock',
    oneOf('merged', 'kept', 'noRound', 'already', 'conflict', 'fenced'),
  ),
  intent: loadScript('payIntent', oneOf('ok', 'open', 'closed', 'conflict', 'fenced')),
  mark: loadScript('payMark', oneOf('ok', 'conflict', 'fenced')),
  settle: loadScript('paySettle', oneOf('ok', 'already', 'conflict', 'fenced')),
  release: loadScript('payRelease', oneOf('ok', 'already', 'conflict', 'fenced')),
  fee: loadScript('payFee', oneOf('ok', 'already', 'conflict', 'fenced')),
  adjust: loadScript('payAdjust', oneOf('ok', 'conflict', 'fenced')),
};

export class Ledger {
  readonly #redis: RedisConnection;
  readonly #keys: CoinKeys;
  readonly #lease: Lease;
  readonly #decimals: number;
  readonly #now: Clock;
  readonly #recipients: readonly Recipient[];

  constructor(options: LedgerOptions) {
    this.#redis = options.connection;
    this.#keys = options.keys;
    this.#lease = options.lease;
    this.#decimals = options.decimals;
    this.#now = options.now;
    this.#recipients = options.recipients ?? [];
  }

  /** All balances. Rejects with BooksError when one of them cannot be read. */
  async balances(): Promise<Balances> {
    const { balances } = this.#keys;
    return readBalances(await readHash(this.#redis, balances), balances, this.#decimals);
  }

  /** First start on an older pool's database: balances become exact. The ones that changed; undefined later on. */
  async takeOver(): Promise<readonly TakenBalance[] | undefined> {
    const { pay, balances } = this.#keys;
    if ((await readHash(this.#redis, pay('totals'))).has('takenOver')) return undefined;
    return this.#retried('taking over the balances', async () => {
      const { changes, total } = planTakeOver(
        await readHash(this.#redis, balances),
        balances,
        this.#decimals,
      );
      const texts = changes.flatMap(({ worker, from, to }) => [
        worker,
        from,
        to === undefined ? '' : this.#format(to),
      ]);
      const takenOver = total - (await this.#leftOfCredits());
      const answer = await this.#lease.run(
        scripts.takeOver,
        [balances, pay('totals')],
        [takenOver.toString(), String(this.#now()), ...texts],
      );
      return answer === 'conflict' ? undefined : changes;
    });
  }

  /** What the balances hold of credits of ours: nothing, unless somebody deleted what was taken over earlier. */
  async #leftOfCredits(): Promise<bigint> {
    const [credited, adjusted, paid] = await Promise.all([
      this.#total('credited'),
      this.#total('adjusted'),
      this.#total('paid'),
    ]);
    const batch = await this.openBatch();
    const inFlight = batch === undefined ? 0n : totalOf(batch.outputs);
    return credited.amount + adjusted.amount - paid.amount - inFlight;
  }

  /** Members of blocksPending. */
  pendingBlocks(): Promise<readonly string[]> {
    return readSet(this.#redis, this.#keys.blocksPending);
  }

  /** Whether the pool has this block in one of its lists, or is just about to. */
  async knowsBlock(block: {
    readonly blockHash: string;
    readonly txid: string;
    readonly height: number | undefined;
  }): Promise<boolean> {
    const keys = this.#keys;
    const state = await this.#redis.command('HGET', keys.block(block.blockHash), 'state');
    if (state === 'candidate' || state === 'accepted' || state === 'confirmed') return true;
    const member = `${block.blockHash}:${block.txid}:${block.height ?? ''}`;
    const lists = [
      keys.blocksPending,
      keys.blocksConfirmed,
      keys.blocksOrphaned,
      keys.blocksKicked,
    ];
    for (const list of lists) {
      if ((await this.#redis.command('SISMEMBER', list, member)) === 1) return true;
    }
    // Other pools write more fields after these.
    return (await this.pendingBlocks()).some((other) => other.startsWith(block.blockHash));
  }

  /** Sum of all settled payments. */
  async paid(): Promise<Satoshis> {
    return satoshis((await this.#total('paid')).amount);
  }

  /**
   * Shares a mature block's reward out, once: by `scheme` among the block's round; with a `window` by PPLNS, over so many
   * times the network's difficulty; all of it to the finder of a SOLO block. Rejects with BooksError for a broken balance.
   */
  creditBlock(
    block: PendingBlock,
    reward: Satoshis,
    scheme: Scheme,
    window?: number,
  ): Promise<CreditOutcome> {
    const keys = this.#keys;
    return this.#retried(`crediting block ${block.height}`, async () => {
      if ((await this.#redis.command('SISMEMBER', keys.blocksPending, block.member)) === 0) {
        return { kind: 'already' };
      }
      const facts = await this.#blockFacts(block.blockHash);
      const split = await this.#split(block, reward, facts, scheme, window);
      if (split.kind === 'hold') return split;
      const { shares, parts } = split;
      const workers = new Set([...shares.keys(), ...parts.keys()]);
      const texts = await this.#fields(keys.balances, [...workers]);
      const old = readBalances(texts, keys.balances, this.#decimals);
      const rows = [...workers].flatMap((worker) => {
        const before = old.get(worker);
        const part = parts.get(worker) ?? 0n;
        const after = satoshis((before?.amount ?? 0n) + part);
        const text = before?.text ?? '';
        return [worker, shares.get(worker) ?? '', text, part === 0n ? text : this.#format(after)];
      });
      const credited = await this.#total('credited');
      const answer = await this.#lease.run(
        scripts.credit,
        [
          ...[keys.blocksPending, keys.blocksConfirmed, keys.balances],
          ...[keys.round(block.height), keys.paidRound(block.height), keys.block(block.blockHash)],
          ...[keys.roundBlocks(block.height), keys.pay('totals'), keys.pay('heldBlocks')],
          ...[keys.pay('suspects'), keys.events, keys.pay('rounds')],
        ],
        [
          ...[block.member, block.blockHash, block.txHash, String(block.height)],
          ...[reward.toString(), String(this.#now())],
          String(window === undefined ? roundKept : windowRoundKept),
          ...[credited.text, (credited.amount + reward).toString()],
          JSON.stringify({
            height: block.height,
            hash: block.blockHash,
            reward: this.#format(reward),
          }),
          ...[facts.solo ? '1' : '0', ...rows],
        ],
      );
      if (answer === 'conflict') return undefined;
      return answer === 'already' ? { kind: 'already' } : { kind: 'credited', workers: parts.size };
    });
  }

  /** worker -> what the pending blocks would bring now, if all of them ripened; those without facts bring nothing. */
  async expected(scheme: Scheme, window?: number): Promise<ReadonlyMap<string, Satoshis>> {
    const sums = new Map<string, Satoshis>();
    for (const member of await this.pendingBlocks()) {
      const block = parsePending(member);
      if (block === undefined) continue;
      const facts = await this.#blockFacts(block.blockHash);
      if (facts.reward === undefined) continue;
      const split = await this.#split(block, facts.reward, facts, scheme, window);
      if (split.kind === 'hold') continue;
      for (const [worker, part] of split.parts) {
        sums.set(worker, satoshis((sums.get(worker) ?? 0n) + part));
      }
    }
    return sums;
  }

  /** The pending blocks: how many, and what their templates promised the pool. */
  async waiting(): Promise<{ readonly blocks: number; readonly reward: Satoshis }> {
    const members = await this.pendingBlocks();
    let reward = 0n;
    for (const member of members) {
      reward += (await this.#blockFacts(member.split(':')[0] ?? '')).reward ?? 0n;
    }
    return { blocks: members.length, reward: satoshis(reward) };
  }

  async #blockFacts(blockHash: string): Promise<BlockFacts> {
    const names = ['solo', 'merged', 'finder', 'networkDifficulty', 'reward'];
    const facts = await this.#fields(this.#keys.block(blockHash), names);
    const difficulty = Number(facts.get('networkDifficulty'));
    return {
      solo: facts.get('solo') === '1',
      merged: facts.get('merged') === '1',
      finder: facts.get('finder'),
      reward: readSatoshis(facts.get('reward')),
      // Blocks that an older pool left pending have no facts.
      networkDifficulty: difficulty > 0 && difficulty < Infinity ? difficulty : undefined,
    };
  }

  async #split(
    block: PendingBlock,
    reward: Satoshis,
    facts: BlockFacts,
    scheme: Scheme,
    window: number | undefined,
  ): Promise<Split | Hold> {
    const recipients = facts.merged ? this.#recipients : [];
    if (facts.solo) {
      const { finder } = facts;
      if (finder === undefined)
        return hold('it is a SOLO block, and nobody is named as its finder');
      const parts = withRecipients(reward, recipients, (rest) => soloReward(rest, finder));
      return { kind: 'split', shares: new Map(), parts };
    }
    const key = this.#keys.round(block.height);
    try {
      const shares = await readHash(this.#redis, key);
      if (shares.size === 0) return hold(`nobody has shares in its round (${key})`);
      if (window === undefined || facts.networkDifficulty === undefined) {
        const parts = withRecipients(reward, recipients, (rest) => scheme(rest, shares));
        return { kind: 'split', shares, parts };
      }
      const wanted = window * facts.networkDifficulty;
      const rounds = [shares, ...(await this.#earlierRounds(block.height, shares, wanted))];
      const parts = withRecipients(reward, recipients, (rest) =>
        pplns(rest, rounds, String(wanted)),
      );
      return { kind: 'split', shares, parts };
    } catch (error) {
      if (error instanceof RewardError)
        return hold(`its round cannot be shared out: ${error.message}`);
      if (error instanceof RedisError && error.code === 'REDIS_WRONGTYPE') {
        return hold(
          `the shares of its round, or of one before it, are no hash (look at TYPE ${key} with redis-cli)`,
        );
      }
      throw error;
    }
  }

  /** Rounds below `height`, newest first, until they hold `wanted` difficulty together with `own`, or there are no more. */
  async #earlierRounds(
    height: number,
    own: ReadonlyMap<string, string>,
    wanted: number,
  ): Promise<ReadonlyMap<string, string>[]> {
    const keys = this.#keys;
    const kept = await this.#redis.command('ZRANGE', keys.pay('rounds'), 0, -1);
    const paid = textsOf(kept).map(Number);
    const pending = (await this.pendingBlocks()).map(
      (member) => parsePending(member)?.height ?? height,
    );
    const heights = [...new Set([...paid, ...pending])].filter((other) => other < height);
    const rounds: ReadonlyMap<string, string>[] = [];
    // A hair more than enough: what exactly counts is decided where sums are exact.
    let left = wanted * 1.000001 - sumOf(own);
    for (const other of heights.sort((a, b) => b - a)) {
      if (left <= 0) break;
      // A block that waits may have none of its own: it is a SOLO block, or its twin was credited.
      for (const key of [keys.round(other), keys.paidRound(other)]) {
        const round = await readHash(this.#redis, key);
        rounds.push(round);
        left -= sumOf(round);
      }
    }
    return rounds;
  }

  /** Ends a block that is off the chain for good; its shares go back into the current round. */
  orphanBlock(block: PendingBlock): Promise<OrphanOutcome> {
    const keys = this.#keys;
    const { member, blockHash, txHash, height } = block;
    return this.#retried(`orphaning block ${height}`, async () => {
      const { solo } = await this.#blockFacts(blockHash);
      const blocks = await readSet(this.#redis, keys.roundBlocks(height));
      const twins = blocks.filter((hash) => hash !== blockHash);
      const pending = await this.#pendingAt(height);
      const answer = await this.#lease.run(
        scripts.orphan,
        [
          ...[keys.blocksPending, keys.blocksOrphaned, keys.roundCurrent, keys.round(height)],
          ...[keys.block(blockHash), keys.roundBlocks(height), keys.pay('suspects')],
          ...[keys.pay('heldBlocks'), keys.events, ...twins.map((hash) => keys.block(hash))],
        ],
        [
          ...[member, blockHash, txHash, String(height), String(this.#now())],
          ...[JSON.stringify({ height, hash: blockHash }), solo ? '1' : '0'],
          ...[String(twins.length), ...twins, ...pending],
        ],
      );
      return answer === 'conflict' ? undefined : answer;
    });
  }

  /** Two for each pending block of this height: member, '1' for a SOLO block, else '0'. */
  async #pendingAt(height: number): Promise<string[]> {
    const found: string[] = [];
    for (const member of await this.pendingBlocks()) {
      const [blockHash = '', , text] = member.split(':');
      if (text !== String(height)) continue;
      const { solo } = await this.#blockFacts(blockHash);
      found.push(member, solo ? '1' : '0');
    }
    return found;
  }

  /** The open batch, if there is one. Rejects with BooksError when it cannot be read. */
  async openBatch(): Promise<OpenBatch | undefined> {
    const key = this.#keys.pay('batch');
    return openBatchOf(await readHash(this.#redis, key), key);
  }

  /** Rejects with LedgerError if Redis does not hold this batch in this state: it crashed since that was written. */
  async checkOpen({ id, state }: OpenBatch): Promise<void> {
    const open = await this.openBatch();
    if (open?.id === id && open.state === state) return;
    throw new LedgerError(
      'LEDGER_FORGOTTEN',
      `Redis has lost what it had been told of payment batch ${id}, so that nothing is sent for it`,
    );
  }

  /** Moves whole balances to in-flight. Undefined when a balance has changed since: plan again. */
  async intend(
    outputs: readonly PlannedOutput[],
    balances: Balances,
  ): Promise<OpenBatch | undefined> {
    const { pay } = this.#keys;
    const time = this.#now();
    const id = `${time}-${randomBytes(5).toString('hex')}`;
    const rows = partsOf(outputs).flatMap(({ worker }) => [
      worker,
      balances.get(worker)?.text ?? '',
    ]);
    const answer = await this.#lease.run(
      scripts.intent,
      [pay('batch'), this.#keys.balances, pay('last')],
      [id, String(time), writePlan(outputs), ...rows],
    );
    return answer === 'ok' ? { id, time, outputs, state: 'intent' } : undefined;
  }

  /** Puts the signed transaction on record: from now on it may be sent, as often as it takes. */
  async markSigned(batch: OpenBatch, tx: SignedTx): Promise<void> {
    await this.#mark(batch, 'signed', writeTx(tx));
  }

  /** To be done before sendmany is called. */
  async markSending(batch: OpenBatch, comment: string, since: string): Promise<void> {
    await this.#mark(batch, 'sending', ['comment', comment, 'since', since]);
  }

  async #mark(batch: OpenBatch, state: string, fields: readonly string[]): Promise<void> {
    const { pay } = this.#keys;
    const answer = await this.#lease.run(
      scripts.mark,
      [pay('batch')],
      [batch.id, 'intent', state, ...fields],
    );
    if (answer !== 'ok') throw busy(`the state of payment batch ${batch.id}`);
  }

  /** The batch is paid: in-flight -> payouts. A fee that is unknown is booked later, by bookFee. */
  async settle(batch: OpenBatch, txid: string, told: ToldFee): Promise<void> {
    const keys = this.#keys;
    const fee = typeof told === 'bigint' ? told : undefined;
    const total = totalOf(batch.outputs);
    const owed = new Map<string, bigint>();
    for (const { worker, amount } of partsOf(batch.outputs)) owed.set(worker, amount);
    const time = this.#now();
    const payment = this.#paymentText(batch, time, txid, total, fee);
    const addresses = batch.outputs.length;
    const event = JSON.stringify({ txid, amount: this.#format(total), addresses });
    const each = batch.outputs.map(({ amount }) =>
      JSON.stringify({ time, txid, amount: this.#format(amount) }),
    );
    await this.#retried(`settling payment batch ${batch.id}`, async () => {
      const old = await this.#fields(keys.payouts, [...owed.keys()]);
      const rows = [...owed].flatMap(([worker, amount]) => {
        const text = old.get(worker) ?? '';
        return [worker, text, this.#added(text, amount)];
      });
      const stats = (await this.#fields(keys.stats, ['totalPaid'])).get('totalPaid') ?? '';
      const paid = await this.#total('paid');
      const fees = await this.#total('fees');
      const answer = await this.#lease.run(
        scripts.settle,
        [
          ...[keys.pay('batch'), keys.payouts, keys.stats, keys.payments],
          ...[keys.pay('totals'), keys.pay('last'), keys.pay('guard'), keys.events],
          ...[keys.pay('closed'), keys.pay('feesUnknown')],
          ...batch.outputs.map(({ address }) => keys.minerPayments(address)),
        ],
        [
          ...[batch.id, payment, stats, this.#added(stats, total)],
          ...[paid.text, (paid.amount + total).toString()],
          ...[fees.text, (fees.amount + (fee ?? 0n)).toString()],
          ...[event, told === 'unknown' ? txid : '', String(addresses), ...each, ...rows],
        ],
      );
      return answer === 'conflict' ? undefined : true;
    });
  }

  #paymentText(
    batch: OpenBatch,
    time: Millis,
    txid: string,
    total: Satoshis,
    fee: Satoshis | undefined,
  ): string {
    const amounts = batch.outputs.map(({ address, amount }) => [address, this.#format(amount)]);
    return JSON.stringify({
      time,
      txid,
      paid: this.#format(total),
      fee: fee === undefined ? null : this.#format(fee),
      miners: batch.outputs.length,
      amounts: Object.fromEntries(amounts),
      batch: batch.id,
    });
  }

  /** txids of settled payments whose fee is to be booked yet. */
  async unknownFees(): Promise<readonly string[]> {
    return [...(await readHash(this.#redis, this.#keys.pay('feesUnknown'))).keys()];
  }

  /** Books what a settled payment cost, once; or, with 'notTold', that nobody will ever know. */
  async bookFee(txid: string, told: Satoshis | 'notTold'): Promise<void> {
    const { pay, payments } = this.#keys;
    const fee = told === 'notTold' ? satoshis(0n) : told;
    await this.#retried(`booking the fee of ${txid}`, async () => {
      const place = await findPayment(this.#redis, this.#keys, txid);
      const fees = await this.#total('fees');
      const text = place?.text ?? '';
      const shown = told === 'notTold' ? null : this.#format(fee);
      const answer = await this.#lease.run(
        scripts.fee,
        [pay('feesUnknown'), payments, pay('totals')],
        [
          ...[txid, place === undefined ? '' : String(place.index)],
          ...[text, text === '' ? '' : withFee(text, shown)],
          ...[fees.text, (fees.amount + fee).toString()],
        ],
      );
      return answer === 'conflict' ? undefined : true;
    });
  }

  /** How a batch that might have been sent was closed; 'forgotten' where that is too long ago to tell. */
  async closedAs(id: string): Promise<'paid' | 'released' | 'forgotten' | undefined> {
    const key = this.#keys.pay('closed');
    for (const outcome of ['paid', 'released'] as const) {
      if ((await this.#redis.command('ZSCORE', key, `${id} ${outcome}`)) !== null) return outcome;
    }
    if (Number(await this.#redis.command('ZCARD', key)) < closedKept) return undefined;
    // Their ids begin with the time.
    const [oldest] = textsOf(await this.#redis.command('ZRANGE', key, 0, 0));
    return oldest !== undefined && id < oldest ? 'forgotten' : undefined;
  }

  /** The batch has certainly not been sent: in-flight -> balances. `guard` after a transaction was on record. */
  async release(batch: OpenBatch, guard?: Guard): Promise<void> {
    const { balances, pay } = this.#keys;
    const guardText = guard === undefined ? '' : [guard.outpoint, ...guard.txids].join(' ');
    const parts = partsOf(batch.outputs);
    await this.#retried(`giving back payment batch ${batch.id}`, async () => {
      const texts = await this.#fields(
        balances,
        parts.map(({ worker }) => worker),
      );
      const old = readBalances(texts, balances, this.#decimals);
      const rows = parts.flatMap(({ worker, amount }) => {
        const before = old.get(worker);
        const after = satoshis((before?.amount ?? 0n) + amount);
        return [worker, before?.text ?? '', this.#format(after)];
      });
      const answer = await this.#lease.run(
        scripts.release,
        [pay('batch'), balances, pay('last'), pay('guard'), pay('closed')],
        [batch.id, batch.state, guardText, ...rows],
      );
      return answer === 'conflict' ? undefined : true;
    });
  }

  /**
   * The books are the truth from now on, whatever came in: `difference` is what there is beyond it. `revived`: a
   * transaction that had been given up is alive, and the books know of it now.
   */
  async adjust(difference: Satoshis, revived: boolean): Promise<void> {
    const { pay } = this.#keys;
    const old = await this.#total('adjusted');
    const answer = await this.#lease.run(
      scripts.adjust,
      [pay('totals'), pay('guard')],
      [old.text, (old.amount + difference).toString(), revived ? '1' : '0'],
    );
    if (answer !== 'ok') throw busy(`the sums in ${pay('totals')}`);
  }

  async guard(): Promise<Guard | undefined> {
    const text = await this.#redis.command('GET', this.#keys.pay('guard'));
    if (typeof text !== 'string') return undefined;
    const [outpoint = '', ...txids] = text.split(' ');
    return { outpoint, txids };
  }

  #format(amount: Satoshis): string {
    return formatCoins(amount, this.#decimals);
  }

  /** For sums that are only shown: what was unreadable counts as nothing, and the money goes on. */
  #added(text: string, amount: bigint): string {
    const old = text === '' ? undefined : parseCoinsFloor(text, this.#decimals);
    return this.#format(satoshis((old ?? 0n) + amount));
  }

  async #total(
    what: 'credited' | 'paid' | 'fees' | 'adjusted',
  ): Promise<{ text: string; amount: bigint }> {
    const key = this.#keys.pay('totals');
    const totals = await this.#fields(key, [what]);
    return { text: totals.get(what) ?? '', amount: readTotal(totals, what, key) };
  }

  /** Until `step` gives something: undefined means that it must be computed again. */
  async #retried<T>(what: string, step: () => Promise<T | undefined>): Promise<T> {
    for (let i = 0; i < tries; i++) {
      const result = await step();
      if (result !== undefined) return result;
    }
    throw busy(what);
  }

  /** Those of the fields that are there. */
  async #fields(key: string, fields: readonly string[]): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (let at = 0; at < fields.length; at += fieldsAtOnce) {
      const some = fields.slice(at, at + fieldsAtOnce);
      const texts = await this.#redis.send('HMGET', [key, ...some]);
      if (!Array.isArray(texts)) continue;
      some.forEach((field, i) => {
        const text: unknown = texts[i];
        if (typeof text === 'string') found.set(field, text);
      });
    }
    return found;
  }
}

function textsOf(reply: unknown): string[] {
  return Array.isArray(reply) ? reply.map(String) : [];
}

function hold(reason: string): Hold {
  return { kind: 'hold', reason };
}

/** As a number, to within its last digits. */
function sumOf(shares: ReadonlyMap<string, string>): number {
  return [...shares.values()].reduce((sum, text) => sum + Number(text), 0);
}

function busy(what: string): LedgerError {
  return new LedgerError('LEDGER_BUSY', `somebody else keeps writing while we are at ${what}`);
}
