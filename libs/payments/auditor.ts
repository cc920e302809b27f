import { DaemonError } from '../daemon/types.ts';
import { OncePer } from '../log/oncePer.ts';
import { messageOf } from '../primitives/errors.ts';
import { type Satoshis, satoshis } from '../primitives/units.ts';
import type { CoinKeys } from '../redis/keys.ts';
import { BooksError } from './books.ts';
import { commandText } from './commandText.ts';
import type { JournalEntry } from './journal.ts';
import { compareJournal, type PaymentFacts } from './journalCheck.ts';
import { readCheckedFrom } from './notes.ts';
import { type PaymentRecord, readPayments } from './paymentRecord.ts';
import type { PaymentContext } from './run.ts';
import {
  type Books,
  differenceOf,
  owedOf,
  readBooks,
  readSnapshot,
  readTotal,
  type Snapshot,
} from './snapshot.ts';
import type { WalletCoinbase, WalletWitness } from './witness.ts';

// Looks whether Redis, the journal, the wallet and the chain tell the same story. What it finds wrong stops payments,
// with the reason and the way out; mining goes on.

export interface AuditorOptions {
  readonly keys: CoinKeys;
  readonly witness: WalletWitness;
  /** The wallet's daemon as messages name it. */
  readonly daemon: string;
  readonly poolScript: Buffer;
  readonly poolAddress: string | undefined;
}

/** So many of the last payments are looked up in the wallet. */
const paymentsChecked = 20;
/** Confirmations after which a payment is not looked up again by this process. */
const deep = 30;
/** Blocks in which the first look searches for coinbases that nobody knows. */
const lookBack = 120;
/** Younger blocks may still be on their way into Redis; and the next look begins so far below the last one. */
const settleDepth = 3;
const reorgDepth = 10;
const hour = 3_600_000;

export class Auditor {
  readonly #context: PaymentContext;
  readonly #options: AuditorOptions;
  readonly #hourly: OncePer;
  readonly #deepTxids = new Set<string>();
  readonly #lost = new Map<string, WalletCoinbase>();
  #address: string | undefined;
  #searchedTo: number | undefined;
  #warnings: string[] = [];

  constructor(context: PaymentContext, options: AuditorOptions) {
    this.#context = context;
    this.#options = options;
    this.#hourly = new OncePer(hour, context.now);
  }

  /** What the last check found that does not stop payments, as sentences. */
  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /**
   * To be called before anything else: a Redis of yesterday or another wallet must not even finish what is open.
   * Rejects with BooksError when they are not those that the last payments were made with.
   */
  async identify(): Promise<void> {
    this.#warnings = [];
    const { connection } = this.#context;
    await this.#checkJournal(await readSnapshot(connection, this.#options.keys));
    await this.#checkWallet();
  }

  /** To be called before something is paid. Rejects with BooksError when nothing may be. */
  async check(): Promise<void> {
    const { connection, coin } = this.#context;
    const { keys } = this.#options;
    const snapshot = await readSnapshot(connection, keys);
    const books = readBooks(snapshot, keys, coin.decimals);
    await this.#checkSums(books, snapshot);
    await this.#checkPaid(readCheckedFrom(snapshot.state.get('checkedFrom')));
    await this.#checkFunds(owedOf(books, snapshot.batch.get('state')));
    await this.#searchCoinbases();
    await this.#sayLost();
  }

  async #checkJournal(snapshot: Snapshot): Promise<void> {
    const { journal, log, money, now } = this.#context;
    const { keys } = this.#options;
    const { batch, totals, state } = snapshot;
    const paid = readTotal(totals, 'paid', keys.pay('totals'));
    const checkedFrom = readCheckedFrom(state.get('checkedFrom'));
    const entry = await journal.last();
    const id = batch.get('id');
    const verdict = compareJournal(entry, {
      paid,
      batch: id === undefined ? undefined : { id, state: batch.get('state') ?? '' },
      closed: await this.#endOf(entry, snapshot),
      checkedFrom,
    });
    const begin: JournalEntry = { kind: 'begin', time: now(), paid, checkedFrom };
    switch (verdict) {
      case 'agrees':
        return;
      case 'none':
        return journal.add(begin);
      case 'decided':
        log.warning(
          `Since this machine's payment journal was written, the books were taken for the truth at another one, with ${money(paid)} paid: the journal goes on from there.`,
        );
        return journal.add(begin);
      case 'behind':
        log.warning(
          `Redis knows of payments that this machine's payment journal has not seen, ${money(paid)} in all: the journal goes on from there. That is right if another machine made them.`,
        );
        return journal.add(begin);
      case 'rolledBack':
        throw new BooksError('BOOKS_ROLLED_BACK', this.#rolledBack(entry, paid));
    }
  }

