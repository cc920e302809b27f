import { createHash } from 'node:crypto';
import http from 'node:http';
import { isRecord, own } from '../../libs/primitives/unknown.ts';
import { type AuxClaim, faultOf, parseAuxPow } from './auxVerifier.ts';

// A stand-in for the daemon of an auxiliary chain, since none can be had here: JSON-RPC over HTTP, a chain of its own, a
// wallet with one address. It checks each proof by the rules of such chains (auxVerifier.ts) before it takes a block.

export interface AuxDaemonOptions {
  readonly chainId: number;
  readonly algorithm: AuxClaim['algorithm'];
  /** Compact target of every block. */
  readonly bits: number;
  /** Satoshis of every block. */
  readonly reward: bigint;
  readonly maturity: number;
  /** The pool's address, and the script that pays it. */
  readonly address: string;
  readonly script: string;
  /** Which other addresses are valid. */
  readonly addresses: RegExp;
  /** As daemons from before createauxblock: the wallet chooses where a block pays to. */
  readonly onlyGetAuxBlock?: boolean;
}

interface Block {
  readonly hash: string;
  readonly height: number;
  readonly coinbase: string;
  readonly script: string;
}

export interface SentPayment {
  readonly txid: string;
  readonly comment: string;
  /** address -> coins, as they came. */
  readonly amounts: ReadonlyMap<string, string>;
}

class RpcError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const unit = 100_000_000n;
const walletScript = `76a914${'77'.repeat(20)}88ac`;
const foreignScript = `76a914${'99'.repeat(20)}88ac`;

export class StandInAuxDaemon {
  readonly user = 'aux';
  readonly password = 'aux';
  port = 0;
  /** What was wrong with refused proofs. */
  readonly faults: string[] = [];
  /** Blocks that a proof was taken for, and the hash of the parent's header that proved each. */
  readonly proven: { readonly hash: string; readonly parent: string }[] = [];
  readonly sent: SentPayment[] = [];
  /** Answers this method in another way, once it is set. */
  answerInstead: { readonly method: string; readonly result: unknown } | undefined;
  /** Requests with a call of this method are never answered, once it is set. */
  silentAt: string | undefined;
  /** How often each method was asked for, a list of calls being one request. */
  readonly requests = new Map<string, number>();

  readonly #options: AuxDaemonOptions;
  readonly #server: http.Server;
  readonly #chain: Block[] = [];
  readonly #offered = new Map<string, Block>();
  #current: Block | undefined;
  #salt = 0;

  constructor(options: AuxDaemonOptions) {
    this.#options = options;
    this.#server = http.createServer((request, response) => void this.#serve(request, response));
    this.mine(5);
  }

