import type { Millis } from '../../primitives/units.ts';
import type { ShareRecord } from '../types.ts';
import { fitText } from './columnText.ts';
import type { MposSession, SqlValue } from './database.ts';
import type { ShareColumns } from './tables.ts';

// Shares as rows of MPOS's table `shares`.

export interface RowFacts {
  readonly columns: ShareColumns;
  /** Of the coin: what MPOS expects of this algorithm's difficulties. */
  readonly multiplier: number;
  readonly now: Millis;
}

/** The longest that a share can have waited, in seconds: its time must stay one that a TIMESTAMP knows. */
const longestWait = 366 * 86_400;
/** A FLOAT column holds no more. */
const largestFloat = 3.4e38;
/** Rows of one INSERT are powers of two up to this, so that few statements are prepared. */
const mostRows = 1_024;

const fields =
  'rem_host, username, our_result, upstream_result, reason, solution, difficulty, time';
// The server's own clock less the share's age: NOW() for what is fresh, right as well for what had to wait. In unix
// seconds, since a local time may not exist in the night when clocks are put forward.
const row = "(?, ?, ?, 'N', ?, ?, ?, FROM_UNIXTIME(UNIX_TIMESTAMP() - ?))";

const inserts = new Map<number, string>();
function insertOf(count: number): string {
  let sql = inserts.get(count);
  if (sql === undefined) {
    sql = `INSERT INTO shares (${fields}) VALUES ${Array(count).fill(row).join(', ')}`;
    inserts.set(count, sql);
  }
  return sql;
}

/** The values of one row: all but upstream_result, which is N until a daemon has taken a block. */
function rowValues(share: ShareRecord, { columns, multiplier, now }: RowFacts): SqlValue[] {
  const { ip, worker, valid, error, difficulty, time } = share;
  const solution = share.blockHash ?? share.blockHashInvalid ?? '';
  return [
    fitText(ip, columns.remHost),
    fitText(worker, columns.username),
    valid ? 'Y' : 'N',
    error === undefined ? null : fitText(error, columns.reason),
    fitText(solution, columns.solution),
    Math.min(difficulty * multiplier, largestFloat),
    Math.min(Math.max(Math.floor((now - time) / 1_000), 0), longestWait),
  ];
}

/** Inserts the shares in their order. */
export async function insertShares(
  session: MposSession,
  shares: readonly ShareRecord[],
  facts: RowFacts,
): Promise<void> {
  for (let at = 0, left = shares.length; left > 0; ) {
    const count = Math.min(mostRows, 2 ** Math.floor(Math.log2(left)));
    const values = shares.slice(at, at + count).flatMap((share) => rowValues(share, facts));
    await session.change(insertOf(count), values);
    at += count;
    left -= count;
  }
}

/** Inserts one share; gives the id of its row. */
export async function insertShare(
  session: MposSession,
  share: ShareRecord,
  facts: RowFacts,
): Promise<number> {
  const { id } = await session.change(insertOf(1), rowValues(share, facts));
  return id;
}

/** Gives a row that stands for a share the share's own values. False if the row is not there any more. */
export async function completeShare(
  session: MposSession,
  id: number,
  share: ShareRecord,
  facts: RowFacts,
): Promise<boolean> {
  const { rows } = await session.change(
    `UPDATE shares SET rem_host = ?, username = ?, our_result = ?, reason = ?, solution = ?, difficulty = ?,
     time = FROM_UNIXTIME(UNIX_TIMESTAMP() - ?) WHERE id = ?`,
    [...rowValues(share, facts), id],
  );
  return rows === 1;
}
