import { CodedError, codeOf, messageOf } from '../../primitives/errors.ts';
import { isRecord, own } from '../../primitives/unknown.ts';

/** `transient`: it goes by itself. `permanent`: a person has to mend the database, its rights or the configuration. */
export type MposTrouble = 'transient' | 'permanent';

export type MposErrorCode =
  /** No connection, or one that broke or did not answer in time. */
  | 'MPOS_DOWN'
  /** Two transactions were in each other's way: the same again is right. */
  | 'MPOS_BUSY'
  /** User, password or name of the database. */
  | 'MPOS_ACCESS'
  /** The user may not do what is needed. */
  | 'MPOS_RIGHTS'
  /** A table or column is missing, or of a kind that cannot be used. */
  | 'MPOS_TABLES'
  /** Full or read-only. */
  | 'MPOS_STORAGE'
  /** A row with this unique value is there already. */
  | 'MPOS_DUPLICATE'
  /** Anything else that the database says no to. */
  | 'MPOS_REFUSED';

export class MposError extends CodedError {
  declare readonly code: MposErrorCode;
  readonly trouble: MposTrouble;

  constructor(code: MposErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.trouble = transient.has(code) ? 'transient' : 'permanent';
  }
}

const transient: ReadonlySet<MposErrorCode> = new Set(['MPOS_DOWN', 'MPOS_BUSY']);

/** Error numbers of MySQL and MariaDB that mean something to us; the rest is MPOS_REFUSED. */
const meanings: ReadonlyMap<number, MposErrorCode> = new Map(
  (
    [
      // Too many connections, shutting down, host blocked, killed, timed out.
      ['MPOS_DOWN', [1040, 1053, 1077, 1129, 1130, 1158, 1159, 1160, 1161, 1203, 1226, 1317, 1927]],
      ['MPOS_BUSY', [1205, 1213, 1969, 3024, 3101]],
      ['MPOS_ACCESS', [1044, 1045, 1049, 1251, 1524, 1698, 1820, 1862, 3118]],
      ['MPOS_RIGHTS', [1142, 1143, 1227, 1370]],
      ['MPOS_TABLES', [1054, 1146, 1364, 1932]],
      ['MPOS_STORAGE', [1021, 1026, 1114, 1290, 1792, 1836]],
      ['MPOS_DUPLICATE', [1062]],
    ] as const
  ).flatMap(([code, numbers]) => numbers.map((number) => [number, code] as const)),
);

/** Errors whose text quotes the value, which may be a miner's password. */
const quoting: ReadonlySet<number> = new Set([1264, 1265, 1292, 1366, 1406, 3854]);

/** What mysql2 or the operating system threw, with the name of the database it is about. */
export function mposError(error: unknown, name: string): MposError {
  if (error instanceof MposError) return error;
  const options = { cause: error };
  const number = isRecord(error) ? own(error, 'errno') : undefined;
  const state = isRecord(error) ? own(error, 'sqlState') : undefined;
  // Only the server's own errors have a state; those of the connection have negative numbers or none.
  if (typeof number !== 'number' || typeof state !== 'string' || state === '') {
    return new MposError('MPOS_DOWN', `${name} is away: ${messageOf(error)}.`, options);
  }
  const code = meanings.get(number) ?? 'MPOS_REFUSED';
  const told = quoting.has(number)
    ? `a value does not fit its column (${codeOf(error)})`
    : messageOf(error);
  return new MposError(code, `${name} says: ${told}.`, options);
}
