import { createHash } from 'node:crypto';
import {
  type BatchOutcome,
  type CallOptions,
  type DaemonClient,
  DaemonError,
  DecimalText,
} from '../../libs/daemon/types.ts';

// A stand-in for a coin daemon: a chain that turns when it is told to, and a wallet, all in memory. It answers what the
// payment process asks, in the words of a real daemon; the suites on litecoind show that these are the words.

export interface StandInBlock {
  readonly hash: string;
  readonly height: number;
  readonly coinbase: string;
  /** Satoshis for the pool; 0 for somebody else's block. */
  readonly reward: bigint;
}

interface Output {
  readonly address: string;
  readonly amount: bigint;
}

interface Tx {
  readonly txid: string;
  /** `txid:vout` each. */
  readonly inputs: readonly string[];
  readonly outputs: readonly Output[];
  readonly fee: bigint;
  readonly comment: string | undefined;
}

type Params = readonly unknown[];

const changeAddress = 'change';
const fee = 1_000n;
const maturity = 100;
const unit = 100_000_000n;

export function scriptOf(address: string): string {
  return Buffer.from(`script of ${address}`).toString('hex');
}

export class StandInDaemon implements DaemonClient {
  readonly name = 'stand-in';
  readonly poolAddress = 'pool';
  /** Whether it knows the calls by which a transaction is built without sending it. */
  readonly canBuild: boolean;
  /** An error for the next call of this method, which is not executed. */
  refuseNext:
    | { readonly method: string; readonly code: number; readonly message: string }
    | undefined;

  readonly #blocks = new Map<string, StandInBlock>();
  readonly #parents = new Map<string, string | undefined>();
  #active: string[] = [];
  /** What the wallet has sent; all of it is on the chain or waits for the next block. */
  readonly #sent = new Map<string, Tx>();
  /** txid -> hash of its block, on whatever branch. */
  readonly #minedIn = new Map<string, string>();
  /** Coins that were there before everything else. */
  readonly #savings: Tx;
  #salt: number;

