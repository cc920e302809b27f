import { codeOf } from '../primitives/errors.ts';
import { readPiece, type Segment, type SpoolFiles } from './spoolFiles.ts';
import { decodeShares, findRecord, headerBytes, readRecord } from './spoolRecord.ts';
import type { ShareGroup } from './types.ts';

// Reads groups back from a writer's segments, in order, past damage. Holds at most one segment in memory.

export interface SpoolDamage {
  readonly segment: Segment;
  /** Offset of the first byte that is no record. */
  readonly at: number;
  readonly bytes: number;
  /** The last group before it. The ones that are lost come after this one. */
  readonly after: number;
  readonly what: string;
}

export interface GroupsRead {
  readonly groups: readonly ShareGroup[];
  /** No group up to here is left to read: the last one of `groups`, or the last one on disk. */
  readonly through: number;
}

interface RawGroup {
  readonly sequence: number;
  readonly count: number;
  readonly payload: Buffer;
  readonly at: number;
}

export class SpoolReader {
  readonly #files: SpoolFiles;
  readonly #onDamage: (damage: SpoolDamage) => void;
  /** Where the next record is. */
  #segment: Segment | undefined;
  #offset = 0;
  /** Bytes of the segment from #bufferStart on. */
  #buffer: Buffer | undefined;
  #bufferStart = 0;
  /** No group up to here is left to read at #offset. */
  #sequence = 0;

  constructor(files: SpoolFiles, onDamage: (damage: SpoolDamage) => void) {
    this.#files = files;
    this.#onDamage = onDamage;
  }

  /**
   * Groups after the sequence `after`, until they hold `most` shares or none is left. Rejects with the system's error
   * when the disk cannot be read; the next call tries there again.
   */
  async read(after: number, most: number): Promise<GroupsRead> {
    if (after !== this.#sequence) this.#seek(after);
    const groups: ShareGroup[] = [];
    for (let count = 0; count < most; ) {
      const raw = await this.#next().catch((error: unknown) => {
        // What was read before the trouble is good.
        if (groups.length === 0) throw error;
        return 'trouble' as const;
      });
      if (raw === 'trouble') break;
      if (raw === undefined) {
        this.#sequence = Math.max(after, this.#files.last);
        break;
      }
      if (raw.sequence <= after) continue;
      const shares = decodeShares(raw.payload);
      if (shares === undefined) {
        const bytes = headerBytes + raw.payload.length;
        this.#report(raw.at, bytes, raw.sequence - 1, 'its shares cannot be understood');
        continue;
      }
      groups.push({ sequence: raw.sequence, shares });
      count += raw.count;
    }
    return { groups, through: this.#sequence };
  }

  /** Shares of all groups after the sequence `after`, up to `upTo`. Rejects as `read`. */
  async count(after: number, upTo: number): Promise<number> {
    this.#seek(after);
    let shares = 0;
    while (this.#sequence < upTo) {
      const raw = await this.#next();
      if (raw === undefined) break;
      if (raw.sequence > after && raw.sequence <= upTo) shares += raw.count;
    }
    return shares;
  }

  #seek(after: number): void {
    const { segments } = this.#files;
    this.#segment = segments.findLast(({ first }) => first <= after + 1) ?? segments[0];
    this.#offset = 0;
    this.#buffer = undefined;
    this.#sequence = after;
  }

  /** Undefined at the end of what is on disk. */
  async #next(): Promise<RawGroup | undefined> {
    for (;;) {
      this.#segment ??= this.#files.segments[0];
      const segment = this.#segment;
      if (segment === undefined) return undefined;
      if (this.#buffer === undefined && this.#offset >= segment.bytes) {
        const next = segment.open ? undefined : this.#files.after(segment);
        if (next === undefined) return undefined;
        this.#segment = next;
        this.#offset = 0;
        continue;
      }
      this.#buffer ??= await this.#load(segment);
      const raw = this.#take(this.#buffer);
      if (raw !== undefined) return raw;
    }
  }

  async #load(segment: Segment): Promise<Buffer> {
    const end = segment.bytes;
    this.#bufferStart = this.#offset;
    const bytes = await readPiece(segment.path, this.#offset, end).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return Buffer.alloc(0);
      throw error;
    });
    const missing = end - this.#offset - bytes.length;
    if (missing === 0) return bytes;
    // Filled up with what is no record: it is reported and passed over like any other damage.
    return Buffer.concat([bytes, Buffer.alloc(missing)]);
  }

  /** The record at the offset; undefined when the buffer has no more. */
  #take(buffer: Buffer): RawGroup | undefined {
    const at = this.#offset - this.#bufferStart;
    const record = at < buffer.length ? readRecord(buffer, at) : undefined;
    if (record?.kind === 'record') {
      this.#offset = this.#bufferStart + record.end;
      this.#sequence = Math.max(this.#sequence, record.sequence);
      return { ...record, at: this.#bufferStart + at };
    }
    if (record !== undefined) {
      const next = findRecord(buffer, at + 1) ?? buffer.length;
      this.#report(this.#offset, next - at, this.#sequence, 'there is no whole record');
      this.#offset = this.#bufferStart + next;
      if (next < buffer.length) return undefined;
    }
    this.#buffer = undefined;
    return undefined;
  }

  #report(at: number, bytes: number, after: number, what: string): void {
    const segment = this.#segment;
    if (segment !== undefined) this.#onDamage({ segment, at, bytes, after, what });
  }
}
