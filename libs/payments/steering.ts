import { formatCoins } from '../primitives/money.ts';
import { millis, type Satoshis, satoshis } from '../primitives/units.ts';
import { isRecord, own, parseJson } from '../primitives/unknown.ts';
import { readHash, readSet } from '../redis/read.ts';
import { totalOf } from './batch.ts';
import { BooksError, readBalances } from './books.ts';
import { commandText } from './commandText.ts';
import { waitUntilDurable } from './durable.ts';
import { type HandBack, judgeHandBack } from './handBack.ts';
import { parsePending } from './maturity.ts';
import type { Paying, Resolved } from './paying.ts';
import { readPayments } from './paymentRecord.ts';
import type { PayoutPlan } from './payoutPlan.ts';
import type { PaymentContext } from './run.ts';
import { type Books, differenceOf, openBatchOf, readBooks, readSnapshot } from './snapshot.ts';
import type { AuditVerdict } from './types.ts';

// What a person asks of the payments of a coin, and tells them. All results are plain JSON: amounts are coins as exact
// decimal text, times are Unix milliseconds. Everything here rejects with RedisError, or DaemonError where the wallet
// is asked; books that cannot be read are part of the answer.

export interface PaymentsStatus {
  readonly coin: string;
  readonly symbol: string;
  /** "PROP", or "PPLNS over 2 times the network's difficulty". */
  readonly scheme: string;
  readonly paused: { readonly reason: string; readonly since: number } | null;
  /** Why nothing is paid until a person acts, with the way out. */
  readonly stopped: string | null;
  readonly openBatch: {
    readonly id: string;
    readonly state: 'intent' | 'signed' | 'sending';
    readonly amount: string;
    readonly addresses: number;
    readonly time: number;
    readonly txid: string | null;
  } | null;
  readonly held: Held;
  /** Null when they cannot be read: `stopped` says why. */
  readonly books: BooksShown | null;
  readonly lastPayment: {
    readonly time: number;
    readonly txid: string;
    readonly amount: string;
    readonly addresses: number;
  } | null;
  /** Of the last run; null before the first one. */
  readonly audit: AuditVerdict | null;
}

/** takenOver + credited + adjusted + difference = balances + inFlight + paid; the difference should be 0. */
export interface BooksShown {
  readonly takenOver: string;
  readonly credited: string;
  readonly adjusted: string;
  readonly balances: string;
  readonly inFlight: string;
  readonly paid: string;
  readonly fees: string;
  readonly difference: string;
}

export interface Held {
  /** `member` as it stands in blocksPending. */
  readonly blocks: readonly { readonly member: string; readonly reason: string }[];
  readonly payees: readonly {
    readonly worker: string;
    readonly amount: string;
    readonly reason: string;
  }[];
}

export interface DryRun {
  readonly coin: string;
  readonly symbol: string;
  /** Why a run would pay nothing now, whatever stands below; null if it would. */
  readonly blockedBy: string | null;
  readonly spendable: string;
  /** What would be paid, by transaction. */
  readonly transactions: readonly {
    readonly amount: string;
    readonly outputs: readonly PayeeShown[];
  }[];
  readonly notPaid: readonly (PayeeShown & { readonly reason: string })[];
}

export interface PayeeShown {
  /** Null where none is known for the worker. */
  readonly address: string | null;
  readonly amount: string;
  readonly workers: readonly string[];
}

export type Resolution =
  /** The open batch, of which nobody knows whether it was sent, is this transaction. */
  | { readonly what: 'paid'; readonly txid: string }
  /** It was never sent. */
  | { readonly what: 'unpaid' }
  /** The books as they stand are the truth. */
  | { readonly what: 'audit' };

/** `paid <txid>`, `unpaid` or `audit`; undefined for other words. */
export function parseResolution(words: readonly string[]): Resolution | undefined {
  const [what, txid, ...more] = words;
  if (what === 'paid' && more.length === 0 && txid !== undefined && /^[0-9a-f]{64}$/i.test(txid)) {
    return { what, txid: txid.toLowerCase() };
  }
  if (txid !== undefined) return undefined;
  return what === 'unpaid' || what === 'audit' ? { what } : undefined;
}

export interface SteeringOptions {
  readonly scheme: string;
  /** Coins as decimal text. */
  readonly minimumPayment: string;
}

export class Steering {
  readonly #context: PaymentContext;
  readonly #paying: Paying;
  readonly #options: SteeringOptions;

