import { open, readFile, rm } from 'node:fs/promises';
import { codeOf } from '../primitives/errors.ts';
import { cutFile, listSegments, segmentPath, setAside } from './spoolFolder.ts';
import { findRecord, readRecord } from './spoolRecord.ts';

// The segments of one writer, as its writer and its reader in this process both see them.

export interface Segment {
  /** Sequence of its first group. */
  readonly first: number;
  readonly path: string;
  /** So many bytes of the file are whole, durable records; what lies behind is none of a reader's business. */
  bytes: number;
  /** The writer may still append. */
  open: boolean;
  /** A reader found bytes in it that are no record: kept aside instead of deleted. */
  damaged: boolean;
}

export class SpoolFiles {
  readonly folder: string;
  readonly #segments: Segment[];
  /** Highest sequence that is durably on disk; 0 if none. */
  last: number;

  constructor(folder: string, segments: Segment[] = [], last = 0) {
    this.folder = folder;
    this.#segments = segments;
    this.last = last;
  }

  /** In the order of their sequences. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** What a new segment begins with. */
  add(first: number): Segment {
    const path = segmentPath(this.folder, first);
    const segment = { first, path, bytes: 0, open: true, damaged: false };
    this.#segments.push(segment);
    return segment;
  }

  after(segment: Segment): Segment | undefined {
    return this.#segments.find(({ first }) => first > segment.first);
  }

  /** The last sequence that is in it, or could be. */
  lastOf(segment: Segment): number {
    const next = this.after(segment);
    return next === undefined ? this.last : next.first - 1;
  }

  /** Deletes a segment that nobody needs; a damaged one is moved aside, and its new path returned. */
  async drop(segment: Segment): Promise<string | undefined> {
    let aside: string | undefined;
    if (segment.damaged) aside = await setAside(segment.path).catch(ignoreMissing);
    else await rm(segment.path, { force: true });
    const at = this.#segments.indexOf(segment);
    if (at !== -1) this.#segments.splice(at, 1);
    return aside;
  }
}

function ignoreMissing(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error;
}

/** Bytes of a write that a crash cut short. */
export interface TornTail {
  readonly path: string;
  readonly at: number;
  readonly bytes: number;
}

/**
 * The files of a writer that is no more. A write that was cut short at the very end is cut off: nobody was answered
 * for it. Damage of any other kind is left for the reader to find. Rejects with the system's error.
 */
export async function openAbandoned(
  folder: string,
): Promise<{ files: SpoolFiles; torn: TornTail | undefined }> {
  const segments = (await listSegments(folder)).map((segment) => ({
    ...segment,
    open: false,
    damaged: false,
  }));
  const newest = segments.at(-1);
  if (newest === undefined) return { files: new SpoolFiles(folder), torn: undefined };
  const { lastSequence, end, tornAt } = walk(await readFile(newest.path));
  let torn: TornTail | undefined;
  if (tornAt !== undefined) {
    torn = { path: newest.path, at: tornAt, bytes: end - tornAt };
    await cutFile(newest.path, tornAt);
  }
  newest.bytes = tornAt ?? end;
  return { files: new SpoolFiles(folder, segments, lastSequence ?? newest.first - 1), torn };
}

/** The last group in a writer's folder, whoever writes it; 0 if there is none. Rejects with the system's error. */
export async function lastOnDisk(folder: string): Promise<number> {
  const newest = (await listSegments(folder)).at(-1);
  if (newest === undefined) return 0;
  return walk(await readFile(newest.path)).lastSequence ?? newest.first - 1;
}

/** Whole records of a file, past damage, and where a cut-short write begins. */
function walk(bytes: Buffer): {
  lastSequence: number | undefined;
  end: number;
  tornAt: number | undefined;
} {
  let lastSequence: number | undefined;
  let at = 0;
  while (at < bytes.length) {
    const record = readRecord(bytes, at);
    if (record.kind === 'record') {
      lastSequence = record.sequence;
      at = record.end;
      continue;
    }
    const next = findRecord(bytes, at + 1);
    if (next === undefined) {
      // A crash of the machine can leave the file longer than what was written to it: zeros.
      const isTorn = record.kind === 'short' || bytes.subarray(at).every((byte) => byte === 0);
      return { lastSequence, end: bytes.length, tornAt: isTorn ? at : undefined };
    }
    at = next;
  }
  return { lastSequence, end: bytes.length, tornAt: undefined };
}

/** Reads a piece of a file; shorter than asked for if the file is. */
export async function readPiece(path: string, from: number, to: number): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const bytes = Buffer.allocUnsafe(to - from);
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, from + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  } finally {
    await handle.close();
  }
}
