import { createHash } from 'node:crypto';
import { type DaemonClient, DaemonError, DecimalText } from '../daemon/types.ts';
import { messageOf } from '../primitives/errors.ts';
import { formatCoinsFixed, parseCoinsFloor } from '../primitives/money.ts';
import { type Satoshis, satoshis } from '../primitives/units.ts';
import { isRecord, own } from '../primitives/unknown.ts';
import type { PlannedOutput } from './payoutPlan.ts';
import {
  isAlreadyThere,
  isBeforeSending,
  type Refusal,
  refusalOf,
  rejectionOf,
} from './refusals.ts';
import {
  type DecodedTx,
  isOutage,
  readAmount,
  readInteger,
  readTx,
  readTxid,
  rpcCodeOf,
  type TxOutput,
} from './rpcReplies.ts';

// The wallet's daemon as payments see it. Building and signing move no money; each call that moves some ends in one of
// three ways: done, definitely not, or unknown. Unknown is never taken for either.

/** A signed transaction, not sent yet. Sending the same hex twice is harmless. */
export interface SignedTx {
  readonly txid: string;
  readonly hex: string;
  /** Paid by the pool's wallet, never by the payees. */
  readonly fee: Satoshis;
  /** `txid:vout` each. */
  readonly inputs: readonly string[];
}

export type BuildOutcome =
  | { readonly ok: true; readonly tx: SignedTx }
  | { readonly ok: false; readonly refusal: Refusal };

export type SendOutcome =
  | { readonly kind: 'sent'; readonly txid: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'unknown'; readonly reason: string };

/** 'notTold': the wallet has answered, and does not tell. 'unknown': ask again. */
export type ToldFee = Satoshis | 'notTold' | 'unknown';

export interface Wallet {
  /** What can be spent now. Rejects with DaemonError. */
  spendable(): Promise<Satoshis>;
  /** Whether the daemon can build and sign without sending. Rejects with DaemonError. */
  canBuild(): Promise<boolean>;
  /** Builds, signs and checks a transaction; nothing is sent. Rejects with DaemonError on an outage. */
  build(outputs: readonly PlannedOutput[], mustSpend: string | undefined): Promise<BuildOutcome>;
  /** Sends what was built, as often as it takes. Never rejects. */
  broadcast(tx: SignedTx): Promise<SendOutcome>;
  /** Lets go of the inputs of a transaction that is given up. Never rejects. */
  unlock(tx: SignedTx): Promise<void>;
  /** For daemons that cannot build: sends at once. `since` is the best block of before. Never rejects. */
  sendMany(outputs: readonly PlannedOutput[], comment: string, since: string): Promise<SendOutcome>;
  /** The best block now: where a search for what is sent from now on can begin. Rejects with DaemonError. */
  bestBlock(): Promise<string>;
  /** The wallet's transaction with this comment, sent since that block. Rejects with DaemonError. */
  findSent(comment: string, since: string): Promise<string | undefined>;
  /** Whether the wallet has this transaction, confirmed or waiting. Rejects with DaemonError on an outage. */
  isAlive(txid: string): Promise<boolean>;
  /** What the wallet paid to the miners of its own transaction. Never rejects. */
  feeOf(txid: string): Promise<ToldFee>;
  /** Why this transaction is no payment of these outputs; undefined if it is one. Rejects with DaemonError on an outage. */
  whyNotPaidBy(txid: string, outputs: readonly PlannedOutput[]): Promise<string | undefined>;
  /** Those of `addresses` that the daemon calls invalid. Rejects with DaemonError. */
  invalidAddresses(addresses: readonly string[]): Promise<ReadonlySet<string>>;
}

export interface WalletOptions {
  readonly client: DaemonClient;
  readonly decimals: number;
  /** Old daemons keep the pool's coins in this address's account. */
  readonly poolAddress?: string;
}

/** A wallet with many addresses and inputs takes its time, milliseconds. */
const patience = 120_000;
/** A fee above a tenth of what is paid is a mistake, or makes the payment not worth it. */
const largestFeeShare = 10n;
/** A conflicting transaction this deep in the chain will not go away. */
const deepConflict = -6;

