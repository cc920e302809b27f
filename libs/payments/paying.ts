import { messageOf } from '../primitives/errors.ts';
import { parseCoins } from '../primitives/money.ts';
import { type Satoshis, satoshis } from '../primitives/units.ts';
import { type OpenBatch, totalOf } from './batch.ts';
import { type Balances, BooksError } from './books.ts';
import { commandText } from './commandText.ts';
import { waitUntilDurable } from './durable.ts';
import { type JournalEntry, JournalError } from './journal.ts';
import type { Guard } from './ledger.ts';
import { readPayments } from './paymentRecord.ts';
import { type PayoutPlan, type PlannedOutput, planPayouts } from './payoutPlan.ts';
import type { Refusal } from './refusals.ts';
import { type PaymentContext, RunReport } from './run.ts';
import type { Payee, PayeeLookup } from './types.ts';
import { commentOf, type SendOutcome, type SignedTx, type ToldFee, type Wallet } from './wallet.ts';

// From balances to transactions: intent, then sign, then send, then settle. Each step is on record before the next
// one begins, so that whoever comes after a crash knows what may have happened.

export interface PayingOptions {
  readonly wallet: Wallet;
  readonly payee: PayeeLookup;
  /** Coins as decimal text. */
  readonly minimumPayment: string;
}

const maxOutputs = 500;
/** Of payments that were settled without it; the others wait for the next run. */
const mostFees = 20;
/** Bitcoin's dust limit. Where it is higher, the daemon refuses, and the smallest amounts are left out. */
const leastDust = satoshis(546n);
/** Refusals in one run after which the rest waits for the next one. */
const mostRefusals = 12;
/** The list of payments has no more. */
const mostPayments = 10_000;
/** Left out of the sum after a refusal for want of funds, ten times more after each next one: a fee is small. */
const firstCut = 100_000n;

type BatchEnd =
  | { readonly kind: 'paid' }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** A balance changed between planning and intent. */
  | { readonly kind: 'again' }
  | { readonly kind: 'unknown' };

export interface Preview {
  readonly plan: PayoutPlan;
  readonly spendable: Satoshis;
}

export interface Resolved {
  readonly ok: boolean;
  readonly text: string;
}

export class Paying {
  readonly #context: PaymentContext;
  readonly #wallet: Wallet;
  readonly #payee: PayeeLookup;
  readonly #minimum: Satoshis;

  /** Throws RangeError if minimumPayment is no amount of coins. */
  constructor(context: PaymentContext, options: PayingOptions) {
    this.#context = context;
    this.#wallet = options.wallet;
    this.#payee = options.payee;
    const minimum = parseCoins(options.minimumPayment, context.coin.decimals);
    if (minimum === undefined || minimum < 0n) {
      throw new RangeError(`minimumPayment "${options.minimumPayment}" is no amount of coins`);
    }
    this.#minimum = minimum;
  }

