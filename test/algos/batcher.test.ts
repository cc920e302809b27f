import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batched } from '../../libs/algos/batcher.ts';

/** A hash function that answers when it is told to, with the first 32 bytes of each header. */
function handDrivenHash() {
  const calls: { headers: Buffer; params: readonly number[]; answer(): void; fail(): void }[] = [];
  const run = (headers: Buffer, ...params: readonly number[]) =>
    new Promise<Buffer>((resolve, reject) => {
      const pieces = Array.from({ length: headers.length / 80 }, (_, index) =>
        headers.subarray(80 * index, 80 * index + 32),
      );
      calls.push({
        headers,
        params,
        answer: () => resolve(Buffer.concat(pieces)),
        fail: () => reject(new Error('no memory')),
      });
    });
  return { calls, run };
}

const headerOf = (value: number) => Buffer.alloc(80, value);
const hashOf = (value: number) => Buffer.alloc(32, value);

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test('what waits for a busy thread goes together, up to the width, each hash to its own caller', async () => {
  const { calls, run } = handDrivenHash();
  const hash = batched(run, 4, 1);
  const all = Promise.all([1, 2, 3, 4, 5, 6].map((value) => hash(headerOf(value), [7])));
  assert.deepEqual(
    calls.map(({ headers }) => headers.length / 80),
    [1],
  );
  calls[0]?.answer();
  await until(() => calls.length === 2);
  calls[1]?.answer();
  await until(() => calls.length === 3);
  calls[2]?.answer();
  assert.deepEqual(await all, [1, 2, 3, 4, 5, 6].map(hashOf));
  assert.deepEqual(
    calls.map(({ headers }) => headers.length / 80),
    [1, 4, 1],
  );
  assert.deepEqual(calls[1]?.params, [7]);
});

test('headers with other parameters do not go together', async () => {
  const { calls, run } = handDrivenHash();
  const hash = batched(run, 8, 1);
  const all = Promise.all([
    hash(headerOf(0), [1024]),
    hash(headerOf(1), [1024]),
    hash(headerOf(2), [2048]),
    hash(headerOf(3), [1024]),
  ]);
  for (const count of [1, 2, 3, 4]) {
    await until(() => calls.length === count);
    calls[count - 1]?.answer();
  }
  assert.deepEqual(await all, [0, 1, 2, 3].map(hashOf));
  assert.deepEqual(
    calls.map(({ params }) => params),
    [[1024], [1024], [2048], [1024]],
  );
});

test('a failed call fails its own headers only, and the next ones go on', async () => {
  const { calls, run } = handDrivenHash();
  const hash = batched(run, 1, 1);
  const first = hash(headerOf(1), []);
  const second = hash(headerOf(2), []);
  calls[0]?.fail();
  await assert.rejects(first, /no memory/);
  await until(() => calls.length === 2);
  calls[1]?.answer();
  assert.deepEqual(await second, hashOf(2));
});

test('a function that throws instead of promising fails the hash, not the process', async () => {
  const hash = batched(() => {
    throw new RangeError('N must be a power of two');
  }, 8);
  await assert.rejects(hash(headerOf(1), []), RangeError);
  await assert.rejects(hash(headerOf(2), []), RangeError);
});

test('no more calls than threads are under way', () => {
  const { calls, run } = handDrivenHash();
  const hash = batched(run, 8, 2);
  for (const value of [1, 2, 3, 4, 5]) void hash(headerOf(value), []);
  assert.equal(calls.length, 2);
});
