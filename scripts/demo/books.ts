// Two independent witnesses of the money: what Redis says the pool did, and what the chain says happened.
import { Redis } from 'ioredis';
import { parseCoins } from '../../libs/primitives/money.ts';
import { isRecord, own } from '../../libs/primitives/unknown.ts';
import { coinKeys } from '../../libs/redis/keys.ts';
import { type LitecoinNode, satoshisOf } from '../regtest/litecoin.ts';
import { coin } from './poolFiles.ts';

/** All amounts in satoshis. One moment of Redis: read in one transaction. */
export interface PoolBooks {
  /** Worker -> owed and not yet sent. */
  readonly balances: ReadonlyMap<string, bigint>;
  /** Worker -> paid so far. */
  readonly payouts: ReadonlyMap<string, bigint>;
  /** A payment is under way: its money is neither in balances nor in payouts. */
  readonly paying: boolean;
  readonly pending: readonly BookedBlock[];
  readonly confirmed: readonly BookedBlock[];
  readonly orphaned: readonly BookedBlock[];
  readonly kicked: readonly BookedBlock[];
  readonly validShares: number;
}

export interface BookedBlock {
  readonly blockHash: string;
  readonly height: number;
}

export class PoolBookReader {
  readonly #redis: Redis;

  constructor(port: number) {
    this.#redis = new Redis({ host: '127.0.0.1', port });
    this.#redis.on('error', () => undefined);
  }

  async read(): Promise<PoolBooks> {
    const keys = coinKeys(coin);
    const replies = await this.#redis
      .multi()
      .hgetall(keys.balances)
      .hgetall(keys.payouts)
      .exists(keys.pay('batch'))
      .smembers(keys.blocksPending)
      .smembers(keys.blocksConfirmed)
      .smembers(keys.blocksOrphaned)
      .smembers(keys.blocksKicked)
      .hget(keys.stats, 'validShares')
      .exec();
    const [balances, payouts, open, pending, confirmed, orphaned, kicked, valid] = (
      replies ?? []
    ).map(([error, value]) => {
      if (error !== null) throw error;
      return value;
    });
    return {
      balances: amountsOf(balances),
      payouts: amountsOf(payouts),
      paying: open === 1,
      pending: blocksOf(pending),
      confirmed: blocksOf(confirmed),
      orphaned: blocksOf(orphaned),
      kicked: blocksOf(kicked),
      validShares: Number(valid ?? 0),
    };
  }

  close(): void {
    this.#redis.disconnect();
  }
}

function amountsOf(hash: unknown): Map<string, bigint> {
  const amounts = new Map<string, bigint>();
  for (const [worker, text] of Object.entries(isRecord(hash) ? hash : {})) {
    const amount = parseCoins(String(text));
    if (amount === undefined) {
      throw new TypeError(`Redis says that ${worker} has "${String(text)}": that is no amount.`);
    }
    amounts.set(worker, amount);
  }
  return amounts;
}

function blocksOf(members: unknown): BookedBlock[] {
  if (!Array.isArray(members)) return [];
  return members.map((member) => {
    const [blockHash = '', , height = ''] = String(member).split(':');
    return { blockHash, height: Number(height) };
  });
}

/** What the active chain says, read block by block. */
export interface ChainBooks {
  readonly height: number;
  /** Address -> satoshis that transactions other than coinbases paid to it. */
  readonly received: ReadonlyMap<string, bigint>;
  /** Block hash -> what its coinbase pays. */
  readonly coinbases: ReadonlyMap<string, readonly Output[]>;
}

export interface Output {
  /** Undefined for an output without an address, such as the witness commitment. */
  readonly address: string | undefined;
  readonly value: bigint;
}

/** Remembers the blocks that it has read, and reads them anew when the chain has moved to another branch. */
export class ChainReader {
  readonly #node: LitecoinNode;
  #hashes: string[] = [];
  #received = new Map<string, bigint>();
  #coinbases = new Map<string, readonly Output[]>();

  constructor(node: LitecoinNode) {
    this.#node = node;
  }

  async read(): Promise<ChainBooks> {
    while (!(await this.#readOn())) this.#forget();
    return { height: this.#hashes.length, received: this.#received, coinbases: this.#coinbases };
  }

  /** False if what was read so far is not on the active chain any more. */
  async #readOn(): Promise<boolean> {
    const tip = Number(await this.#node.rpc('getblockcount'));
    const last = this.#hashes.at(-1);
    if (last !== undefined) {
      if (tip < this.#hashes.length) return false;
      if ((await this.#hashAt(this.#hashes.length)) !== last) return false;
    }
    while (this.#hashes.length < tip) {
      const hash = await this.#hashAt(this.#hashes.length + 1);
      const block = await this.#node.rpc('getblock', [hash, 2]);
      const transactions = isRecord(block) ? own(block, 'tx') : undefined;
      if (!isRecord(block) || !Array.isArray(transactions)) {
        throw new TypeError(`getblock ${hash} gave no block.`);
      }
      const previous = this.#hashes.at(-1);
      if (previous !== undefined && own(block, 'previousblockhash') !== previous) return false;
      this.#take(hash, transactions);
    }
    return true;
  }

  async #hashAt(height: number): Promise<string> {
    return String(await this.#node.rpc('getblockhash', [height]));
  }

  #forget(): void {
    this.#hashes = [];
    this.#received = new Map();
    this.#coinbases = new Map();
  }

  #take(hash: string, transactions: readonly unknown[]): void {
    this.#hashes.push(hash);
    for (const [index, transaction] of transactions.entries()) {
      const outputs = outputsOf(transaction);
      if (index === 0) {
        this.#coinbases.set(hash, outputs);
        continue;
      }
      for (const { address, value } of outputs) {
        if (address === undefined) continue;
        this.#received.set(address, (this.#received.get(address) ?? 0n) + value);
      }
    }
  }
}

function outputsOf(transaction: unknown): Output[] {
  const outputs = isRecord(transaction) ? own(transaction, 'vout') : undefined;
  if (!Array.isArray(outputs)) throw new TypeError('getblock gave a transaction without outputs.');
  return outputs.filter(isRecord).map((output) => {
    const script = own(output, 'scriptPubKey');
    const addresses = isRecord(script) ? own(script, 'addresses') : undefined;
    const address: unknown = Array.isArray(addresses) ? addresses[0] : undefined;
    return {
      address: typeof address === 'string' ? address : undefined,
      value: satoshisOf(own(output, 'value')),
    };
  });
}

export function sum(amounts: Iterable<bigint>): bigint {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return total;
}
