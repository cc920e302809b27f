import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../primitives/errors.ts';
import { type Clock, difficulty, millis } from '../../primitives/units.ts';
import { own } from '../../primitives/unknown.ts';
import type { FoundBlock, Rounds, ShareRecord } from '../types.ts';
import type { MposDatabase, MposSession } from './database.ts';
import { type DiskLook, isSameRun, lookAtDisk, provesOnDisk } from './disk.ts';
import { insertShare } from './shareRows.ts';
import { readyForShares, type ShareColumns } from './tables.ts';

// Rounds are MPOS's own business: it finds a block by the row whose solution is the block's hash and whose
// upstream_result is Y. That row comes with the finder's share, as N, and is set to Y when a daemon has taken the block.

export interface MposRoundsOptions {
  readonly database: MposDatabase;
  readonly coin: string;
  readonly multiplier: number;
  readonly now: Clock;
  readonly signal: AbortSignal;
}

const lookMillis = 500;

export function createMposRounds(
  options: MposRoundsOptions,
): Pick<Rounds, 'close' | 'accept' | 'isKept' | 'refuse'> {
  const { database, now, signal } = options;
  const found = new Map<string, FoundBlock>();
  const untilDone = <T>(blockHash: string, work: () => Promise<T>) =>
    database.untilDone(work, () => `The ${options.coin} block ${blockHash} waits for MPOS`, signal);

  /** True if the block's row is Y. */
  async function markAccepted(session: MposSession, blockHash: string): Promise<boolean> {
    const [row] = await session.rows(
      'SELECT share_id AS id FROM nomp_share_blocks WHERE block_hash = ? FOR UPDATE',
      [blockHash],
    );
    if (row === undefined) return false;
    // Rows that MPOS has archived meanwhile were counted by it.
    await session.change("UPDATE shares SET upstream_result = 'Y' WHERE id = ?", [
      Number(own(row, 'id')),
    ]);
    await session.change('UPDATE nomp_share_blocks SET accepted = 1 WHERE block_hash = ?', [
      blockHash,
    ]);
    return true;
  }

  /**
   * The finder's share was never recorded, or waits on the disk of a process that is not taken over yet. MPOS stops at
   * a block without a share, so a row without difficulty stands for it until the share comes.
   */
  async function standIn(
    session: MposSession,
    block: FoundBlock,
    columns: ShareColumns,
  ): Promise<void> {
    const facts = { columns, multiplier: options.multiplier, now: now() };
    const id = await insertShare(session, shareOf(block), facts);
    await session.change('INSERT INTO nomp_share_blocks (block_hash, share_id) VALUES (?, ?)', [
      block.blockHash,
      id,
    ]);
    await markAccepted(session, block.blockHash);
  }

  return {
    async close(block) {
      found.set(block.blockHash, block);
      return 'closed';
    },
    async accept(blockHash) {
      await untilDone(blockHash, async () => {
        const columns = await readyForShares(database);
        await database.transaction(async (session) => {
          if (await markAccepted(session, blockHash)) return;
          const block = found.get(blockHash);
          if (block === undefined) {
            throw new CodedError('ROUNDS_UNKNOWN_BLOCK', `Block ${blockHash} was not closed.`);
          }
          await standIn(session, block, columns);
        });
      });
    },
    async isKept(blockHash) {
      let earlier: DiskLook | undefined;
      for (;;) {
        const { look, accepted } = await untilDone(blockHash, () =>
          database.once(async (session) => {
            const [row] = await session.rows(
              'SELECT accepted FROM nomp_share_blocks WHERE block_hash = ?',
              [blockHash],
            );
            const isThere = row !== undefined && Number(own(row, 'accepted')) === 1;
            return { look: await lookAtDisk(session, now), accepted: isThere };
          }),
        );
        if (!accepted) return false;
        if (earlier === undefined || !isSameRun(earlier, look)) earlier = look;
        if (provesOnDisk(earlier, look)) {
          found.delete(blockHash);
          return true;
        }
        await sleep(lookMillis, undefined, { signal });
      }
    },
    async refuse(blockHash) {
      // Its row is N already, and stays.
      found.delete(blockHash);
    },
  };
}

function shareOf(block: FoundBlock): ShareRecord {
  return {
    time: millis(block.time),
    worker: block.finder,
    ip: '',
    port: 0,
    jobId: '',
    height: block.height,
    valid: true,
    difficulty: difficulty(0),
    shareDiff: 0,
    blockDiff: difficulty(block.networkDifficulty),
    blockHash: block.blockHash,
  };
}