  constructor(context: PaymentContext, paying: Paying, options: SteeringOptions) {
    this.#context = context;
    this.#paying = paying;
    this.#options = options;
  }

  async status(): Promise<PaymentsStatus> {
    const { coin, connection, keys } = this.#context;
    const snapshot = await readSnapshot(connection, keys);
    const { state } = snapshot;
    const audit = readVerdict(state.get('audit'));
    const books = attempt(() => readBooks(snapshot, keys, coin.decimals));
    const batch = attempt(() => openBatchOf(snapshot.batch, keys.pay('batch')));
    const open = batch.value;
    const paused = state.get('paused');
    const [last] = await readPayments(connection, keys, 1);
    return {
      coin: coin.name,
      symbol: coin.symbol,
      scheme: this.#options.scheme,
      paused:
        paused === undefined
          ? null
          : { reason: paused, since: Number(state.get('pausedTime') ?? 0) },
      stopped: state.get('stopped') ?? batch.problem ?? books.problem ?? audit?.stop ?? null,
      openBatch:
        open === undefined
          ? null
          : {
              id: open.id,
              state: open.state,
              amount: this.#coins(totalOf(open.outputs)),
              addresses: open.outputs.length,
              time: open.time,
              txid: open.state === 'signed' ? open.tx.txid : null,
            },
      held: await this.held(),
      books: books.value === undefined ? null : this.#shown(books.value),
      lastPayment:
        last === undefined
          ? null
          : { time: last.time, txid: last.txid, amount: last.paid, addresses: last.miners },
      audit: audit ?? null,
    };
  }

  async held(): Promise<Held> {
    const { connection, keys } = this.#context;
    const blocks = await readHash(connection, keys.pay('heldBlocks'));
    const payees = await readHash(connection, keys.pay('heldPayees'));
    const balances = await readHash(connection, keys.balances);
    return {
      blocks: [...blocks].map(([member, reason]) => ({ member, reason })),
      payees: [...payees].map(([worker, reason]) => ({
        worker,
        amount: balances.get(worker) ?? '0',
        reason,
      })),
    };
  }