  /** On the port of before, once it had one. */
  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.port, '127.0.0.1', resolve));
    const address = this.#server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get tip(): number {
    return this.#chain.length - 1;
  }

  /** Blocks of somebody else. */
  mine(count: number): void {
    for (let i = 0; i < count; i++) this.#append(this.#build(foreignScript));
  }

  hashAt(height: number): string | undefined {
    return this.#chain[height]?.hash;
  }

  coinbaseOf(hash: string): string | undefined {
    return this.#chain.find((block) => block.hash === hash)?.coinbase;
  }

  #build(script: string): Block {
    const height = this.#chain.length;
    return { hash: this.#digest('block'), height, coinbase: this.#digest('coinbase'), script };
  }

  #append(block: Block): void {
    this.#chain.push(block);
    this.#offered.clear();
    this.#current = undefined;
  }

  #digest(what: string): string {
    this.#salt++;
    const seed = `${this.#options.chainId} ${this.#salt} ${what}`;
    return createHash('sha256').update(seed).digest('hex');
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const call: unknown = JSON.parse(Buffer.concat(chunks).toString());
    const methods = new Set(
      [call].flat().map((one) => String(isRecord(one) && own(one, 'method'))),
    );
    for (const method of methods) this.requests.set(method, (this.requests.get(method) ?? 0) + 1);
    if (this.silentAt !== undefined && methods.has(this.silentAt)) return;
    const answers = Array.isArray(call) ? call.map((one) => this.#answer(one)) : this.#answer(call);
    response
      .writeHead(200, { 'Content-Type': 'application/json' })
      .end(await textOf(Array.isArray(answers) ? Promise.all(answers) : answers));
  }

  async #answer(call: unknown): Promise<string> {
    const facts = isRecord(call) ? call : {};
    const id = JSON.stringify(own(facts, 'id') ?? null);
    const params = own(facts, 'params');
    try {
      const result = this.#call(String(own(facts, 'method')), Array.isArray(params) ? params : []);
      return `{"result":${json(result)},"error":null,"id":${id}}`;
    } catch (error) {
      const { code, message } =
        error instanceof RpcError ? error : { code: -1, message: `${error}` };
      return `{"result":null,"error":${JSON.stringify({ code, message })},"id":${id}}`;
    }
  }

  #call(method: string, params: readonly unknown[]): unknown {
    const [first, second] = params;
    const { answerInstead } = this;
    if (answerInstead?.method === method) return answerInstead.result;
    const knowsCreate = this.#options.onlyGetAuxBlock !== true;
    switch (method) {
      case 'createauxblock':
        if (!knowsCreate) break;
        if (first !== this.#options.address)
          throw new RpcError(-8, 'Invalid coinbase payout address');
        return this.#offer(this.#options.script);
      case 'submitauxblock':
        if (!knowsCreate) break;
        return this.#submit(String(first), String(second));
      case 'getauxblock':
        return params.length === 0
          ? this.#offer(walletScript)
          : this.#submit(String(first), String(second));
      case 'getblockcount':
        return this.tip;
      case 'getbestblockhash':
        return this.#chain.at(-1)?.hash;
      case 'getblockhash': {
        const hash = this.hashAt(Number(first));
        if (hash === undefined) throw new RpcError(-8, 'Block height out of range');
        return hash;
      }
      case 'getblock':
        return this.#showBlock(String(first), Number(second ?? 1));
      case 'getblockchaininfo':
        return { chain: 'regtest', blocks: this.tip, headers: this.tip };
      case 'getnetworkinfo':
        return { protocolversion: 70015 };
      case 'getdifficulty':
        return 1;
      case 'submitblock':
        throw new RpcError(-1, 'submitblock "hexdata"');
      case 'validateaddress':
        return this.#showAddress(String(first));
      case 'gettransaction':
        return this.#showTransaction(String(first));
      case 'getbalance':
        return coins(this.#spendable());
      case 'sendmany':
        return this.#sendMany(second, String(params[3] ?? ''));
      case 'listsinceblock':
        return { transactions: this.sent.map(({ txid, comment }) => this.#listed(txid, comment)) };
    }
    throw new RpcError(-32601, 'Method not found');
  }

  #offer(script: string): unknown {
    const { bits, chainId, reward } = this.#options;
    this.#current ??= this.#build(script);
    this.#offered.set(this.#current.hash, this.#current);
    const { hash, height } = this.#current;
    const target = (BigInt(bits & 0x7fffff) << BigInt(8 * ((bits >>> 24) - 3)))
      .toString(16)
      .padStart(64, '0');
    return {
      hash,
      chainid: chainId,
      previousblockhash: this.#chain.at(-1)?.hash,
      coinbasevalue: Number(reward),
      bits: bits.toString(16),
      height,
      _target: Buffer.from(target, 'hex').reverse().toString('hex'),
    };
  }

  #submit(hash: string, proof: string): boolean {
    const block = this.#offered.get(hash);
    if (block === undefined) throw new RpcError(-8, 'block hash unknown');
    const bytes = Buffer.from(proof, 'hex');
    const { chainId, bits, algorithm } = this.#options;
    const fault = faultOf(bytes, { blockHash: hash, chainId, bits, algorithm });
    if (fault !== undefined) {
      this.faults.push(fault);
      return false;
    }
    const { parentHeader } = parseAuxPow(bytes);
    const parent = createHash('sha256').update(parentHeader).digest();
    const shown = createHash('sha256').update(parent).digest().reverse().toString('hex');
    this.proven.push({ hash, parent: shown });
    this.#append(block);
    return true;
  }

  #showBlock(hash: string, verbosity: number): unknown {
    const block = this.#chain.find((one) => one.hash === hash);
    if (block === undefined) throw new RpcError(-5, 'Block not found');
    const { coinbase, height } = block;
    return {
      hash,
      height,
      confirmations: this.tip - height + 1,
      tx: [verbosity === 2 ? this.#showCoinbase(block) : coinbase],
    };
  }

  #showCoinbase({ coinbase, script }: Block): unknown {
    return {
      txid: coinbase,
      vin: [{ coinbase: '00' }],
      vout: [{ value: coins(this.#options.reward), n: 0, scriptPubKey: { hex: script } }],
    };
  }

  #showAddress(address: string): unknown {
    const { address: pool, script, addresses } = this.#options;
    if (address === pool) return { isvalid: true, scriptPubKey: script, ismine: true };
    if (!addresses.test(address)) return { isvalid: false };
    const key = createHash('sha256').update(address).digest('hex').slice(0, 40);
    return { isvalid: true, scriptPubKey: `76a914${key}88ac`, ismine: false };
  }

  #isOurs({ script }: Block): boolean {
    return script === this.#options.script || script === walletScript;
  }

  #isMature({ height }: Block): boolean {
    return this.tip - height + 1 > this.#options.maturity;
  }

  #showTransaction(txid: string): unknown {
    const block = this.#chain.find((one) => one.coinbase === txid && this.#isOurs(one));
    if (block !== undefined) {
      const category = this.#isMature(block) ? 'generate' : 'immature';
      return {
        txid,
        blockhash: block.hash,
        confirmations: this.tip - block.height + 1,
        details: [{ category, amount: coins(this.#options.reward) }],
      };
    }
    const payment = this.sent.find((one) => one.txid === txid);
    if (payment === undefined) throw new RpcError(-5, 'Invalid or non-wallet transaction id');
    return { ...this.#listed(txid, payment.comment), details: [] };
  }

  #listed(txid: string, comment: string): object {
    return { txid, category: 'send', confirmations: 1, fee: coins(-1000n), comment };
  }

  #spendable(): bigint {
    const mined = this.#chain.filter((block) => this.#isOurs(block) && this.#isMature(block));
    const paid = this.sent.flatMap(({ amounts }) => [...amounts.values()].map(satoshisOf));
    const fees = BigInt(this.sent.length) * 1000n;
    // Some savings, so that a fee does not keep the last miner waiting.
    const savings = 10n * unit;
    return (
      savings +
      BigInt(mined.length) * this.#options.reward -
      fees -
      paid.reduce((sum, amount) => sum + amount, 0n)
    );
  }

  #sendMany(amounts: unknown, comment: string): string {
    const pairs = isRecord(amounts) ? Object.entries(amounts) : [];
    const texts = new Map(pairs.map(([address, amount]) => [address, String(amount)]));
    const total = [...texts.values()].reduce((sum, text) => sum + satoshisOf(text), 0n);
    if (total > this.#spendable()) throw new RpcError(-6, 'Insufficient funds');
    const txid = this.#digest('payment');
    this.sent.push({ txid, comment, amounts: texts });
    return txid;
  }
}

class Coins {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Written as a JSON number with eight decimals. */
function coins(amount: bigint): Coins {
  const digits = String(amount < 0n ? -amount : amount).padStart(9, '0');
  return new Coins(`${amount < 0n ? '-' : ''}${digits.slice(0, -8)}.${digits.slice(-8)}`);
}

export function satoshisOf(text: string): bigint {
  return BigInt(Math.round(Number(text) * 1e8));
}

function json(value: unknown): string {
  if (value instanceof Coins) return value.text;
  if (Array.isArray(value)) return `[${value.map(json).join(',')}]`;
  if (isRecord(value)) {
    const members = Object.entries(value).map(
      ([key, one]) => `${JSON.stringify(key)}:${json(one)}`,
    );
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value ?? null);
}

async function textOf(answers: Promise<string> | Promise<string[]>): Promise<string> {
  const text = await answers;
  return typeof text === 'string' ? text : `[${text.join(',')}]`;
}
