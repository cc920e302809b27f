import { formatCoins } from '../primitives/money.ts';
import { type Millis, millis, type Satoshis, satoshis } from '../primitives/units.ts';
import { isRecord, own, parseJson } from '../primitives/unknown.ts';
import { readHash, readSet } from '../redis/read.ts';
import { balanceSheet, type Sheet } from './balanceSheet.ts';
import { type OpenBatch, partsOf, totalOf } from './batch.ts';
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
import type { WalletFunds } from './witness.ts';

// What a person asks of the payments of a coin, and tells them. All results are plain JSON: amounts are coins as exact
// decimal text, times are Unix milliseconds. Everything here rejects with RedisError, or DaemonError where the wallet
// is asked; books that cannot be read are part of the answer.

/** 'stopped' until a person acts; 'batchOpen': nothing else is paid before it has come to its end. */
export type PaymentsState = 'atWork' | 'batchOpen' | 'paused' | 'stopped';

export interface PaymentsStatus {
  readonly coin: string;
  readonly symbol: string;
  readonly state: PaymentsState;
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
  /** Null while its daemon does not tell. `immature`: of blocks, null where it does not say. */
  readonly wallet: { readonly spendable: string; readonly immature: string | null } | null;
  /** In balances and in the open batch; null when they cannot be read. */
  readonly owed: string | null;
  /** Blocks that wait to be credited, and what they should bring the pool: their templates' word. */
  readonly unpaidBlocks: number;
  readonly immature: string;
  readonly heldPayees: number;
  readonly held: Held;
  /** A run is under way. */
  readonly running: boolean;
  /** Unix milliseconds; null while one is under way. */
  readonly nextRun: number | null;
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

/** Amounts as coins in decimal text. */
export interface BalancesShown {
  readonly coin: string;
  readonly symbol: string;
  /** Whoever is owed most comes first. */
  readonly rows: readonly BalanceShown[];
  /** Of all addresses, whether they are among the rows or not. */
  readonly addresses: number;
  readonly total: AmountsShown;
}

export interface BalanceShown extends AmountsShown {
  readonly address: string;
  readonly workers: number;
  /** Why it is not paid. */
  readonly held: string | null;
}

export interface AmountsShown {
  readonly balance: string;
  /** In the open batch. */
  readonly inFlight: string;
  /** What the pending blocks should bring it, by the shares as they stand. */
  readonly immature: string;
  readonly paid: string;
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
  /** What the wallet has; undefined when it does not tell. Never rejects. */
  readonly funds: () => Promise<WalletFunds | undefined>;
  /** worker -> what the pending blocks would bring. Rejects with RedisError. */
  readonly expected: () => Promise<ReadonlyMap<string, Satoshis>>;
  readonly schedule: () => { readonly running: boolean; readonly nextRun: Millis | null };
}

type Standing = Omit<
  PaymentsStatus,
  'wallet' | 'unpaidBlocks' | 'immature' | 'running' | 'nextRun'
>;

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
    const standing = await this.#standing();
    const [funds, waiting] = await Promise.all([
      this.#options.funds(),
      this.#context.ledger.waiting(),
    ]);
    const immature = funds?.coming === undefined ? null : this.#coins(funds.coming);
    return {
      ...standing,
      wallet: funds === undefined ? null : { spendable: this.#coins(funds.spendable), immature },
      unpaidBlocks: waiting.blocks,
      immature: this.#coins(waiting.reward),
      ...this.#options.schedule(),
    };
  }

  async #standing(): Promise<Standing> {
    const { coin, connection, keys } = this.#context;
    const snapshot = await readSnapshot(connection, keys);
    const { state } = snapshot;
    const audit = readVerdict(state.get('audit'));
    const books = attempt(() => readBooks(snapshot, keys, coin.decimals));
    const batch = attempt(() => openBatchOf(snapshot.batch, keys.pay('batch')));
    const open = batch.value;
    const paused = state.get('paused');
    const stopped = state.get('stopped') ?? batch.problem ?? books.problem ?? audit?.stop ?? null;
    const [last] = await readPayments(connection, keys, 1);
    const held = await this.held();
    return {
      coin: coin.name,
      symbol: coin.symbol,
      state: stateOf(stopped, paused, open),
      scheme: this.#options.scheme,
      paused:
        paused === undefined
          ? null
          : { reason: paused, since: Number(state.get('pausedTime') ?? 0) },
      stopped,
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
      owed:
        books.value === undefined
          ? null
          : this.#coins(satoshis(books.value.balances + books.value.inFlight)),
      heldPayees: held.payees.length,
      held,
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

  /** Rejects with BooksError for balances or a batch that cannot be read. */
  async balances(most: number): Promise<BalancesShown> {
    const { coin, connection, keys } = this.#context;
    const snapshot = await readSnapshot(connection, keys);
    const open = openBatchOf(snapshot.batch, keys.pay('batch'));
    const balances = readBalances(snapshot.balances, keys.balances, coin.decimals);
    const { rows, addresses, total } = balanceSheet(
      {
        balances: new Map([...balances].map(([worker, { amount }]) => [worker, amount])),
        inFlight: new Map(partsOf(open?.outputs ?? []).map((part) => [part.worker, part.amount])),
        immature: await this.#options.expected(),
        payouts: await readHash(connection, keys.payouts),
        held: await readHash(connection, keys.pay('heldPayees')),
      },
      coin.decimals,
      most,
    );
    return {
      coin: coin.name,
      symbol: coin.symbol,
      rows: rows.map(({ address, workers, held, ...sums }) => ({
        address,
        workers,
        ...this.#amounts(sums),
        held: held ?? null,
      })),
      addresses,
      total: this.#amounts(total),
    };
  }

  #amounts({ balance, inFlight, immature, paid }: Sheet['total']): AmountsShown {
    return {
      balance: this.#coins(balance),
      inFlight: this.#coins(inFlight),
      immature: this.#coins(immature),
      paid: this.#coins(paid),
    };
  }

  async dryRun(): Promise<DryRun> {
    const { coin } = this.#context;
    const { paused, stopped, openBatch } = await this.#standing();
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
    const { stopped } = await this.#standing();
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

function stateOf(
  stopped: string | null,
  paused: string | undefined,
  open: OpenBatch | undefined,
): PaymentsState {
  if (stopped !== null) return 'stopped';
  if (paused !== undefined) return 'paused';
  return open === undefined ? 'atWork' : 'batchOpen';
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