  async dryRun(): Promise<DryRun> {
    const { coin } = this.#context;
    const { paused, stopped, openBatch } = await this.status();
    const common = { coin: coin.name, symbol: coin.symbol };
    const blockedBy =
      stopped ??
      (paused === null ? null : `payments are paused (${paused.reason})`) ??
      (openBatch === null ? null : `batch ${openBatch.id} must come to its end first`);
    try {
      const { plan, spendable } = await this.#paying.preview();
      return {
        ...common,
        blockedBy,
        spendable: this.#coins(spendable),
        transactions: plan.batches.map((outputs) => ({
          amount: this.#coins(totalOf(outputs)),
          outputs: outputs.map((output) => this.#payee(output)),
        })),
        notPaid: this.#notPaid(plan, spendable),
      };
    } catch (error) {
      if (!(error instanceof BooksError)) throw error;
      return { ...common, blockedBy: error.message, spendable: '0', transactions: [], notPaid: [] };
    }
  }

  #notPaid(plan: PayoutPlan, spendable: Satoshis): DryRun['notPaid'] {
    const { coin, money } = this.#context;
    const why = {
      belowMinimum: `it is below the minimum payment of ${this.#options.minimumPayment} ${coin.symbol}`,
      walletShort: `the wallet can spend ${money(spendable)} now, which is not enough for it beside the others`,
    };
    return [
      ...plan.waiting.map((item) => ({ ...this.#payee(item.output), reason: why[item.why] })),
      ...plan.held.map(({ worker, amount, reason }) => ({
        address: null,
        amount: this.#coins(amount),
        workers: [worker],
        reason,
      })),
    ];
  }

  #payee({ address, amount, from }: PayoutPlan['batches'][number][number]): PayeeShown {
    return { address, amount: this.#coins(amount), workers: from.map(({ worker }) => worker) };
  }

  /** No lease is needed: whoever pays looks here before each transaction. */
  async pause(reason: string): Promise<string> {
    const { connection, keys, now, coin, log } = this.#context;
    await connection.command('HSET', keys.pay('state'), 'paused', reason, 'pausedTime', now());
    log.special(`Payments of ${coin.name} are paused: ${reason}.`);
    return `Payments of ${coin.name} are paused: what is open is finished, blocks are credited, nothing new is sent until "${commandText(coin.name, 'resume')}".`;
  }

  async resume(): Promise<string> {
    const { connection, keys, coin, log } = this.#context;
    await connection.command('HDEL', keys.pay('state'), 'paused', 'pausedTime');
    log.special(`Payments of ${coin.name} are not paused any more.`);
    const { stopped } = await this.status();
    return stopped === null
      ? `Payments of ${coin.name} go on.`
      : `Payments of ${coin.name} are not paused any more, but stand still: ${stopped}.`;
  }

  /** To be called under the lease, while no run is under way. */
  async resolve(resolution: Resolution): Promise<Resolved> {
    switch (resolution.what) {
      case 'paid':
        return this.#paying.resolvePaid(resolution.txid);
      case 'unpaid':
        return this.#paying.resolveUnpaid();
      case 'audit':
        return this.#resolveAudit();
    }
  }

  async #resolveAudit(): Promise<Resolved> {
    const { connection, keys, coin, ledger, notes, journal, now, log } = this.#context;
    const snapshot = await readSnapshot(connection, keys);
    const { value: books, problem } = attempt(() => readBooks(snapshot, keys, coin.decimals));
    if (books === undefined) {
      return { ok: false, text: `The books cannot be taken for the truth yet: ${problem}.` };
    }
    const difference = differenceOf(books);
    const shown = this.#shown(books);
    const text = `The books of ${coin.name} are the truth now: ${shown.balances} ${coin.symbol} in balances, ${shown.inFlight} in flight, ${shown.paid} paid, ${shown.fees} of fees; ${shown.takenOver} had been taken over, ${shown.credited} credited, ${shown.adjusted} adjusted before, ${shown.difference} adjusted now.`;
    log.special(text);
    const revived = (await this.#paying.revived()) !== undefined;
    if (difference !== 0n || revived) await ledger.adjust(difference, revived);
    // In this order: a journal that lacks the decision follows Redis, where one that is ahead of it would stop.
    const checkedFrom = await notes.goOn(now());
    await waitUntilDurable(connection);
    await journal.add({ kind: 'begin', time: now(), paid: books.paid, checkedFrom });
    await notes.verdict({ time: now(), stop: null, warnings: [] });
    return { ok: true, text };
  }

  /** Whether an original NOMP could take this database over now. */
  async handBack(): Promise<HandBack> {
    const { connection, keys, coin } = this.#context;
    const snapshot = await readSnapshot(connection, keys);
    const rounds = [];
    for (const member of await readSet(connection, keys.blocksPending)) {
      const block = parsePending(member);
      if (block === undefined) {
        rounds.push({ member, workers: 0, solo: false });
        continue;
      }
      const workers = Number(await connection.command('HLEN', keys.round(block.height)));
      const solo = await connection.command('HGET', keys.block(block.blockHash), 'solo');
      rounds.push({ member, workers, solo: solo === '1' });
    }
    const balances = attempt(() => readBalances(snapshot.balances, keys.balances, coin.decimals));
    return judgeHandBack({
      coin: coin.name,
      paused: snapshot.state.has('paused'),
      openBatch: snapshot.batch.get('id'),
      openBlocks: await readSet(connection, keys.openBlocks),
      rounds,
      owed: this.#coins(
        satoshis([...(balances.value ?? [])].reduce((sum, [, { amount }]) => sum + amount, 0n)),
      ),
      problem: balances.problem,
    });
  }

  #shown(books: Books): BooksShown {
    const { credited, adjusted, balances, inFlight, paid, fees } = books;
    return {
      takenOver: this.#coins(books.takenOver ?? satoshis(0n)),
      credited: this.#coins(credited),
      adjusted: this.#coins(adjusted),
      balances: this.#coins(balances),
      inFlight: this.#coins(inFlight),
      paid: this.#coins(paid),
      fees: this.#coins(fees),
      difference: this.#coins(differenceOf(books)),
    };
  }

  #coins(amount: Satoshis): string {
    return formatCoins(amount, this.#context.coin.decimals);
  }
}

function readVerdict(text: string | undefined): AuditVerdict | undefined {
  const value = text === undefined ? undefined : parseJson(text);
  if (!isRecord(value)) return undefined;
  const time = own(value, 'time');
  const stop = own(value, 'stop');
  const warnings = own(value, 'warnings');
  if (typeof time !== 'number' || !(stop === null || typeof stop === 'string')) return undefined;
  if (!Array.isArray(warnings)) return undefined;
  return { time: millis(time), stop, warnings: warnings.map(String) };
}

/** The value, or the sentence of the BooksError. */
function attempt<T>(read: () => T): { readonly value?: T; readonly problem?: string } {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof BooksError) return { problem: error.message };
    throw error;
  }
}
