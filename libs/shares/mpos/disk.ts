import type { Clock } from '../../primitives/units.ts';
import { own } from '../../primitives/unknown.ts';
import type { MposDatabase, MposSession } from './database.ts';

// How much of what was committed is on the disk of MySQL: with innodb_flush_log_at_trx_commit=1 all of it at once, else
// what was committed some seconds before a look that the same run of the server still answers.

export interface DiskLook {
  /** Our clock, milliseconds. */
  readonly at: number;
  /** Seconds that the server has been up. */
  readonly uptime: number;
  /** A commit is on disk before it is answered. */
  readonly always: boolean;
  /** Milliseconds between two flushes of the log. */
  readonly flushMillis: number;
}

/** What the kernel and the disk may need after a flush has begun. */
const margin = 3_000;
/** A younger server cannot be told from one that was started again between two looks. */
const youngest = 3;

export async function lookAtDisk(session: MposSession, now: Clock): Promise<DiskLook> {
  const at = now();
  const [settings] = await session.rows(
    'SELECT @@GLOBAL.innodb_flush_log_at_trx_commit AS flush, @@GLOBAL.innodb_flush_log_at_timeout AS every',
  );
  const [status] = await session.rows("SHOW GLOBAL STATUS LIKE 'Uptime'");
  const number = (value: unknown) => Number(value ?? Number.NaN);
  const flush = settings === undefined ? 0 : number(own(settings, 'flush'));
  const every = settings === undefined ? 1 : number(own(settings, 'every'));
  return {
    at,
    uptime: status === undefined ? 0 : number(own(status, 'Value')),
    // 3 is MariaDB's own: with another flush for group commits.
    always: flush === 1 || flush === 3,
    flushMillis: every * 1_000,
  };
}

/** False also when it cannot be told: begin anew with the later look then. */
export function isSameRun(earlier: DiskLook, later: DiskLook): boolean {
  const passed = Math.floor((later.at - earlier.at) / 1_000);
  return earlier.uptime >= youngest && later.uptime - earlier.uptime >= passed - 1;
}

/** True if `later` shows that what was committed before `earlier`, of the same run, is on disk. */
export function provesOnDisk(earlier: DiskLook, later: DiskLook): boolean {
  return later.always || later.at - earlier.at >= later.flushMillis + margin;
}

/** Asks for the highest sequence that a crash of the server cannot take back. */
export function createMposDisk(
  database: MposDatabase,
  lastSequence: (session: MposSession) => Promise<number>,
  now: Clock,
): () => Promise<number> {
  let earlier: (DiskLook & { readonly sequence: number }) | undefined;
  let safe = 0;
  return () =>
    database.once(async (session) => {
      const sequence = await lastSequence(session);
      const look = { ...(await lookAtDisk(session, now)), sequence };
      // A server that was started again, or lost what it had, begins anew.
      if (earlier === undefined || !isSameRun(earlier, look)) earlier = look;
      if (sequence < safe) safe = 0;
      if (provesOnDisk(earlier, look)) {
        safe = Math.max(safe, look.always ? sequence : earlier.sequence);
        earlier = look;
      }
      return safe;
    });
}
