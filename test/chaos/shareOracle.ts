import { Redis } from 'ioredis';
import type { LitecoinNode } from '../../scripts/regtest/litecoin.ts';
import type { TestMiner } from '../../scripts/regtest/testMiner.ts';
import { until } from '../support/until.ts';
import type { Tally } from './suite.ts';

// What the miners saw against what Redis holds: every acknowledged share is credited once; a share whose answer never
// came may or may not be; nothing else is.

interface Heard {
  readonly worker: string;
  readonly difficulty: number;
  readonly acknowledged: number;
  readonly unanswered: number;
}

/** Milliseconds: shares may wait on a pool worker's disk until it or an heir has brought them to Redis. */
const patience = 30_000;

export class ShareOracle {
  readonly #redis: Redis;
  readonly #node: LitecoinNode;
  readonly #heard: Heard[] = [];
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
    const lacking = async () => {
      const credits = await this.#credits();
      return this.#heard.filter(
        ({ worker, difficulty, acknowledged }) =>
          sharesOf(credits.get(worker), difficulty) < acknowledged,
      );
    };
    await until(
      'all acknowledged shares are in Redis',
      async () => (await lacking()).length === 0,
      patience,
    ).catch(() => undefined);
    const credits = await this.#credits();
    for (const { worker, difficulty, acknowledged, unanswered } of this.#heard) {
      const recorded = sharesOf(credits.get(worker), difficulty);
      tally.check(
        recorded >= acknowledged,
        () => `${when}: ${acknowledged - recorded} of ${acknowledged} shares of ${worker} are lost`,
      );
      tally.check(
        recorded <= acknowledged + unanswered,
        () =>
          `${when}: ${worker} has ${recorded} shares for ${acknowledged} answers and ${unanswered} without`,
      );
    }
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

  /** worker -> sum of difficulty over all rounds, the current one, closed ones and paid ones. */
  async #credits(): Promise<Map<string, number>> {
    const credits = new Map<string, number>();
    // One moment for all of them: a share moves from one round to another while a block is found or given up.
    const rounds = await this.#redis.eval(
      `local all = {}
      for _, key in ipairs(redis.call('KEYS', 'litecoin:shares:*')) do
        all[#all + 1] = redis.call('HGETALL', key)
      end
      return all`,
      0,
    );
    for (const round of Array.isArray(rounds) ? rounds : []) {
      for (let i = 0; i < round.length; i += 2) {
        const worker = String(round[i]);
        credits.set(worker, (credits.get(worker) ?? 0) + Number(round[i + 1]));
      }
    }
    return credits;
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