  /** How Redis says that the entry's batch was closed. */
  async #endOf(
    entry: JournalEntry | undefined,
    { last }: Snapshot,
  ): Promise<PaymentFacts['closed']> {
    if (entry === undefined || entry.kind === 'begin') return undefined;
    const outcome = last.get('outcome');
    // Also where an earlier version closed it, which kept no list of them.
    if (last.get('id') === entry.batch && (outcome === 'paid' || outcome === 'released')) {
      return outcome;
    }
    return this.#context.ledger.closedAs(entry.batch);
  }

  #rolledBack(entry: JournalEntry | undefined, paid: Satoshis): string {
    const { money, coin } = this.#context;
    const lacks =
      entry === undefined || entry.kind === 'begin'
        ? `${money(entry?.paid ?? paid)} had been paid, Redis knows of ${money(paid)}`
        : `it lacks payment ${entry.batch} of ${money(entry.amount)}${entry.txid === undefined ? '' : ` in transaction ${entry.txid}`}, ${new Date(entry.time).toISOString()}`;
    return `Redis holds an older state than the payment journal of this machine: ${lacks}. Whoever was paid since would be paid again. Bring Redis back to its newest state, and payments go on; or take what has been paid off the balances by hand, then say: ${commandText(coin.name, 'resolve', 'audit')}`;
  }

  async #checkWallet(): Promise<void> {
    const { witness, poolScript, poolAddress, daemon } = this.#options;
    this.#address ??= (await witness.addressOf(poolScript)) ?? poolAddress;
    if (this.#address === undefined || (await witness.owns(this.#address)) !== false) return;
    throw new BooksError(
      'BOOKS_WALLET',
      `the wallet of the daemon at ${daemon} does not own the pool's address ${this.#address}: nothing is paid from another wallet. Load the one that owns it, or name its daemon in paymentProcessing.daemon; then payments go on`,
    );
  }

  async #checkSums(books: Books, { state }: Snapshot): Promise<void> {
    const { notes } = this.#context;
    const stopped = state.get('stopped');
    if (stopped !== undefined) throw new BooksError('BOOKS_STOPPED', stopped);
    const difference = differenceOf(books);
    if (difference === 0n) return;
    const sentence = this.#unequal(books, difference);
    await notes.stop(sentence, this.#context.now());
    throw new BooksError('BOOKS_STOPPED', sentence);
  }

  #unequal(books: Books, difference: Satoshis): string {
    const { money, coin } = this.#context;
    const { keys } = this.#options;
    const came = satoshis((books.takenOver ?? 0n) + books.credited + books.adjusted);
    const off = difference > 0n ? 'too much' : 'missing';
    const amount = money(satoshis(difference > 0n ? difference : -difference));
    return `the books do not agree: ${money(came)} came in, and ${money(books.balances)} in balances, ${money(books.inFlight)} in flight and ${money(books.paid)} paid are ${amount} ${off}. Somebody has changed ${keys.balances} or ${keys.pay('totals')} by hand. Put it right if it was a mistake, then say, to take the books as they stand for the truth: ${commandText(coin.name, 'resolve', 'audit')}`;
  }

  /** `from`: payments of before have been taken for right by a person. */
  async #checkPaid(from: number): Promise<void> {
    const { connection } = this.#context;
    const { keys, witness } = this.#options;
    const payments = await readPayments(connection, keys, paymentsChecked);
    for (const payment of payments) {
      const { txid, time } = payment;
      if (time < from || this.#deepTxids.has(txid)) continue;
      const fate = await witness.fateOf(txid);
      if (fate === undefined) continue;
      if (fate.kind !== 'known') throw this.#notPaid(payment, fate.kind);
      if (this.#deepTxids.size > 1_000) this.#deepTxids.clear();
      if (fate.confirmations >= deep) this.#deepTxids.add(txid);
    }
  }

  #notPaid({ txid, paid, time }: PaymentRecord, kind: 'dead' | 'unknown'): BooksError {
    const { coin } = this.#context;
    const what = `the payment of ${paid} ${coin.symbol} in transaction ${txid} (${new Date(time).toISOString()})`;
    const done = `then say: ${commandText(coin.name, 'resolve', 'audit')}`;
    return kind === 'dead'
      ? new BooksError(
          'BOOKS_UNPAID',
          `${what} cannot be mined any more: another transaction has spent its coins, or it was abandoned. Who should have got it stands in ${this.#options.keys.payments}: add it to their balances by hand, ${done}`,
        )
      : new BooksError(
          'BOOKS_UNPAID',
          `${what} is not known to the wallet of the daemon at ${this.#options.daemon}: an old copy of the wallet is loaded, or another one. Load the right one (an old copy learns it by rescanblockchain), and payments go on; or, if the payees have their coins, ${done}`,
        );
  }

  async #checkFunds(owed: Satoshis): Promise<void> {
    const { money, coin } = this.#context;
    if (owed === 0n) return;
    const funds = await this.#options.witness.funds();
    if (funds === undefined || funds.spendable >= owed) return;
    const { spendable, coming } = funds;
    const missing = satoshis(owed - spendable);
    const rest =
      coming === undefined || coming === 0n
        ? 'no coins of immature blocks are on their way'
        : `${money(coming)} of immature blocks are on their way, which is ${coming >= missing ? 'enough' : 'not enough'}`;
    this.#warn(
      'short',
      `The wallet of ${coin.name} can spend ${money(spendable)}, and ${money(owed)} are owed: ${money(missing)} are missing; ${rest}.`,
    );
  }

  /** Blocks that pay the pool and that no list of ours has: nobody would ever be credited for them. */
  async #searchCoinbases(): Promise<void> {
    const { witness } = this.#options;
    if (this.#address === undefined) return;
    try {
      const tip = await witness.tip();
      if (tip === undefined || tip.height === this.#searchedTo) return;
      const from = Math.min((this.#searchedTo ?? tip.height - lookBack) - reorgDepth, tip.height);
      const since = await witness.hashAt(Math.max(0, from));
      if (since === undefined) return;
      const coinbases = await witness.coinbases(this.#address, since, settleDepth);
      if (coinbases === undefined) return;
      for (const coinbase of coinbases) this.#lost.set(coinbase.blockHash, coinbase);
      this.#searchedTo = tip.height;
    } catch (error) {
      // A list that is too large to be read: only a warning would come of it.
      if (!(error instanceof DaemonError) || error.kind !== 'badReply') throw error;
      this.#context.log.debug(`Coinbases could not be searched: ${messageOf(error)}.`);
    }
  }

  async #sayLost(): Promise<void> {
    const { ledger, money, coin } = this.#context;
    for (const [hash, coinbase] of this.#lost) {
      if (await ledger.knowsBlock(coinbase)) {
        this.#lost.delete(hash);
        continue;
      }
      const { txid, height, amount } = coinbase;
      if (height !== undefined && (await this.#options.witness.hashAt(height)) !== hash) {
        this.#lost.delete(hash);
        continue;
      }
      this.#warn(
        `lost ${hash}`,
        `Block ${height ?? ''} (${hash}) of ${coin.name} pays ${amount === undefined ? 'the pool' : `${money(amount)} to the pool`}, and is in no list of its blocks: nobody is credited for it. If the pool found it: SADD ${this.#options.keys.blocksPending} ${hash}:${txid}:${height ?? '<height>'}; it is then held until its round has shares.`,
      );
    }
  }

  #warn(key: string, sentence: string): void {
    this.#warnings.push(sentence);
    if (this.#hourly.allows(key)) this.#context.log.warning(sentence);
  }
}
