import { Redis } from 'ioredis';
import type { LitecoinNode } from '../../scripts/regtest/litecoin.ts';
import type { TestMiner } from '../../scripts/regtest/testMiner.ts';
import { roundCredits } from '../support/roundCredits.ts';
import { until } from '../support/until.ts';
import { checkAcknowledged, type Heard } from './acknowledged.ts';
import type { Tally } from './suite.ts';

// What the miners saw against what Redis holds: every acknowledged share is credited once; a share whose answer never
// came may or may not be; nothing else is.

interface HeardAt extends Heard {
  readonly difficulty: number;
}

/** Milliseconds: shares may wait on a pool worker's disk until it or an heir has brought them to Redis. */
const patience = 30_000;

export class ShareOracle {
  readonly #redis: Redis;
  readonly #node: LitecoinNode;
  readonly #heard: HeardAt[] = [];
  readonly #blocks = new Set<string>();
  #checkedBlocks = 0;

  constructor(redisPort: number, node: LitecoinNode) {
    this.#redis = new Redis({ port: redisPort, host: '127.0.0.1' });
    this.#redis.on('error', () => undefined);
    this.#node = node;
  }

  /** Keeps what a miner that sends no more has seen. */
  heard({ worker, acknowledged, unanswered }: TestMiner): void {
    const difficulties = new Set(acknowledged.map(({ difficulty }) => difficulty));
    if (difficulties.size > 1) throw new RangeError(`${worker} mined at several difficulties.`);
    const [difficulty = 1] = difficulties;
    this.#heard.push({ worker, difficulty, acknowledged: acknowledged.length, unanswered });
    for (const { blockHash } of acknowledged)
      if (blockHash !== undefined) this.#blocks.add(blockHash);
  }

  get acknowledged(): number {
    return this.#heard.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  /** Of all miners so far: checks the last ones, and that those of earlier checks still are as they should be. */
  async check(tally: Tally, when: string): Promise<void> {
    await checkAcknowledged(tally, when, {
      heard: this.#heard,
      read: async () => {
        const credits = await roundCredits(this.#redis, 'litecoin');
        return ({ worker, difficulty }) => sharesOf(credits.get(worker), difficulty);
      },
      store: 'Redis',
      noun: 'shares',
      patience,
    });
    await this.#checkBlocks(tally, when);
  }

  /** A block whose share was acknowledged is on a chain, and has its place in the books. */
  async #checkBlocks(tally: Tally, when: string): Promise<void> {
    const blocks = [...this.#blocks].slice(this.#checkedBlocks);
    this.#checkedBlocks = this.#blocks.size;
    for (const hash of blocks) {
      const known = await until(
        'the daemon knows the block',
        () => this.#node.rpc('getblockheader', [hash]).then(Boolean, () => false),
        patience,
      ).catch(() => false);
      tally.check(known, () => `${when}: the daemon does not know the block ${hash}`);
      const ends = ['accepted', 'confirmed', 'orphaned'];
      const placed = await until(
        'the block has its place',
        async () => ends.includes((await this.#redis.hget(`litecoin:blk:${hash}`, 'state')) ?? ''),
        patience,
      ).catch(() => false);
      tally.check(placed, () => `${when}: block ${hash} is in no list of blocks`);
    }
    tally.count('blocks', blocks.length);
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
  }
}

/** Not a whole number if something is wrong: then it is neither at least nor at most what it should be. */
function sharesOf(credit: number | undefined, difficulty: number): number {
  const shares = (credit ?? 0) / difficulty;
  const whole = Math.round(shares);
  return Math.abs(shares - whole) < 1e-3 ? whole : Number.NaN;
}
