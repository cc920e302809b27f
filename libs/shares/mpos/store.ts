import type { Clock } from '../../primitives/units.ts';
import { own } from '../../primitives/unknown.ts';
import type { ApplyOutcome, ShareRecord, ShareStore, StoreFacts } from '../types.ts';
import type { MposDatabase, MposSession } from './database.ts';
import { createMposDisk } from './disk.ts';
import { completeShare, insertShare, insertShares, type RowFacts } from './shareRows.ts';
import { readyForShares, type ShareColumns } from './tables.ts';

// Brings groups of shares into MPOS's table `shares`, each exactly once: the rows and the writer's last group are one
// transaction.

export interface MposStoreOptions extends StoreFacts {
  readonly database: MposDatabase;
  readonly coin: string;
  readonly multiplier: number;
  readonly writerId: string;
  readonly now: Clock;
}

/** Days that writers which are no more, and blocks, are remembered. */
const keptDays = 90;

export function createMposStore(options: MposStoreOptions): ShareStore {
  const { database, multiplier, writerId, now, signal } = options;
  const waiting = () => `${options.waiting()} shares of ${options.coin} wait in the spool`;
  const untilDone = <T>(work: () => Promise<T>) => database.untilDone(work, waiting, signal);
  let columns: Promise<ShareColumns> | undefined;

  /** Asked anew after any trouble, since tables may have been changed. */
  async function tables(): Promise<ShareColumns> {
    columns ??= readyForShares(database);
    return await columns;
  }

  async function withTables<T>(work: (columns: ShareColumns) => Promise<T>): Promise<T> {
    return await untilDone(async () => {
      try {
        return await work(await tables());
      } catch (error) {
        columns = undefined;
        throw error;
      }
    });
  }

  async function lastSequence(session: MposSession): Promise<number> {
    const [row] = await session.rows(
      'SELECT last_group AS last FROM nomp_share_writers WHERE writer = ?',
      [writerId],
    );
    return row === undefined ? 0 : Number(own(row, 'last'));
  }

  async function applyOnce(
    session: MposSession,
    sequence: number,
    shares: readonly ShareRecord[],
    after: number,
    facts: RowFacts,
  ): Promise<ApplyOutcome> {
    const moved = await session.change(
      'UPDATE nomp_share_writers SET last_group = ? WHERE writer = ? AND last_group = ?',
      [sequence, writerId, after],
    );
    if (moved.rows !== 1) {
      const [row] = await session.rows(
        'SELECT last_group AS last FROM nomp_share_writers WHERE writer = ? FOR UPDATE',
        [writerId],
      );
      return row !== undefined && Number(own(row, 'last')) >= sequence ? 'already' : 'moved';
    }
    await insertGroups(session, shares, facts);
    return 'applied';
  }

  /** In an own statement before the transaction: two writers that begin must not wait for each other's gaps. */
  async function begin(): Promise<void> {
    await database.once((session) =>
      session.change('INSERT IGNORE INTO nomp_share_writers (writer, last_group) VALUES (?, 0)', [
        writerId,
      ]),
    );
  }

  return {
    apply: (sequence, shares, after) =>
      withTables(async (known) => {
        if (after === 0) await begin();
        return await database.transaction((session) =>
          applyOnce(session, sequence, shares, after, { columns: known, multiplier, now: now() }),
        );
      }),
    lastSequence: () => withTables(() => database.once(lastSequence)),
    safeSequence: createMposDisk(database, lastSequence, now),
    async retire() {
      await database
        .once(async (session) => {
          await session.change('UPDATE nomp_share_writers SET retired = 1 WHERE writer = ?', [
            writerId,
          ]);
          await session.change(
            'DELETE FROM nomp_share_writers WHERE retired = 1 AND changed < NOW() - INTERVAL ? DAY',
            [keptDays],
          );
          await session.change(
            'DELETE FROM nomp_share_blocks WHERE found < NOW() - INTERVAL ? DAY',
            [keptDays],
          );
        })
        // Rows that stay for ever harm nobody.
        .catch(() => undefined);
    },
    onReturn: (listener) => database.onReturn(listener),
  };
}

/** The row of a found block is remembered by its hash, so that it can be set to Y once a daemon has taken the block. */
async function insertGroups(
  session: MposSession,
  shares: readonly ShareRecord[],
  facts: RowFacts,
): Promise<void> {
  let from = 0;
  for (const [at, share] of shares.entries()) {
    if (share.blockHash === undefined) continue;
    await insertShares(session, shares.slice(from, at), facts);
    await insertBlock(session, share, share.blockHash, facts);
    from = at + 1;
  }
  await insertShares(session, from === 0 ? shares : shares.slice(from), facts);
}

async function insertBlock(
  session: MposSession,
  share: ShareRecord,
  blockHash: string,
  facts: RowFacts,
): Promise<void> {
  const [known] = await session.rows(
    'SELECT share_id AS id FROM nomp_share_blocks WHERE block_hash = ? FOR UPDATE',
    [blockHash],
  );
  // The block was on the chain before its share came here: a row stands in for it. Where MPOS has paid that round and
  // put the row away meanwhile, the share counts in the round of now.
  if (known !== undefined) {
    const isThere = await completeShare(session, Number(own(known, 'id')), share, facts);
    if (!isThere) await insertShare(session, share, facts);
    return;
  }
  const id = await insertShare(session, share, facts);
  await session.change('INSERT INTO nomp_share_blocks (block_hash, share_id) VALUES (?, ?)', [
    blockHash,
    id,
  ]);
}
