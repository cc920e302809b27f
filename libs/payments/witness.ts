import { type DaemonClient, DecimalText } from '../daemon/types.ts';
import { parseCoinsFloor } from '../primitives/money.ts';
import { type Satoshis, satoshis } from '../primitives/units.ts';
import { isRecord, own } from '../primitives/unknown.ts';
import { isOutage, readInteger, readTxid, rpcCodeOf } from './rpcReplies.ts';

// What the auditor asks the wallet's daemon. It only reads. Undefined stands for "it does not tell": daemons differ.
// All methods reject with DaemonError while the daemon is away.

export type TxFate =
  /** Confirmed, or waiting for it. */
  | { readonly kind: 'known'; readonly confirmations: number }
  /** Another transaction has spent its inputs, or it was abandoned: it will not be mined. */
  | { readonly kind: 'dead' }
  /** The wallet has never heard of it. */
  | { readonly kind: 'unknown' };

export interface WalletCoinbase {
  readonly blockHash: string;
  readonly txid: string;
  readonly height: number | undefined;
  readonly amount: Satoshis | undefined;
}

export interface WalletFunds {
  readonly spendable: Satoshis;
  /** Of blocks that are not mature yet. */
  readonly coming: Satoshis | undefined;
}

export class WalletWitness {
  readonly #client: DaemonClient;
  readonly #decimals: number;

  constructor(client: DaemonClient, decimals: number) {
    this.#client = client;
    this.#decimals = decimals;
  }

  /** The address of an output script as this daemon spells it. */
  async addressOf(script: Buffer): Promise<string | undefined> {
    const decoded = await this.#ask('decodescript', [script.toString('hex')]);
    if (!isRecord(decoded)) return undefined;
    const list = own(decoded, 'addresses');
    const address = own(decoded, 'address') ?? (Array.isArray(list) ? list[0] : undefined);
    return typeof address === 'string' ? address : undefined;
  }

  /** Whether the wallet can spend what this address gets. */
  async owns(address: string): Promise<boolean | undefined> {
    for (const method of ['getaddressinfo', 'validateaddress']) {
      const facts = await this.#ask(method, [address]);
      const mine = isRecord(facts) ? own(facts, 'ismine') : undefined;
      if (typeof mine === 'boolean') return mine;
    }
    return undefined;
  }

  async fateOf(txid: string): Promise<TxFate | undefined> {
    let tx: unknown;
    try {
      tx = await this.#client.call('gettransaction', [txid]);
    } catch (error) {
      if (isOutage(error)) throw error;
      return rpcCodeOf(error) === -5 ? { kind: 'unknown' } : undefined;
    }
    if (!isRecord(tx)) return undefined;
    const confirmations = readInteger(own(tx, 'confirmations'));
    if (confirmations === undefined) return undefined;
    const details = own(tx, 'details');
    const parts = Array.isArray(details) ? details.filter(isRecord) : [];
    const abandoned = parts.some((detail) => own(detail, 'abandoned') === true);
    return confirmations < 0 || abandoned ? { kind: 'dead' } : { kind: 'known', confirmations };
  }

  /** `timeout`: milliseconds for each call. */
  async funds(timeout?: number): Promise<WalletFunds | undefined> {
    const spendable = this.#amount(await this.#ask('getbalance', [], timeout));
    if (spendable === undefined) return undefined;
    const all = await this.#ask('getbalances', [], timeout);
    const mine = isRecord(all) ? own(all, 'mine') : undefined;
    const coming = this.#amount(isRecord(mine) ? own(mine, 'immature') : undefined);
    if (coming !== undefined) return { spendable, coming };
    const info = await this.#ask('getwalletinfo', [], timeout);
    const immature = isRecord(info) ? own(info, 'immature_balance') : undefined;
    return { spendable, coming: this.#amount(immature) };
  }

  async tip(): Promise<{ hash: string; height: number } | undefined> {
    const height = readInteger(await this.#ask('getblockcount', []));
    if (height === undefined) return undefined;
    const hash = await this.hashAt(height);
    return hash === undefined ? undefined : { hash, height };
  }

  async hashAt(height: number): Promise<string | undefined> {
    return readTxid(await this.#ask('getblockhash', [height]));
  }

  /** Coinbases that pay `address`, of blocks after `since` with at least `depth` confirmations. */
  async coinbases(
    address: string,
    since: string,
    depth: number,
  ): Promise<readonly WalletCoinbase[] | undefined> {
    const answer = await this.#ask('listsinceblock', [since]);
    const list = isRecord(answer) ? own(answer, 'transactions') : undefined;
    if (!Array.isArray(list)) return undefined;
    const found = new Map<string, WalletCoinbase>();
    for (const entry of list.filter(isRecord)) {
      const category = own(entry, 'category');
      if (category !== 'generate' && category !== 'immature') continue;
      if (own(entry, 'address') !== address) continue;
      if ((readInteger(own(entry, 'confirmations')) ?? 0) < depth) continue;
      const blockHash = readTxid(own(entry, 'blockhash'));
      const txid = readTxid(own(entry, 'txid'));
      if (blockHash === undefined || txid === undefined) continue;
      const height = readInteger(own(entry, 'blockheight')) ?? (await this.#heightOf(blockHash));
      found.set(blockHash, { blockHash, txid, height, amount: this.#amount(own(entry, 'amount')) });
    }
    return [...found.values()];
  }

  async #heightOf(blockHash: string): Promise<number | undefined> {
    const block = await this.#ask('getblock', [blockHash]);
    return isRecord(block) ? readInteger(own(block, 'height')) : undefined;
  }

  #amount(value: unknown): Satoshis | undefined {
    if (!(value instanceof DecimalText)) return undefined;
    const amount = parseCoinsFloor(value.text, this.#decimals);
    return amount !== undefined && amount < 0n ? satoshis(0n) : amount;
  }

  /** Undefined when the daemon answers with an error: it does not know the call, or what it is asked for. */
  async #ask(method: string, params: readonly unknown[], timeout?: number): Promise<unknown> {
    const wish = timeout === undefined ? {} : { timeout };
    try {
      return await this.#client.call(method, params, { exactNumbers: true, ...wish });
    } catch (error) {
      if (isOutage(error)) throw error;
      return undefined;
    }
  }
}
