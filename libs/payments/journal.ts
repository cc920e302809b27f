import { link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { CodedError, messageOf } from '../primitives/errors.ts';
import { type Millis, millis, type Satoshis } from '../primitives/units.ts';
import { isRecord, own, parseJson } from '../primitives/unknown.ts';
import { readSatoshis } from './batch.ts';

// A witness on disk beside Redis: what was about to be sent, and what came of it. Redis set back to an older state does
// not know of the last payments any more, and would make them again. Lines are only added, each one is synced.

export type JournalEntry =
  /** The journal begins, or goes on after something it has not seen: these are the books. */
  | (JournalFacts & { readonly kind: 'begin' })
  /** Money may move from here on. `paid`: totals.paid without this batch. */
  | JournalStep<'sending'>
  /** `paid`: with this batch. */
  | JournalStep<'settled'>
  /** It was certainly not sent. */
  | JournalStep<'released'>;

interface JournalFacts {
  readonly time: Millis;
  readonly paid: Satoshis;
  /** When a person took the books for the truth last, as Redis said; 0: never. Old journals lack it. */
  readonly checkedFrom?: Millis;
}

interface JournalStep<Kind extends string> extends JournalFacts {
  readonly kind: Kind;
  readonly batch: string;
  /** Not known before sendmany has answered. */
  readonly txid?: string;
  readonly amount: Satoshis;
}

export interface Journal {
  /** The last entry that can be read; undefined for a journal that has not begun. Rejects with JournalError. */
  last(): Promise<JournalEntry | undefined>;
  /** Resolves when the entry is on disk. Rejects with JournalError. */
  add(entry: JournalEntry): Promise<void>;
}

/** JOURNAL_IO: the disk. JOURNAL_DAMAGED: it has lines, and none of the last ones can be read. */
export class JournalError extends CodedError {}

/** Many entries, whatever is broken at the end. */
const tailBytes = 16_384;
const mostBytes = 16 * 1024 * 1024;

/** Keeps at most two files of 16 MB: `file`, and the one before it as `file`.old. */
export function openJournal(file: string, limit = mostBytes): Journal {
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof JournalError) throw error;
      const reason = messageOf(error);
      throw new JournalError(
        'JOURNAL_IO',
        `the payment journal ${file} cannot be ${what} (${reason}): nothing is sent without it; make room on the disk and give this user the right to write there`,
        { cause: error },
      );
    }
  };
  return {
    last: () => attempt('read', async () => lastEntry(await readTail(file), file)),
    add: (entry) =>
      attempt('written', async () => {
        await mkdir(dirname(file), { recursive: true });
        if ((await sizeOf(file)) > limit)
          await startAnew(file, lastEntry(await readTail(file), file));
        await append(file, lineOf(entry));
      }),
  };
}

/** For a processor without a data folder: it remembers nothing. */
export const noJournal: Journal = {
  last: async () => undefined,
  add: async () => undefined,
};

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch(ignoreMissing);
  return found?.size ?? 0;
}

function ignoreMissing(error: unknown): undefined {
  if (isRecord(error) && error['code'] === 'ENOENT') return undefined;
  throw error;
}

/** At every instant `file` is there, and ends with the same entry. */
async function startAnew(file: string, entry: JournalEntry | undefined): Promise<void> {
  const [next, old] = [`${file}.new`, `${file}.old`];
  if (entry !== undefined) await append(next, lineOf(entry));
  await rm(old, { force: true });
  await link(file, old);
  await rename(next, file);
}

async function append(file: string, line: string): Promise<void> {
  const tail = await readTail(file);
  const handle = await open(file, 'a');
  try {
    // A line of its own, also after one that a power cut has torn.
    await handle.writeFile(tail === '' || tail.endsWith('\n') ? line : `\n${line}`);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  if (tail === '') await syncFolder(dirname(file));
}

/** A new file is safe when the folder that names it is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readTail(file: string): Promise<string> {
  const handle = await open(file, 'r').catch(ignoreMissing);
  if (handle === undefined) return '';
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.alloc(Math.min(size, tailBytes));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

function lastEntry(tail: string, file: string): JournalEntry | undefined {
  const lines = tail.split('\n').filter((line) => line !== '');
  for (const line of lines.toReversed()) {
    const entry = readLine(line);
    if (entry !== undefined) return entry;
  }
  if (lines.length === 0) return undefined;
  throw new JournalError(
    'JOURNAL_DAMAGED',
    `the payment journal ${file} cannot be read; compare the wallet's last transactions with the payments in Redis, then move the file away, and a new one begins`,
  );
}

function lineOf(entry: JournalEntry): string {
  const text = JSON.stringify(entry, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  return `${checksum(text)} ${text}\n`;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

/** Undefined for a line that was torn or changed. */
function readLine(line: string): JournalEntry | undefined {
  const text = line.slice(9);
  if (line.slice(0, 9) !== `${checksum(text)} `) return undefined;
  const value = parseJson(text);
  if (!isRecord(value)) return undefined;
  const kind = own(value, 'kind');
  const time = own(value, 'time');
  const paid = readSatoshis(own(value, 'paid'));
  if (typeof time !== 'number' || paid === undefined) return undefined;
  const from = own(value, 'checkedFrom');
  const checkedFrom = typeof from === 'number' ? { checkedFrom: millis(from) } : {};
  const facts = { time: millis(time), paid, ...checkedFrom };
  if (kind === 'begin') return { kind, ...facts };
  if (kind !== 'sending' && kind !== 'settled' && kind !== 'released') return undefined;
  const batch = own(value, 'batch');
  const amount = readSatoshis(own(value, 'amount'));
  const txid = own(value, 'txid');
  if (typeof batch !== 'string' || amount === undefined) return undefined;
  return { kind, ...facts, batch, amount, ...(typeof txid === 'string' ? { txid } : {}) };
}