  /**
   * Brings a batch that an earlier run left open to its end. False while it cannot be known whether it was paid:
   * nothing else may be paid then.
   */
  async recover(report: RunReport): Promise<boolean> {
    const { ledger, connection, log, said, coin } = this.#context;
    const batch = await ledger.openBatch();
    switch (batch?.state) {
      case undefined:
        return true;
      case 'intent':
        await this.#release(batch);
        log.warning(
          `Payment ${batch.id} had not been sent when it was interrupted; ${this.#context.money(totalOf(batch.outputs))} are back in the balances.`,
        );
        return true;
      case 'signed':
        // Whoever put it there may have died before it was safe.
        await waitUntilDurable(connection);
        return (await this.#send(batch, report)).kind !== 'unknown';
      case 'sending': {
        const txid = await this.#wallet.findSent(batch.comment, batch.since);
        if (txid !== undefined) {
          await this.#settle(batch, txid, await this.#wallet.feeOf(txid), report);
          return true;
        }
        const sentence = `it is not known whether payment ${batch.id} of ${this.#context.money(totalOf(batch.outputs))} was sent`;
        report.problem(sentence);
        if (said.allows('unfound')) {
          log.error(
            `Payments of ${coin.name} stand still: ${sentence}. The wallet shows no transaction with the comment "${batch.comment}"; payments go on when it does. If its transaction is known: ${commandText(coin.name, 'resolve', 'paid', '<txid>')}. Only if it is sure that it was never sent, to give the money back to the balances: ${commandText(coin.name, 'resolve', 'unpaid')}`,
          );
        }
        return false;
      }
    }
  }

  /** Books what the wallet would not tell when a payment was settled. */
  async bookFees(): Promise<void> {
    const { ledger } = this.#context;
    for (const txid of (await ledger.unknownFees()).slice(0, mostFees)) {
      const fee = await this.#wallet.feeOf(txid);
      if (fee !== 'unknown') await ledger.bookFee(txid, fee);
    }
  }

  /** What a run would pay now, and why not the rest. Changes nothing. Rejects as recover does. */
  async preview(): Promise<Preview> {
    const balances = await this.#context.ledger.balances();
    const spendable = await this.#wallet.spendable();
    const plan = await this.#plan(balances, new Map(), new Map(), spendable, leastDust);
    return { plan, spendable };
  }

  /** A person says that the open batch was paid by this transaction. A sentence of what came of it. */
  async resolvePaid(txid: string): Promise<Resolved> {
    const { ledger, connection, keys } = this.#context;
    const batch = await ledger.openBatch();
    if (batch?.state !== 'sending') return this.#nothingUnknown(batch);
    const payments = await readPayments(connection, keys, mostPayments);
    const booked = payments.some((payment) => payment.txid === txid);
    const fault = booked
      ? 'it is booked already, for another batch'
      : await this.#wallet.whyNotPaidBy(txid, batch.outputs);
    if (fault !== undefined) {
      return {
        ok: false,
        text: `Transaction ${txid} is not the one of batch ${batch.id}: ${fault}.`,
      };
    }
    return this.#bookBySaying(batch, txid);
  }

  /** A person says that the open batch was never sent. */
  async resolveUnpaid(): Promise<Resolved> {
    const { ledger, money } = this.#context;
    const batch = await ledger.openBatch();
    if (batch?.state !== 'sending') return this.#nothingUnknown(batch);
    const txid = await this.#wallet.findSent(batch.comment, batch.since);
    if (txid !== undefined) return this.#bookBySaying(batch, txid);
    await this.#release(batch);
    return {
      ok: true,
      text: `Batch ${batch.id} counts as never sent: ${money(totalOf(batch.outputs))} are back in the balances.`,
    };
  }

  async #bookBySaying(batch: OpenBatch, txid: string): Promise<Resolved> {
    await this.#settle(batch, txid, await this.#wallet.feeOf(txid), new RunReport());
    const paid = this.#context.money(totalOf(batch.outputs));
    return { ok: true, text: `Batch ${batch.id} is booked: ${paid} were paid in ${txid}.` };
  }

