import { close, fdatasync, ftruncate, open, write } from 'node:fs';
import { promisify } from 'node:util';
import { codeOf } from '../primitives/errors.ts';
import type { Segment, SpoolFiles } from './spoolFiles.ts';
import { syncFolder } from './spoolFolder.ts';
import { encodeRecord } from './spoolRecord.ts';
import type { ShareRecord } from './types.ts';

// Appends groups to a writer's segments, one at a time: one write and one fdatasync for each.

/** What the writer needs of an open file. Each call rejects with the system's error. */
export interface SpoolFile {
  /** Resolves with how many bytes were written, from `offset` of `bytes` to `position` of the file. */
  write(bytes: Buffer, offset: number, position: number): Promise<number>;
  datasync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

export interface SpoolWriterOptions {
  readonly files: SpoolFiles;
  /** Makes the folder of `files`, durably. Called before the first segment, and again if the folder has vanished. */
  readonly makeFolder: () => Promise<unknown>;
  /** A segment that has reached this size is followed by a new one. */
  readonly segmentBytes: number;
  /** Opens a new, empty file for writing. */
  readonly openFile?: (path: string) => Promise<SpoolFile>;
}

export class SpoolWriter {
  readonly #options: SpoolWriterOptions;
  #folderMade = false;
  #active: { readonly segment: Segment; readonly file: SpoolFile } | undefined;
  /** Bytes of a failed write may lie behind the segment's good ones. */
  #torn = false;
  #busy = false;

  constructor(options: SpoolWriterOptions) {
    this.#options = options;
  }

  /**
   * Resolves with the group's sequence when the disk has it. Rejects with the system's error (ENOSPC, EIO, …) when it
   * has not: then nothing of it is in the spool, unless its bytes could not even be cut off and the process dies before
   * the next group. Must not be called before the last call has settled.
   */
  async append(shares: readonly ShareRecord[]): Promise<number> {
    const { files, segmentBytes } = this.#options;
    const sequence = files.last + 1;
    const record = encodeRecord(sequence, shares);
    this.#busy = true;
    try {
      this.#active ??= await this.#openSegment(sequence);
      const { segment, file } = this.#active;
      if (this.#torn) await this.#cut();
      this.#torn = true;
      try {
        await writeAll(file, record, segment.bytes);
        await file.datasync();
      } catch (error) {
        await this.#cut().catch(() => undefined);
        throw error;
      }
      this.#torn = false;
      segment.bytes += record.length;
      files.last = sequence;
      if (segment.bytes >= segmentBytes) await this.#finishSegment();
      return sequence;
    } finally {
      this.#busy = false;
    }
  }

  /** Ends the current segment, so that it can be dropped. Does nothing while a group is being written. */
  async rest(): Promise<void> {
    if (!this.#busy) await this.#finishSegment();
  }

  async #openSegment(sequence: number) {
    const { files, makeFolder, openFile = openNew } = this.#options;
    if (!this.#folderMade) await makeFolder();
    this.#folderMade = true;
    const segment = files.segments.find(({ first }) => first === sequence) ?? files.add(sequence);
    let file: SpoolFile | undefined;
    try {
      file = await openFile(segment.path);
      await syncFolder(files.folder);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') this.#folderMade = false;
      await file?.close().catch(() => undefined);
      throw error;
    }
    this.#torn = false;
    return { segment, file };
  }

  async #cut(): Promise<void> {
    await this.#active?.file.truncate(this.#active.segment.bytes);
    this.#torn = false;
  }

  async #finishSegment(): Promise<void> {
    const active = this.#active;
    // A later start would take what could not be cut off for a group: the segment stays the current one.
    if (active === undefined || this.#torn) return;
    this.#active = undefined;
    active.segment.open = false;
    // Every byte that counts is on disk already.
    await active.file.close().catch(() => undefined);
  }

  /** Not while a group is being written. */
  async close(): Promise<void> {
    if (this.#torn) await this.#cut().catch(() => undefined);
    this.#torn = false;
    await this.#finishSegment();
  }
}

const call = {
  open: promisify(open),
  write: promisify(write),
  datasync: promisify(fdatasync),
  truncate: promisify(ftruncate),
  close: promisify(close),
};

/** A new file by its descriptor: fs.promises' handles cost twice the time of the writing itself. */
export async function openNew(path: string): Promise<SpoolFile> {
  const descriptor = await call.open(path, 'w');
  return {
    async write(bytes, offset, position) {
      const { bytesWritten } = await call.write(
        descriptor,
        bytes,
        offset,
        bytes.length - offset,
        position,
      );
      return bytesWritten;
    },
    datasync: () => call.datasync(descriptor),
    truncate: (length) => call.truncate(descriptor, length),
    close: () => call.close(descriptor),
  };
}

async function writeAll(file: SpoolFile, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const written = await file.write(bytes, done, position + done);
    if (written === 0) throw new Error('the disk takes no more bytes');
    done += written;
  }
}
