import type { NativeHashAsync } from './native.ts';

// Slow hashes on libuv's threads. Headers that come in while the threads are busy go together in one call: hashing
// eight scrypt headers side by side takes hardly longer than one.

interface Waiting {
  readonly header: Buffer;
  readonly params: readonly number[];
  readonly resolve: (hash: Buffer) => void;
  readonly reject: (error: unknown) => void;
}

/** `widest`: headers in one call at most. `threads`: calls at once; the pool's other threads stay free for files. */
export function batched(
  run: NativeHashAsync,
  widest: number,
  threads = 2,
): (header: Buffer, params: readonly number[]) => Promise<Buffer> {
  const waiting: Waiting[] = [];
  let running = 0;

  const startMore = () => {
    while (running < threads && waiting.length > 0) {
      running += 1;
      void finish(takeAlike(waiting, widest));
    }
  };

  const finish = async (batch: readonly Waiting[]) => {
    try {
      const headers = Buffer.concat(batch.map(({ header }) => header));
      const hashes = await run(headers, ...(batch[0]?.params ?? []));
      for (const [index, { resolve }] of batch.entries()) {
        resolve(hashes.subarray(32 * index, 32 * index + 32));
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      running -= 1;
      startMore();
    }
  };

  return (header, params) =>
    new Promise((resolve, reject) => {
      waiting.push({ header: Buffer.from(header), params, resolve, reject });
      startMore();
    });
}

/** Takes the first headers that have the same parameters. */
function takeAlike(waiting: Waiting[], widest: number): Waiting[] {
  const first = waiting[0]?.params ?? [];
  let count = 1;
  while (count < widest && count < waiting.length && isSame(waiting[count]?.params, first)) count++;
  return waiting.splice(0, count);
}

function isSame(a: readonly number[] | undefined, b: readonly number[]): boolean {
  return a?.length === b.length && a.every((value, index) => value === b[index]);
}