  #nothingUnknown(batch: OpenBatch | undefined): Resolved {
    const text =
      batch === undefined
        ? 'No payment batch is open: there is nothing to resolve.'
        : `Batch ${batch.id} needs no word: the next run ${batch.state === 'intent' ? 'gives it back to the balances, since nothing was sent' : 'sends the same transaction again, which is harmless'}.`;
    return { ok: false, text };
  }

  /** Pays what is due, in as many transactions as it takes. Rejects as recover does. */
  async run(report: RunReport): Promise<void> {
    const { ledger, notes, log, money } = this.#context;
    const refused = new Map<string, string>();
    const payees = new Map<string, Payee>();
    let dust = leastDust;
    let cap: bigint | undefined;
    let refusals = 0;
    let cut = firstCut;
    for (;;) {
      this.#context.checkStop();
      if (await this.#isPaused()) return;
      const balances = await ledger.balances();
      const owed = [...balances.values()].some(({ amount }) => amount > 0n);
      const spendable = owed ? await this.#wallet.spendable() : satoshis(0n);
      const limit = cap === undefined || cap > spendable ? spendable : satoshis(cap);
      const plan = await this.#plan(balances, payees, refused, limit, dust);
      report.held = plan.held.map(({ worker, reason }) => ({ worker, reason }));
      await notes.holdPayees(new Map(plan.held.map(({ worker, reason }) => [worker, reason])));
      const [outputs] = plan.batches;
      if (outputs === undefined) {
        this.#sayShort(plan, spendable);
        return;
      }

      const total = totalOf(outputs);
      const end = await this.#payBatch(outputs, balances, report);
      if (end.kind === 'unknown') return;
      if (end.kind === 'paid') {
        if (cap !== undefined) cap -= total;
        continue;
      }
      refusals += 1;
      if (end.kind === 'again') {
        if (refusals < mostRefusals) continue;
        return this.#giveUp('somebody else keeps changing the balances', report);
      }
      const { why, reason } = end.refusal;
      if (refusals >= mostRefusals) return this.#giveUp(reason, report);
      switch (why) {
        case 'tooMuch':
          cap = total - (cut < total / 2n ? cut : total / 2n + 1n);
          cut *= 10n;
          log.debug(`${money(total)} cannot be paid now (${reason}); trying less.`);
          break;
        case 'tooSmall': {
          // The outputs come by size.
          const smallest = outputs.at(-1)?.amount ?? total;
          dust = satoshis(smallest * 2n);
          log.debug(
            `The daemon refuses small amounts (${reason}): below ${money(dust)} nothing is paid until more is owed.`,
          );
          break;
        }
        case 'address': {
          const invalid = await this.#wallet.invalidAddresses(
            outputs.map(({ address }) => address),
          );
          for (const address of invalid)
            refused.set(address, 'the daemon calls its address invalid');
          if (invalid.size > 0) break;
          return this.#giveUp(reason, report);
        }
        case 'inputTaken':
        case 'notNow':
          return this.#giveUp(reason, report);
      }
    }
  }

  async #isPaused(): Promise<boolean> {
    const { notes, log, said, coin } = this.#context;
    const reason = await notes.paused();
    if (reason === undefined) return false;
    if (said.allows('paused')) log.debug(`Payments of ${coin.name} are paused: ${reason}.`);
    return true;
  }

  #giveUp(reason: string, report: RunReport): void {
    const { log, said, coin } = this.#context;
    report.problem(reason);
    if (said.allows('refused')) {
      log.warning(`Payments of ${coin.name} wait, nothing was sent: ${reason}.`);
    }
  }

  /** `known`: payees that were looked up earlier in this run. */
  async #plan(
    balances: Balances,
    known: Map<string, Payee>,
    refused: ReadonlyMap<string, string>,
    spendable: Satoshis,
    dust: Satoshis,
  ): Promise<PayoutPlan> {
    const payees = new Map<string, Payee>();
    const amounts = new Map<string, Satoshis>();
    for (const [worker, { amount }] of balances) {
      if (amount === 0n) continue;
      amounts.set(worker, amount);
      const payee = known.get(worker) ?? (await this.#lookUp(worker));
      known.set(worker, payee);
      const reason = payee.ok ? refused.get(payee.address) : undefined;
      payees.set(worker, reason === undefined ? payee : { ok: false, reason });
    }
    return planPayouts({
      balances: amounts,
      payees,
      minimum: this.#minimum,
      dust,
      spendable,
      maxOutputs,
    });
  }

  async #lookUp(worker: string): Promise<Payee> {
    try {
      return await this.#payee(worker);
    } catch (error) {
      return { ok: false, reason: `its address could not be checked (${messageOf(error)})` };
    }
  }

  #sayShort(plan: PayoutPlan, spendable: Satoshis): void {
    const { said, log, money } = this.#context;
    const short = plan.waiting.filter(({ why }) => why === 'walletShort');
    if (short.length === 0 || !said.allows('short')) return;
    const missing = totalOf(short.map(({ output }) => output));
    log.warning(
      `${money(missing)} for ${short.length} address(es) wait: the wallet can spend ${money(spendable)} now, fees to be paid from it.`,
    );
  }

  async #payBatch(
    outputs: readonly PlannedOutput[],
    balances: Balances,
    report: RunReport,
  ): Promise<BatchEnd> {
    const { ledger, step } = this.#context;
    const canBuild = await this.#wallet.canBuild();
    const since = canBuild ? '' : await this.#wallet.bestBlock();
    const batch = await ledger.intend(outputs, balances);
    if (batch === undefined) return { kind: 'again' };
    await step('intended');
    if (!canBuild) return this.#sendMany(batch, since, report);
    return this.#buildAndSend(batch, report);
  }

  async #buildAndSend(batch: OpenBatch, report: RunReport): Promise<BatchEnd> {
    const { ledger, connection, step } = this.#context;
    const tx = await this.#build(batch);
    if ('refusal' in tx) return { kind: 'refused', refusal: tx.refusal };
    await step('built');
    await ledger.markSigned(batch, tx);
    await waitUntilDurable(connection);
    await step('signed');
    return this.#send({ ...batch, state: 'signed', tx }, report);
  }

  /** A signed transaction; or the batch is released again. */
  async #build(batch: OpenBatch): Promise<SignedTx | { readonly refusal: Refusal }> {
    try {
      const guard = await this.#checkGuard();
      const built = await this.#wallet.build(batch.outputs, guard);
      if (built.ok) return built.tx;
      await this.#release(batch);
      return { refusal: built.refusal };
    } catch (error) {
      // Nothing was sent, whatever it was.
      await this.#release(batch);
      throw error;
    }
  }

  /** The output that the next transaction must spend, unless a transaction that was given up is alive after all. */
  async #checkGuard(): Promise<string | undefined> {
    const { ledger, coin } = this.#context;
    const txid = await this.revived();
    if (txid === undefined) return (await ledger.guard())?.outpoint;
    throw new BooksError(
      'BOOKS_REVIVED',
      `the daemon refused transaction ${txid}, the money went back to the balances, and yet the wallet has it: take what it pays off the balances by hand, then say: ${commandText(coin.name, 'resolve', 'audit')}`,
    );
  }

  /** A transaction that was given up, its money given back, and that the wallet has all the same. */
  async revived(): Promise<string | undefined> {
    for (const txid of (await this.#context.ledger.guard())?.txids ?? []) {
      if (await this.#wallet.isAlive(txid)) return txid;
    }
    return undefined;
  }

  async #send(
    batch: Extract<OpenBatch, { state: 'signed' }>,
    report: RunReport,
  ): Promise<BatchEnd> {
    const { ledger, log, money } = this.#context;
    await this.#announce(batch, batch.tx.txid);
    const outcome = await this.#wallet.broadcast(batch.tx);
    await this.#context.step('sent');
    switch (outcome.kind) {
      case 'sent':
        await this.#settle(batch, outcome.txid, batch.tx.fee, report);
        return { kind: 'paid' };
      case 'unknown':
        this.#sayUnknown(batch, outcome, report);
        return { kind: 'unknown' };
      case 'refused': {
        // Nobody may send it later beside its successor: that one must spend an input of it.
        const old = await ledger.guard();
        const { txid, inputs } = batch.tx;
        const outpoint =
          old !== undefined && inputs.includes(old.outpoint) ? old.outpoint : (inputs[0] ?? '');
        await this.#release(batch, { outpoint, txids: [...(old?.txids ?? []), txid] });
        await this.#wallet.unlock(batch.tx);
        log.warning(
          `The daemon refused transaction ${txid} (${outcome.refusal.reason}); ${money(totalOf(batch.outputs))} are back in the balances.`,
        );
        return { kind: 'refused', refusal: outcome.refusal };
      }
    }
  }

  async #sendMany(batch: OpenBatch, since: string, report: RunReport): Promise<BatchEnd> {
    const { ledger, connection, step } = this.#context;
    const comment = commentOf(batch.id, batch.outputs);
    await ledger.markSending(batch, comment, since);
    await waitUntilDurable(connection);
    await step('sending');
    const sending: OpenBatch = { ...batch, state: 'sending', comment, since };
    await this.#announce(sending, undefined);
    const outcome = await this.#wallet.sendMany(batch.outputs, comment, since);
    await step('sent');
    switch (outcome.kind) {
      case 'sent':
        await this.#settle(sending, outcome.txid, await this.#wallet.feeOf(outcome.txid), report);
        return { kind: 'paid' };
      case 'unknown':
        this.#sayUnknown(sending, outcome, report);
        return { kind: 'unknown' };
      case 'refused':
        await this.#release(sending);
        return { kind: 'refused', refusal: outcome.refusal };
    }
  }

  /**
   * The last thing before money can move: the batch is on Redis' disk, whoever has lost the lease ends here, and the
   * journal knows.
   */
  async #announce(batch: OpenBatch, txid: string | undefined): Promise<void> {
    const { ledger, lease, journal, step } = this.#context;
    await lease.renew();
    await ledger.checkOpen(batch);
    const last = await journal.last();
    if (last?.kind !== 'sending' || last.batch !== batch.id) {
      await journal.add(await this.#entry('sending', batch, txid));
    }
    await step('journaled');
  }

  async #entry(
    kind: 'sending' | 'settled' | 'released',
    batch: OpenBatch,
    txid?: string,
  ): Promise<JournalEntry> {
    const { ledger, notes, now } = this.#context;
    const paid = await ledger.paid();
    const checkedFrom = await notes.checkedFrom();
    const amount = totalOf(batch.outputs);
    const facts = { kind, time: now(), batch: batch.id, amount, paid, checkedFrom };
    return txid === undefined ? facts : { ...facts, txid };
  }

  async #release(batch: OpenBatch, guard?: Guard): Promise<void> {
    const { ledger, step } = this.#context;
    await ledger.release(batch, guard);
    await step('released');
    if (batch.state !== 'intent') await this.#journal('released', batch);
  }

  /** The books have it: a journal that cannot be written now is mended at the next step. */
  async #journal(kind: 'settled' | 'released', batch: OpenBatch, txid?: string): Promise<void> {
    const { journal, log } = this.#context;
    try {
      await journal.add(await this.#entry(kind, batch, txid));
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      log.error(`Payment ${batch.id} is ${kind}, but ${messageOf(error)}.`);
    }
  }

  async #settle(batch: OpenBatch, txid: string, fee: ToldFee, report: RunReport): Promise<void> {
    const { ledger, log, money, tell, step } = this.#context;
    await ledger.settle(batch, txid, fee);
    await step('settled');
    await this.#journal('settled', batch, txid);
    const amount = totalOf(batch.outputs);
    const addresses = batch.outputs.length;
    report.paid.push({ txid, amount });
    log.special(
      `Paid ${money(amount)} to ${addresses} address${addresses === 1 ? '' : 'es'} in transaction ${txid}.`,
    );
    tell({ type: 'payment', txid, paid: amount, addresses });
  }

  #sayUnknown(
    batch: OpenBatch,
    { reason }: Extract<SendOutcome, { kind: 'unknown' }>,
    report: RunReport,
  ): void {
    const { log, said, money } = this.#context;
    report.problem(reason);
    if (!said.allows('unknown')) return;
    const next =
      batch.state === 'signed'
        ? 'The same transaction is sent again at the next run'
        : 'The wallet is searched for it at the next run';
    log.warning(
      `It is not known yet whether payment ${batch.id} of ${money(totalOf(batch.outputs))} was sent (${reason}). ${next}; nothing else is paid until that is known.`,
    );
  }
}