export function createWallet(options: WalletOptions): Wallet {
  return new DaemonWallet(options);
}

/** The comment that names a batch: its id, and a hash of who gets what. */
export function commentOf(batchId: string, outputs: readonly PlannedOutput[]): string {
  const hash = createHash('sha256');
  for (const { script, amount } of outputs) hash.update(`${script}:${amount}\n`);
  return `payment ${batchId} ${hash.digest('hex').slice(0, 16)}`;
}

class DaemonWallet implements Wallet {
  readonly #client: DaemonClient;
  readonly #decimals: number;
  readonly #poolAddress: string | undefined;
  #signMethod: string | undefined;

  constructor(options: WalletOptions) {
    this.#client = options.client;
    this.#decimals = options.decimals;
    this.#poolAddress = options.poolAddress;
  }

  #call(method: string, params: readonly unknown[] = []): Promise<unknown> {
    return this.#client.call(method, params, { exactNumbers: true, timeout: patience });
  }

  async spendable(): Promise<Satoshis> {
    const balance = await this.#call('getbalance');
    const amount =
      balance instanceof DecimalText ? parseCoinsFloor(balance.text, this.#decimals) : undefined;
    if (amount === undefined) throw this.#odd('getbalance', 'no amount');
    return amount < 0n ? satoshis(0n) : amount;
  }

  async canBuild(): Promise<boolean> {
    if (this.#signMethod !== undefined) return true;
    if (!(await this.#knows('fundrawtransaction'))) return false;
    for (const method of ['signrawtransactionwithwallet', 'signrawtransaction']) {
      if (!(await this.#knows(method))) continue;
      this.#signMethod = method;
      return true;
    }
    return false;
  }

  /** A call without its parameters does nothing: a known method complains of that, an unknown one is -32601. */
  async #knows(method: string): Promise<boolean> {
    try {
      await this.#call(method);
      return true;
    } catch (error) {
      if (isOutage(error)) throw error;
      return rpcCodeOf(error) !== -32601;
    }
  }

  async build(
    outputs: readonly PlannedOutput[],
    mustSpend: string | undefined,
  ): Promise<BuildOutcome> {
    try {
      const inputs = mustSpend === undefined ? 'none' : await this.#inputFor(mustSpend);
      if (inputs === 'taken') {
        return refuse(
          'inputTaken',
          `the output ${mustSpend} must be spent first, and an unconfirmed transaction spends it`,
        );
      }
      return await this.#build(outputs, inputs === 'none' ? [] : [inputs]);
    } catch (error) {
      if (isOutage(error)) throw error;
      return { ok: false, refusal: refusalOf(error) };
    }
  }

  async #build(
    outputs: readonly PlannedOutput[],
    inputs: readonly unknown[],
  ): Promise<BuildOutcome> {
    const raw = await this.#call('createrawtransaction', [inputs, this.#amounts(outputs)]);
    const funded = await this.#call('fundrawtransaction', [raw]);
    if (!isRecord(funded)) throw this.#odd('fundrawtransaction', 'no transaction');
    const fee = readAmount(own(funded, 'fee'), this.#decimals);
    if (fee === undefined || fee < 0n) throw this.#odd('fundrawtransaction', 'no fee');

    const method = this.#signMethod ?? 'signrawtransactionwithwallet';
    const signed = await this.#call(method, [own(funded, 'hex')]);
    const hex = isRecord(signed) ? own(signed, 'hex') : undefined;
    if (!isRecord(signed) || typeof hex !== 'string') throw this.#odd(method, 'no transaction');
    if (own(signed, 'complete') !== true) {
      return refuse('notNow', 'the wallet cannot sign for all of its inputs');
    }

    const decoded = readTx(await this.#call('decoderawtransaction', [hex]), this.#decimals);
    if (decoded === undefined) throw this.#odd('decoderawtransaction', 'no readable transaction');
    const fault = (await this.#faultIn(decoded, outputs)) ?? feeFault(fee, outputs, this.#decimals);
    if (fault !== undefined) return refuse('notNow', fault);
    const rejection = await this.#testAccept(hex);
    if (rejection !== undefined) return { ok: false, refusal: rejection };
    return { ok: true, tx: { txid: decoded.txid, hex, fee, inputs: decoded.inputs } };
  }

  #amounts(outputs: readonly PlannedOutput[]): Readonly<Record<string, DecimalText>> {
    return Object.fromEntries(
      outputs.map(({ address, amount }) => [
        address,
        new DecimalText(formatCoinsFixed(amount, this.#decimals)),
      ]),
    );
  }

  /** Every payee exactly once with exactly its amount, and besides at most one output, which comes back to the wallet. */
  async #faultIn(tx: DecodedTx, outputs: readonly PlannedOutput[]): Promise<string | undefined> {
    const others = outputsBeside(tx, outputs);
    if (others === undefined)
      return 'the transaction that the daemon built does not pay what was planned';
    const [change, ...more] = others;
    if (more.length > 0)
      return 'the transaction that the daemon built has outputs nobody asked for';
    if (change?.address !== undefined && (await this.#isMine(change.address)) === false) {
      return `the change of the transaction that the daemon built goes to ${change.address}, which is not the wallet's`;
    }
    return undefined;
  }

  async #isMine(address: string): Promise<boolean | undefined> {
    for (const method of ['getaddressinfo', 'validateaddress']) {
      try {
        const facts = await this.#call(method, [address]);
        const mine = isRecord(facts) ? own(facts, 'ismine') : undefined;
        if (typeof mine === 'boolean') return mine;
      } catch (error) {
        if (isOutage(error)) throw error;
      }
    }
    return undefined;
  }

  /** Asks the mempool beforehand, where the daemon can: a refusal is free until the transaction is on record. */
  async #testAccept(hex: string): Promise<Refusal | undefined> {
    let answer: unknown;
    try {
      answer = await this.#call('testmempoolaccept', [[hex]]);
    } catch (error) {
      if (isOutage(error)) throw error;
      return undefined;
    }
    const verdict: unknown = Array.isArray(answer) ? answer[0] : undefined;
    if (!isRecord(verdict) || own(verdict, 'allowed') !== false) return undefined;
    const reason = own(verdict, 'reject-reason');
    return rejectionOf(typeof reason === 'string' ? reason : 'no reason given');
  }

  /** The input as createrawtransaction takes it, 'none' when it is spent for good, 'taken' when that is not sure yet. */
  async #inputFor(outpoint: string): Promise<{ txid: string; vout: number } | 'none' | 'taken'> {
    const input = inputOf(outpoint);
    const free = await this.#call('gettxout', [input.txid, input.vout, true]);
    if (isRecord(free)) return input;
    const unspent = await this.#call('gettxout', [input.txid, input.vout, false]);
    return isRecord(unspent) ? 'taken' : 'none';
  }

  async broadcast(tx: SignedTx): Promise<SendOutcome> {
    await this.#lock(tx, false);
    try {
      const txid = readTxid(await this.#call('sendrawtransaction', [tx.hex]));
      if (txid === tx.txid) return { kind: 'sent', txid };
      return { kind: 'unknown', reason: 'sendrawtransaction answered with another txid' };
    } catch (error) {
      if (isAlreadyThere(error)) return { kind: 'sent', txid: tx.txid };
      if (isOutage(error)) return { kind: 'unknown', reason: messageOf(error) };
      return this.#judgeRefusal(tx, error);
    }
  }

  /** A node that knows a transaction for long, spent outputs and all, may say "missing inputs": the wallet knows better. */
  async #judgeRefusal(tx: SignedTx, error: unknown): Promise<SendOutcome> {
    const refused: SendOutcome = { kind: 'refused', refusal: refusalOf(error) };
    let known: unknown;
    try {
      known = await this.#client.call('gettransaction', [tx.txid]);
    } catch (lookup) {
      if (rpcCodeOf(lookup) === -5) return (await this.#hasOutputs(tx)) ?? refused;
      return { kind: 'unknown', reason: `${messageOf(error)}; ${messageOf(lookup)}` };
    }
    const confirmations = isRecord(known) ? own(known, 'confirmations') : undefined;
    if (typeof confirmations !== 'number') return { kind: 'unknown', reason: messageOf(error) };
    if (confirmations > 0) return { kind: 'sent', txid: tx.txid };
    return confirmations <= deepConflict
      ? refused
      : { kind: 'unknown', reason: `${messageOf(error)}; the wallet keeps the transaction` };
  }

  /** A wallet that was restored from an old copy may not know a transaction that the chain has. */
  async #hasOutputs(tx: SignedTx): Promise<SendOutcome | undefined> {
    try {
      const decoded = readTx(await this.#call('decoderawtransaction', [tx.hex]), this.#decimals);
      for (const index of decoded?.outputs.keys() ?? []) {
        const unspent = await this.#call('gettxout', [tx.txid, index, true]);
        if (isRecord(unspent)) return { kind: 'sent', txid: tx.txid };
      }
      return undefined;
    } catch (error) {
      return { kind: 'unknown', reason: messageOf(error) };
    }
  }

  unlock(tx: SignedTx): Promise<void> {
    return this.#lock(tx, true);
  }

  /** So that nobody who uses the wallet beside us spends the inputs. A convenience only: sending checks them anyway. */
  async #lock(tx: SignedTx, unlock: boolean): Promise<void> {
    const calls = tx.inputs.map((outpoint) => ({
      method: 'lockunspent',
      params: [unlock, [inputOf(outpoint)]],
    }));
    // One that is locked or spent already, or an old daemon without the call, is no trouble.
    await this.#client.batch(calls).catch(() => undefined);
  }

  async sendMany(
    outputs: readonly PlannedOutput[],
    comment: string,
    since: string,
  ): Promise<SendOutcome> {
    let account: string;
    try {
      account = await this.#account();
    } catch (error) {
      return { kind: 'refused', refusal: { why: 'notNow', reason: messageOf(error) } };
    }
    try {
      const params = [account, this.#amounts(outputs), 1, comment];
      const txid = readTxid(await this.#call('sendmany', params));
      if (txid !== undefined) return { kind: 'sent', txid };
      return { kind: 'unknown', reason: 'sendmany answered without a txid' };
    } catch (error) {
      if (!(error instanceof DaemonError) || error.mayHaveRun) {
        return { kind: 'unknown', reason: messageOf(error) };
      }
      if (error.kind === 'rpc' && !isBeforeSending(error)) {
        return this.#searchAfter(error, comment, since);
      }
      return { kind: 'refused', refusal: refusalOf(error) };
    }
  }

  /**
   * An error such as -4 "Transaction commit failed": some versions have put the transaction into the wallet by then, and
   * send it later. The call is over, so that a search tells for sure.
   */
  async #searchAfter(error: unknown, comment: string, since: string): Promise<SendOutcome> {
    try {
      const txid = await this.findSent(comment, since);
      if (txid !== undefined) return { kind: 'sent', txid };
      return { kind: 'refused', refusal: refusalOf(error) };
    } catch (search) {
      return { kind: 'unknown', reason: `${messageOf(error)}; ${messageOf(search)}` };
    }
  }

  async #account(): Promise<string> {
    if (this.#poolAddress === undefined) return '';
    try {
      const account = await this.#client.call('getaccount', [this.#poolAddress]);
      return typeof account === 'string' ? account : '';
    } catch (error) {
      if (isOutage(error)) throw error;
      return '';
    }
  }

  async bestBlock(): Promise<string> {
    const height = await this.#client.call('getblockcount');
    const hash = readTxid(await this.#client.call('getblockhash', [height]));
    if (hash === undefined) throw this.#odd('getblockhash', 'no hash');
    return hash;
  }

  async findSent(comment: string, since: string): Promise<string | undefined> {
    const answer = await this.#call('listsinceblock', [since]);
    const list = isRecord(answer) ? own(answer, 'transactions') : undefined;
    if (!Array.isArray(list)) throw this.#odd('listsinceblock', 'no transactions');
    const found = list
      .filter(isRecord)
      .filter((entry) => (readInteger(own(entry, 'confirmations')) ?? 0) >= 0)
      .find((entry) => own(entry, 'comment') === comment);
    return found && readTxid(own(found, 'txid'));
  }

  async isAlive(txid: string): Promise<boolean> {
    try {
      const tx = await this.#client.call('gettransaction', [txid]);
      return !isRecord(tx) || Number(own(tx, 'confirmations')) >= 0;
    } catch (error) {
      if (isOutage(error)) throw error;
      return false;
    }
  }

  async whyNotPaidBy(txid: string, outputs: readonly PlannedOutput[]): Promise<string | undefined> {
    let known: unknown;
    let decoded: DecodedTx | undefined;
    try {
      known = await this.#client.call('gettransaction', [txid]);
      const hex = isRecord(known) ? own(known, 'hex') : undefined;
      decoded = readTx(await this.#call('decoderawtransaction', [hex]), this.#decimals);
    } catch (error) {
      if (isOutage(error)) throw error;
      return `the wallet does not know it (${messageOf(error)})`;
    }
    if (decoded === undefined) return 'the daemon does not show its outputs';
    if (isRecord(known) && Number(own(known, 'confirmations')) < 0)
      return 'another transaction has spent its coins';
    return outputsBeside(decoded, outputs) === undefined
      ? 'it does not pay what the batch has to pay'
      : undefined;
  }

  async feeOf(txid: string): Promise<ToldFee> {
    try {
      const tx = await this.#call('gettransaction', [txid]);
      if (!isRecord(tx) || readTxid(own(tx, 'txid')) !== txid) return 'unknown';
      if (own(tx, 'fee') === undefined) return 'notTold';
      const fee = readAmount(own(tx, 'fee'), this.#decimals);
      if (fee === undefined) return 'unknown';
      return satoshis(fee < 0n ? -fee : fee);
    } catch {
      return 'unknown';
    }
  }

  async invalidAddresses(addresses: readonly string[]): Promise<ReadonlySet<string>> {
    const invalid = new Set<string>();
    for (const address of addresses) {
      const facts = await this.#call('validateaddress', [address]);
      if (isRecord(facts) && own(facts, 'isvalid') === false) invalid.add(address);
    }
    return invalid;
  }

  #odd(method: string, what: string): DaemonError {
    return new DaemonError('badReply', `daemon ${this.#client.name} gave ${what} to ${method}`, {
      daemon: this.#client.name,
      method,
    });
  }
}

/** What a transaction pays besides `outputs`; undefined if it does not pay each of them. */
function outputsBeside(
  tx: DecodedTx,
  outputs: readonly PlannedOutput[],
): readonly TxOutput[] | undefined {
  const owed = new Map(outputs.map(({ script, amount }) => [script, amount]));
  const others: TxOutput[] = [];
  for (const output of tx.outputs) {
    if (owed.get(output.script) === output.amount) owed.delete(output.script);
    else others.push(output);
  }
  return owed.size === 0 ? others : undefined;
}

function inputOf(outpoint: string): { txid: string; vout: number } {
  const [txid = '', vout] = outpoint.split(':');
  return { txid, vout: Number(vout) };
}

function feeFault(
  fee: Satoshis,
  outputs: readonly PlannedOutput[],
  decimals: number,
): string | undefined {
  const total = outputs.reduce((sum, { amount }) => sum + amount, 0n);
  if (fee * largestFeeShare <= total) return undefined;
  return `the fee would be ${formatCoinsFixed(fee, decimals)} for paying ${formatCoinsFixed(satoshis(total), decimals)}: more than a tenth`;
}

function refuse(why: Refusal['why'], reason: string): BuildOutcome {
  return { ok: false, refusal: { why, reason } };
}
