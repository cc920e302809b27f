import { encodeRecord } from '../../../libs/shares/spoolRecord.ts';
import { openNew, type SpoolFile } from '../../../libs/shares/spoolWriter.ts';
import type { ShareRecord, ShareStore } from '../../../libs/shares/types.ts';
import { sampleShare } from '../sampleShare.ts';

/** `count` shares whose workers say which ones they are: `g<group>s<index>`. */
export function groupOf(group: number, count = 3): ShareRecord[] {
  return Array.from({ length: count }, (_, i) => sampleShare({ worker: `g${group}s${i}` }));
}

/** Groups `first` to `last` as the bytes of a spool file. */
export function recordsOf(first: number, last: number): Buffer {
  const groups = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  return Buffer.concat(groups.map((group) => encodeRecord(group, groupOf(group))));
}

function fault(code: string): Error {
  return Object.assign(new Error(`${code}: the disk says so`), { code });
}

/** A disk that fails when the test says so. Everything else is done by the real one. */
export interface FaultyDisk {
  /** So many bytes can still be written. */
  room: number;
  syncFails: boolean;
  cutFails: boolean;
  opens: number;
  syncs: number;
  openFile(path: string): Promise<SpoolFile>;
}

export function faultyDiskStandIn(): FaultyDisk {
  const disk: FaultyDisk = {
    room: Infinity,
    syncFails: false,
    cutFails: false,
    opens: 0,
    syncs: 0,
    async openFile(path) {
      if (disk.room <= 0) throw fault('ENOSPC');
      disk.opens += 1;
      const file = await openNew(path);
      return {
        async write(bytes, offset, position) {
          if (disk.room <= 0) throw fault('ENOSPC');
          const part = bytes.subarray(0, Math.min(bytes.length, offset + disk.room));
          const written = await file.write(part, offset, position);
          disk.room -= written;
          return written;
        },
        async datasync() {
          disk.syncs += 1;
          if (disk.syncFails) throw fault('EIO');
          await file.datasync();
        },
        async truncate(length) {
          if (disk.cutFails) throw fault('EIO');
          await file.truncate(length);
        },
        close: () => file.close(),
      };
    },
  };
  return disk;
}

/** Stands in for a store where a test must decide when it answers and what it forgets. */
export class StoreStandIn implements ShareStore {
  /** Workers of the shares that are in, by the sequence they came with. */
  readonly applied: { readonly sequence: number; readonly workers: readonly string[] }[] = [];
  safe = 0;
  retired = false;
  calls = 0;
  #up: Promise<void> = Promise.resolve();
  #open: () => void = () => undefined;
  readonly #listeners = new Set<() => void>();

  get workers(): string[] {
    return this.applied.flatMap(({ workers }) => workers);
  }

  get #last(): number {
    return this.applied.at(-1)?.sequence ?? 0;
  }

  /** Calls wait until up(). */
  down(): void {
    this.#up = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  up(): void {
    this.#open();
    for (const listener of this.#listeners) listener();
  }

  /** It restarts and has only what came up to this sequence. */
  forgetAfter(sequence: number): void {
    const kept = this.applied.filter((call) => call.sequence <= sequence);
    this.applied.splice(0, this.applied.length, ...kept);
    for (const listener of this.#listeners) listener();
  }

  async apply(sequence: number, shares: readonly ShareRecord[], after: number) {
    await this.#up;
    this.calls += 1;
    if (sequence <= this.#last) return 'already';
    if (after !== this.#last) return 'moved';
    this.applied.push({ sequence, workers: shares.map(({ worker }) => worker) });
    return 'applied';
  }

  async lastSequence(): Promise<number> {
    await this.#up;
    return this.#last;
  }

  safeSequence(): Promise<number> {
    return Promise.resolve(this.safe);
  }

  retire(): Promise<void> {
    this.retired = true;
    return Promise.resolve();
  }

  onReturn(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
