import { isHex } from '../../primitives/hex.ts';
import { type Millis, millis, type Satoshis, satoshis } from '../../primitives/units.ts';
import { readHash } from '../../redis/read.ts';
import type { BlockStatus } from '../siteData.ts';
import { readFigure, readRange, scanSet, tolerate } from './redisReads.ts';
import type { PoolSource } from './sources.ts';

// The newest blocks of a pool, kept in memory: each tick reads the new ones and those that are not settled yet.

export interface BlockFacts {
  readonly hash: string;
  readonly height: number;
  readonly txHash: string;
  readonly status: BlockStatus;
  readonly finder?: string;
  readonly time?: Millis;
  readonly reward?: Satoshis;
  readonly networkDifficulty?: number;
  readonly effort?: number;
  readonly confirmations?: number;
}

/** More blocks than that are not listed; older ones are left out. */
const mostBlocks = 5_000;
const pageOfIndex = 100;
const mostMembers = 20_000;

export class BlockBook {
  readonly #source: PoolSource;
  readonly #blocks = new Map<string, BlockFacts>();
  /** Highest first. */
  #sorted: readonly BlockFacts[] = [];
  #loaded = false;

  constructor(source: PoolSource) {
    this.#source = source;
  }

  /** Highest first. */
  get blocks(): readonly BlockFacts[] {
    return this.#sorted;
  }

  /** Rejects with RedisError; what was read until then counts. */
  async refresh(): Promise<void> {
    const { keys } = this.#source;
    if (!this.#loaded) {
      await this.#takeSet(keys.blocksConfirmed, 'confirmed');
      await this.#takeSet(keys.blocksOrphaned, 'orphaned');
      await this.#takeSet(keys.blocksKicked, 'kicked');
      // Facts say more than the sets, and only the newest are kept.
      this.#sort();
      await this.#readFacts(this.#sorted.map(({ hash }) => hash));
    }
    const pending = new Set<string>();
    await this.#eachMember(keys.blocksPending, 'pending', (block) => {
      pending.add(block.hash);
      if (!this.#blocks.has(block.hash)) this.#blocks.set(block.hash, block);
    });
    const unsettled = [...this.#blocks.values()].filter(isUnsettled).map(({ hash }) => hash);
    await this.#readFacts([...new Set([...(await this.#newHashes()), ...unsettled])]);
    await this.#settleOldOnes(unsettled.filter((hash) => !pending.has(hash)));
    this.#sort();
    this.#loaded = true;
  }

  #takeSet(key: string, status: BlockStatus): Promise<void> {
    return this.#eachMember(key, status, (block) => this.#blocks.set(block.hash, block));
  }

  async #eachMember(
    key: string,
    status: BlockStatus,
    take: (block: BlockFacts) => void,
  ): Promise<void> {
    const { connection } = this.#source;
    const scan = scanSet(connection, key, mostMembers, (member) => {
      const block = parseMember(member, status);
      if (block !== undefined) take(block);
    });
    await tolerate(scan, undefined);
  }

  /** Hashes of the index that are not known yet, as far back as the first that is. */
  async #newHashes(): Promise<string[]> {
    const { connection, keys } = this.#source;
    const found: string[] = [];
    for (let from = 0; from < mostBlocks; from += pageOfIndex) {
      const to = from + pageOfIndex - 1;
      const page = await tolerate(
        readRange(connection, 'zrevrange', keys.blockIndex, from, to),
        [],
      );
      const fresh = page.filter((hash) => isHex(hash, 32) && !this.#blocks.has(hash));
      found.push(...fresh);
      if (page.length < pageOfIndex) break;
      if (this.#loaded && fresh.length < page.length) break;
    }
    return found;
  }

  async #readFacts(hashes: readonly string[]): Promise<void> {
    const { connection, keys } = this.#source;
    for (let at = 0; at < hashes.length; at += pageOfIndex) {
      const some = hashes.slice(at, at + pageOfIndex);
      const all = await Promise.all(
        some.map((hash) => tolerate(readHash(connection, keys.block(hash)), new Map())),
      );
      for (const [i, hash] of some.entries()) {
        const block = parseFacts(hash, all[i] ?? new Map(), this.#blocks.get(hash));
        if (block !== undefined) this.#blocks.set(hash, block);
      }
    }
  }

  /** Blocks without a state of their own (an older pool's) are settled when they have left blocksPending. */
  async #settleOldOnes(hashes: readonly string[]): Promise<void> {
    const { connection, keys } = this.#source;
    const ends = [
      ['confirmed', keys.blocksConfirmed],
      ['orphaned', keys.blocksOrphaned],
      ['kicked', keys.blocksKicked],
    ] as const;
    for (const hash of hashes) {
      const block = this.#blocks.get(hash);
      if (block?.status !== 'pending') continue;
      const member = `${hash}:${block.txHash}:${block.height}`;
      for (const [status, key] of ends) {
        if ((await tolerate(connection.command('sismember', key, member), 0)) !== 1) continue;
        this.#blocks.set(hash, { ...block, status });
        break;
      }
    }
  }

  #sort(): void {
    const sorted = [...this.#blocks.values()].sort(
      (a, b) => b.height - a.height || (b.time ?? 0) - (a.time ?? 0),
    );
    for (const { hash } of sorted.splice(mostBlocks)) this.#blocks.delete(hash);
    this.#sorted = sorted;
  }
}

