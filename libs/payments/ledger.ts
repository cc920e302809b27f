import { randomBytes } from 'node:crypto';
import { CodedError } from '../primitives/errors.ts';
import { formatCoins, parseCoinsFloor } from '../primitives/money.ts';
import { type Clock, type Millis, type Satoshis, satoshis } from '../primitives/units.ts';
import type { RedisConnection } from '../redis/connection.ts';
import type { CoinKeys } from '../redis/keys.ts';
import { readHash, readSet } from '../redis/read.ts';
import { loadScript, oneOf } from '../redis/scripts.ts';
import {
  type OpenBatch,
  partsOf,
  readBatch,
  readSatoshis,
  totalOf,
  writePlan,
  writeTx,
} from './batch.ts';
import {
  type Balances,
  BooksError,
  planTakeOver,
  readBalances,
  type TakenBalance,
} from './books.ts';
import type { Lease } from './lease.ts';
import type { PendingBlock } from './maturity.ts';
import type { PlannedOutput } from './payoutPlan.ts';
import { RewardError, type Scheme } from './rewards.ts';
import type { SignedTx } from './wallet.ts';

// The only writer of balances. Each method is one script: it happens as a whole or not at all, and doing it again does
// nothing more. Amounts are computed here and compared and set there, as texts.

/** LEDGER_BUSY: somebody else writes these keys all the time. */
export class LedgerError extends CodedError {}

export interface LedgerOptions {
  readonly connection: RedisConnection;
  readonly keys: CoinKeys;
  readonly lease: Lease;
  readonly decimals: number;
  readonly now: Clock;
}

export type CreditOutcome =
  | { readonly kind: 'credited'; readonly workers: number }
  /** It is not pending any more. */
  | { readonly kind: 'already' }
  /** Its round cannot be shared out. */
  | { readonly kind: 'hold'; readonly reason: string };

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

/** Computing again when something changed meanwhile: more often than this is no accident. */
const tries = 5;
const roundKept = 30 * 24 * 3600;
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
};

export class Ledger {
  readonly #redis: RedisConnection;
  readonly #keys: CoinKeys;
  readonly #lease: Lease;
  readonly #decimals: number;
  readonly #now: Clock;