  constructor(canBuild: boolean, salt: number) {
    this.canBuild = canBuild;
    this.#salt = salt;
    this.#savings = this.#tx(
      [],
      Array.from({ length: 50 }, () => ({ address: changeAddress, amount: 20n * unit })),
      undefined,
    );
    for (let i = 0; i < 10; i++) this.mine(0n);
  }

  // What the tests do to it, and what they see.

  /** A block on top of the active chain; what waits goes into it. */
  mine(reward: bigint): StandInBlock {
    const block = this.#make(this.#active.length, reward);
    this.#active.push(block.hash);
    for (const txid of this.#sent.keys()) {
      if (!this.#isMined(txid)) this.#minedIn.set(txid, block.hash);
    }
    return block;
  }

  /** A block of the height of an active one, beside the chain. */
  mineBeside(height: number, reward: bigint): StandInBlock {
    return this.#make(height, reward);
  }

  /** The chain loses its last blocks, and goes on without them. Their tips can come back by `turnTo`. */
  turnAway(depth: number): readonly string[] {
    const lost = this.#active.splice(this.#active.length - depth, depth);
    return lost;
  }

  /** These blocks, in the order of their heights, take their places on the active chain again. */
  turnTo(hashes: readonly string[]): void {
    const first = this.#blocks.get(hashes[0] ?? '')?.height ?? this.#active.length;
    this.#active = [...this.#active.slice(0, first), ...hashes];
  }

  /** Whether this branch still grows out of the active chain, at most so many blocks below its tip. */
  canTurnTo(branch: readonly string[], deepest: number): boolean {
    const first = this.#blocks.get(branch[0] ?? '');
    if (first === undefined || this.tip - first.height >= deepest) return false;
    return this.#active[first.height - 1] === this.#parents.get(first.hash);
  }

  get tip(): number {
    return this.#active.length - 1;
  }

  /** 0 when it is not on the active chain. */
  confirmationsOf(hash: string): number {
    const block = this.#blocks.get(hash);
    if (block === undefined || this.#active[block.height] !== hash) return 0;
    return this.#active.length - block.height;
  }

  /** True when another block has its place. */
  isReplaced({ hash, height }: { hash: string; height: number }): boolean {
    const inPlace = this.#active[height];
    return inPlace !== undefined && inPlace !== hash;
  }

  /** address -> satoshis that the wallet has sent there. */
  sentTo(): Map<string, bigint> {
    const sent = new Map<string, bigint>();
    for (const { outputs } of this.#sent.values()) {
      for (const { address, amount } of outputs) {
        if (address !== changeAddress) sent.set(address, (sent.get(address) ?? 0n) + amount);
      }
    }
    return sent;
  }

  hasSent(comment: string): boolean {
    return [...this.#sent.values()].some((tx) => tx.comment === comment);
  }

  // What it answers.

  async call(method: string, params: Params = [], options: CallOptions = {}): Promise<unknown> {
    const refusal = this.refuseNext;
    if (refusal?.method === method && params.length > 0) {
      this.refuseNext = undefined;
      throw this.#error(method, refusal.code, refusal.message);
    }
    const result = this.#answer(method, params);
    // As it comes through JSON: exact numbers as their text, others as doubles.
    return options.exactNumbers === true ? result : plain(result);
  }

  async batch(calls: readonly { readonly method: string }[]): Promise<readonly BatchOutcome[]> {
    return calls.map(() => ({ ok: true, result: true }));
  }

  close(): void {}

  #answer(method: string, params: Params): unknown {
    const [first, second] = params;
    switch (method) {
      case 'getblockcount':
        return number(this.tip);
      case 'getblockhash': {
        const hash = this.#active[Number(String(first))];
        if (hash === undefined) throw this.#error(method, -8, 'Block height out of range');
        return hash;
      }
      case 'getblock':
        return this.#showBlock(String(first), Number(String(second ?? 1)));
      case 'gettransaction':
        return this.#showWalletTx(String(first));
      case 'getbalance':
        return coins(this.#spendable().reduce((sum, { amount }) => sum + amount, 0n));
      case 'decoderawtransaction':
        return showTx(readHex(String(first)));
      case 'validateaddress':
        return { isvalid: true, scriptPubKey: scriptOf(String(first)) };
      case 'getaddressinfo':
        return { ismine: first === changeAddress };
      case 'sendmany':
        return this.#sendMany(second, String(params[3]));
      case 'listsinceblock':
        return { transactions: [...this.#sent.values()].map((tx) => this.#listed(tx)) };
    }
    if (this.canBuild) {
      switch (method) {
        case 'createrawtransaction':
          return writeHex(this.#tx(inputsOf(first), outputsOf(second), undefined));
        case 'fundrawtransaction':
          return this.#fund(first);
        case 'signrawtransactionwithwallet':
          if (first === undefined) throw this.#error(method, -1, 'help');
          return { hex: first, complete: true };
        case 'testmempoolaccept':
          return [{ allowed: true }];
        case 'gettxout':
          return this.#txOut(`${String(first)}:${String(second)}`, params[2] === true);
        case 'sendrawtransaction':
          return this.#sendRaw(readHex(String(first)));
      }
    }
    throw this.#error(method, -32601, 'Method not found');
  }

  #showBlock(hash: string, verbosity: number): unknown {
    const block = this.#blocks.get(hash);
    if (block === undefined) throw this.#error('getblock', -5, 'Block not found');
    const coinbase = this.#coinbase(block);
    return {
      hash,
      height: number(block.height),
      confirmations: number(this.confirmationsOf(hash) || -1),
      tx: [verbosity === 2 ? showTx(coinbase) : coinbase.txid],
    };
  }

  #showWalletTx(txid: string): unknown {
    const block = [...this.#blocks.values()].find(({ coinbase }) => coinbase === txid);
    if (block !== undefined && block.reward > 0n) {
      const confirmations = this.confirmationsOf(block.hash);
      const category =
        confirmations === 0 ? 'orphan' : confirmations > maturity ? 'generate' : 'immature';
      return {
        txid,
        confirmations: number(confirmations),
        ...(confirmations > 0 ? { blockhash: block.hash } : {}),
        details: [{ category, amount: coins(block.reward) }],
        hex: writeHex(this.#coinbase(block)),
      };
    }
    const tx = this.#sent.get(txid);
    if (tx === undefined) {
      throw this.#error('gettransaction', -5, 'Invalid or non-wallet transaction id');
    }
    return { ...this.#listed(tx), hex: writeHex(tx), details: [] };
  }

  #listed(tx: Tx): Record<string, unknown> {
    const block = this.#minedIn.get(tx.txid);
    return {
      txid: tx.txid,
      category: 'send',
      confirmations: number(block === undefined ? 0 : this.confirmationsOf(block)),
      fee: coins(-tx.fee),
      ...(tx.comment === undefined ? {} : { comment: tx.comment }),
    };
  }

  #sendMany(amounts: unknown, comment: string): string {
    const outputs = outputsOf(amounts);
    const tx = this.#funded([], outputs, comment);
    if (tx === undefined) throw this.#error('sendmany', -6, 'Insufficient funds');
    this.#sent.set(tx.txid, tx);
    return tx.txid;
  }

  #fund(raw: unknown): unknown {
    if (raw === undefined) throw this.#error('fundrawtransaction', -1, 'help');
    const { inputs, outputs } = readHex(String(raw));
    const tx = this.#funded(inputs, outputs, undefined);
    if (tx === undefined) throw this.#error('fundrawtransaction', -4, 'Insufficient funds');
    return { hex: writeHex(tx), fee: coins(tx.fee), changepos: number(outputs.length) };
  }

  #funded(
    required: readonly string[],
    outputs: readonly Output[],
    comment: string | undefined,
  ): Tx | undefined {
    const needed = outputs.reduce((sum, { amount }) => sum + amount, fee);
    const spendable = this.#spendable();
    const chosen = spendable.filter(({ outpoint }) => required.includes(outpoint));
    let sum = chosen.reduce((total, { amount }) => total + amount, 0n);
    for (const coin of spendable) {
      if (sum >= needed) break;
      if (chosen.includes(coin)) continue;
      chosen.push(coin);
      sum += coin.amount;
    }
    if (sum < needed) return undefined;
    const change: Output[] = sum > needed ? [{ address: changeAddress, amount: sum - needed }] : [];
    return this.#tx(
      chosen.map(({ outpoint }) => outpoint),
      [...outputs, ...change],
      comment,
    );
  }

  #sendRaw(tx: Tx): string {
    if (this.#sent.has(tx.txid)) {
      if (!this.#isMined(tx.txid)) return tx.txid;
      throw this.#error('sendrawtransaction', -27, 'transaction already in block chain');
    }
    const free = new Set(this.#spendable().map(({ outpoint }) => outpoint));
    if (!tx.inputs.every((input) => free.has(input))) {
      throw this.#error('sendrawtransaction', -25, 'bad-txns-inputs-missingorspent');
    }
    this.#sent.set(tx.txid, tx);
    return tx.txid;
  }

  #txOut(outpoint: string, withMempool: boolean): unknown {
    const coin = this.#coins().find((known) => known.outpoint === outpoint);
    const spender = [...this.#sent.values()].find(({ inputs }) => inputs.includes(outpoint));
    const spent = spender !== undefined && (withMempool || this.#isMined(spender.txid));
    return coin === undefined || spent ? null : { value: coins(coin.amount) };
  }

  /** All outputs that were ever the wallet's and whose transaction counts. */
  #coins(): { readonly outpoint: string; readonly amount: bigint }[] {
    const own = [this.#savings, ...this.#sent.values()].flatMap(({ txid, outputs }) =>
      outputs.flatMap(({ address, amount }, index) =>
        address === changeAddress ? [{ outpoint: `${txid}:${index}`, amount }] : [],
      ),
    );
    for (const { hash, coinbase, reward } of this.#blocks.values()) {
      if (reward > 0n && this.confirmationsOf(hash) > maturity) {
        own.push({ outpoint: `${coinbase}:0`, amount: reward });
      }
    }
    return own;
  }

  #spendable(): { readonly outpoint: string; readonly amount: bigint }[] {
    const spent = new Set([...this.#sent.values()].flatMap(({ inputs }) => inputs));
    return this.#coins().filter(({ outpoint }) => !spent.has(outpoint));
  }

  #isMined(txid: string): boolean {
    const block = this.#minedIn.get(txid);
    return block !== undefined && this.confirmationsOf(block) > 0;
  }

  #make(height: number, reward: bigint): StandInBlock {
    const hash = this.#digest('block', height, reward);
    const block: StandInBlock = { hash, height, coinbase: this.#digest('coinbase', hash), reward };
    this.#blocks.set(hash, block);
    this.#parents.set(hash, this.#active[height - 1]);
    return block;
  }

  #coinbase({ coinbase, reward }: StandInBlock): Tx {
    const address = reward > 0n ? this.poolAddress : 'somebody';
    const amount = reward > 0n ? reward : unit;
    return {
      txid: coinbase,
      inputs: [],
      outputs: [{ address, amount }],
      fee: 0n,
      comment: undefined,
    };
  }

  #tx(inputs: readonly string[], outputs: readonly Output[], comment: string | undefined): Tx {
    return { txid: this.#digest('tx', outputs.length), inputs, outputs, fee, comment };
  }

  #digest(...parts: readonly unknown[]): string {
    this.#salt += 1;
    return createHash('sha256')
      .update([this.#salt, ...parts].join(' '))
      .digest('hex');
  }

  #error(method: string, rpcCode: number, message: string): DaemonError {
    return new DaemonError('rpc', message, { daemon: this.name, method, rpcCode });
  }
}

function number(value: number): DecimalText {
  return new DecimalText(String(value));
}

function coins(amount: bigint): DecimalText {
  const digits = String(amount < 0n ? -amount : amount).padStart(9, '0');
  return new DecimalText(`${amount < 0n ? '-' : ''}${digits.slice(0, -8)}.${digits.slice(-8)}`);
}

function satoshisOf(amount: unknown): bigint {
  const [whole = '', fraction = ''] = String(amount).split('.');
  return BigInt(whole) * unit + BigInt(fraction.padEnd(8, '0'));
}

function inputsOf(list: unknown): string[] {
  const inputs = list as readonly { readonly txid: string; readonly vout: number }[];
  return inputs.map(({ txid, vout }) => `${txid}:${vout}`);
}

function outputsOf(amounts: unknown): Output[] {
  return Object.entries(amounts as Record<string, unknown>).map(([address, amount]) => ({
    address,
    amount: satoshisOf(amount),
  }));
}

/** Raw transactions are this stand-in's own JSON, as hex. */
function writeHex(tx: Tx): string {
  const text = JSON.stringify(tx, (_, value: unknown) =>
    typeof value === 'bigint' ? { satoshis: String(value) } : value,
  );
  return Buffer.from(text).toString('hex');
}

function readHex(hex: string): Tx {
  const text = Buffer.from(hex, 'hex').toString();
  return JSON.parse(text, (_, value: unknown) =>
    typeof value === 'object' && value !== null && 'satoshis' in value
      ? BigInt(String(value.satoshis))
      : value,
  ) as Tx;
}

function showTx(tx: Tx): unknown {
  return {
    txid: tx.txid,
    vin: tx.inputs.map((outpoint) => {
      const [txid, vout] = outpoint.split(':');
      return { txid, vout: number(Number(vout)) };
    }),
    vout: tx.outputs.map(({ address, amount }) => ({
      value: coins(amount),
      scriptPubKey: { hex: scriptOf(address), address },
    })),
  };
}

function plain(value: unknown): unknown {
  if (value instanceof DecimalText) return Number(value.text);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}