function isUnsettled({ status }: BlockFacts): boolean {
  return status === 'candidate' || status === 'pending';
}

/** `blockHash:txHash:height`, and what some pools add: finder, time in ms. */
function parseMember(member: string, status: BlockStatus): BlockFacts | undefined {
  const [hash, txHash = '', heightText = '', finder, timeText] = member.split(':');
  const height = Number(heightText);
  if (!isHex(hash, 32) || !/^\d{1,10}$/.test(heightText)) return undefined;
  const time = readFigure(timeText);
  return {
    hash,
    height,
    txHash: isHex(txHash, 32) ? txHash : '',
    status,
    ...(finder === undefined || finder === '' ? {} : { finder }),
    ...(time === undefined ? {} : { time: millis(time) }),
  };
}

const statusOfState: ReadonlyMap<string, BlockStatus> = new Map([
  ['candidate', 'candidate'],
  ['accepted', 'pending'],
  ['refused', 'refused'],
  ['confirmed', 'confirmed'],
  ['orphaned', 'orphaned'],
]);

/** The hash of facts; what it does not say stays as it was known. Undefined if neither says enough. */
function parseFacts(
  hash: string,
  facts: ReadonlyMap<string, string>,
  known: BlockFacts | undefined,
): BlockFacts | undefined {
  const figure = (name: string): number | undefined => readFigure(facts.get(name));
  const height = figure('height') ?? known?.height;
  const status = statusOfState.get(facts.get('state') ?? '') ?? known?.status;
  if (height === undefined || status === undefined || !Number.isSafeInteger(height)) {
    return undefined;
  }
  const txHash = facts.get('txHash');
  const finder = facts.get('finder') ?? known?.finder;
  const time = figure('time') ?? known?.time;
  // What was credited is what the chain paid; `reward` is what the template promised.
  const reward = readReward(facts.get('credited')) ?? readReward(facts.get('reward'));
  const networkDifficulty = figure('networkDifficulty') ?? known?.networkDifficulty;
  const effort = figure('effort') ?? known?.effort;
  const confirmations = figure('confirmations') ?? known?.confirmations;
  return {
    hash,
    height,
    txHash: isHex(txHash, 32) ? txHash : (known?.txHash ?? ''),
    status,
    ...(finder === undefined ? {} : { finder }),
    ...(time === undefined ? {} : { time: millis(time) }),
    ...(reward === undefined ? {} : { reward }),
    ...(networkDifficulty === undefined || networkDifficulty === 0 ? {} : { networkDifficulty }),
    ...(effort === undefined ? {} : { effort }),
    ...(confirmations === undefined ? {} : { confirmations }),
  };
}

function readReward(text: string | undefined): Satoshis | undefined {
  return text !== undefined && /^\d{1,30}$/.test(text) ? satoshis(BigInt(text)) : undefined;
}