  constructor(options: LedgerOptions) {
    this.#redis = options.connection;
    this.#keys = options.keys;
    this.#lease = options.lease;
    this.#decimals = options.decimals;
    this.#now = options.now;
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
      const answer = await this.#lease.run(
        scripts.takeOver,
        [balances, pay('totals')],
        [total.toString(), String(this.#now()), ...texts],
      );
      return answer === 'conflict' ? undefined : changes;
    });
  }

  /** Members of blocksPending. */
  pendingBlocks(): Promise<readonly string[]> {
    return readSet(this.#redis, this.#keys.blocksPending);
  }

  /** Shares a mature block's reward out, once. Rejects with BooksError for a broken balance. */
  creditBlock(block: PendingBlock, reward: Satoshis, scheme: Scheme): Promise<CreditOutcome> {
    const keys = this.#keys;
    return this.#retried(`crediting block ${block.height}`, async () => {
      const shares = await readHash(this.#redis, keys.round(block.height));
      if (shares.size === 0) {
        const pending = await this.#redis.command('SISMEMBER', keys.blocksPending, block.member);
        if (pending === 0) return { kind: 'already' };
        const reason = `nobody has shares in its round (${keys.round(block.height)})`;
        return { kind: 'hold', reason };
      }
      let parts: ReadonlyMap<string, Satoshis>;
      try {
        parts = scheme(reward, shares);
      } catch (error) {
        if (!(error instanceof RewardError)) throw error;
        return { kind: 'hold', reason: `its round cannot be shared out: ${error.message}` };
      }
      const texts = await this.#fields(keys.balances, [...shares.keys()]);
      const old = readBalances(texts, keys.balances, this.#decimals);
      const rows = [...shares].flatMap(([worker, share]) => {
        const before = old.get(worker);
        const part = parts.get(worker) ?? 0n;
        const after = satoshis((before?.amount ?? 0n) + part);
        const text = before?.text ?? '';
        return [worker, share, text, part === 0n ? text : this.#format(after)];
      });
      const credited = await this.#total('credited');
      const answer = await this.#lease.run(
        scripts.credit,
        [
          ...[keys.blocksPending, keys.blocksConfirmed, keys.balances],
          ...[keys.round(block.height), keys.paidRound(block.height), keys.block(block.blockHash)],
          ...[keys.roundBlocks(block.height), keys.pay('totals'), keys.pay('heldBlocks')],
          ...[keys.pay('suspects'), keys.events],
        ],
        [
          ...[block.member, block.blockHash, block.txHash, String(block.height)],
          ...[reward.toString(), String(this.#now()), String(roundKept)],
          ...[credited.text, (credited.amount + reward).toString()],
          JSON.stringify({
            height: block.height,
            hash: block.blockHash,
            reward: this.#format(reward),
          }),
          ...rows,
        ],
      );
      if (answer === 'conflict') return undefined;
      return answer === 'already' ? { kind: 'already' } : { kind: 'credited', workers: parts.size };
    });
  }

  /** Ends a block that is off the chain for good; its shares go back into the current round. */
  orphanBlock(block: PendingBlock): Promise<OrphanOutcome> {
    const keys = this.#keys;
    const { member, blockHash, txHash, height } = block;
    return this.#retried(`orphaning block ${height}`, async () => {
      const blocks = await readSet(this.#redis, keys.roundBlocks(height));
      const twins = blocks.filter((hash) => hash !== blockHash);
      const answer = await this.#lease.run(
        scripts.orphan,
        [
          ...[keys.blocksPending, keys.blocksOrphaned, keys.roundCurrent, keys.round(height)],
          ...[keys.block(blockHash), keys.roundBlocks(height), keys.pay('suspects')],
          ...[keys.pay('heldBlocks'), keys.events, ...twins.map((hash) => keys.block(hash))],
        ],
        [
          ...[member, blockHash, txHash, String(height), String(this.#now())],
          ...[JSON.stringify({ height, hash: blockHash }), ...twins],
        ],
      );
      return answer === 'conflict' ? undefined : answer;
    });
  }

  /** The open batch, if there is one. Rejects with BooksError when it cannot be read. */
  async openBatch(): Promise<OpenBatch | undefined> {
    const key = this.#keys.pay('batch');
    const fields = await readHash(this.#redis, key);
    if (fields.size === 0) return undefined;
    const batch = readBatch(fields);
    if (batch === undefined) {
      throw new BooksError(
        'BOOKS_BATCH',
        `the open payment batch in ${key} cannot be read; somebody has changed it: compare it with the wallet's transactions before it is put right`,
      );
    }
    return batch;
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

  /** The batch is paid: in-flight -> payouts. */
  async settle(batch: OpenBatch, txid: string, fee: Satoshis | undefined): Promise<void> {
    const keys = this.#keys;
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
          ...batch.outputs.map(({ address }) => keys.minerPayments(address)),
        ],
        [
          ...[batch.id, payment, stats, this.#added(stats, total)],
          ...[paid.text, (paid.amount + total).toString()],
          ...[fees.text, (fees.amount + (fee ?? 0n)).toString()],
          ...[event, String(addresses), ...each, ...rows],
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
        [pay('batch'), balances, pay('last'), pay('guard')],
        [batch.id, batch.state, guardText, ...rows],
      );
      return answer === 'conflict' ? undefined : true;
    });
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

  async #total(what: 'credited' | 'paid' | 'fees'): Promise<{ text: string; amount: bigint }> {
    const key = this.#keys.pay('totals');
    const text = (await this.#fields(key, [what])).get(what) ?? '';
    const amount = text === '' ? satoshis(0n) : readSatoshis(text);
    if (amount === undefined) {
      throw new BooksError(
        'BOOKS_TOTALS',
        `${what} in ${key} is ${JSON.stringify(text)}, which is no number of satoshis`,
      );
    }
    return { text, amount };
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

function busy(what: string): LedgerError {
  return new LedgerError('LEDGER_BUSY', `somebody else keeps writing while we are at ${what}`);
}
