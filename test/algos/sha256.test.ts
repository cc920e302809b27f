import assert from 'node:assert/strict';
import * as crypto from 'node:crypto';
import { test } from 'node:test';
import { foldMerkle, sha256d, sha256dInto } from '../../libs/algos/sha256.ts';

function twice(data: Buffer): Buffer {
  const once = crypto.createHash('sha256').update(data).digest();
  return crypto.createHash('sha256').update(once).digest();
}

test('sha256d is SHA-256 twice for every length from 0 to 300, and for long data', () => {
  const random = crypto.randomBytes(300_000);
  const lengths = [...Array(301).keys(), 1000, 4096, 300_000];
  for (const length of lengths) {
    const data = random.subarray(7, 7 + length);
    assert.deepEqual(sha256d(data), twice(data), `${length} bytes`);
  }
});

test('sha256dInto writes the first 32 bytes, and may write into its own data', () => {
  const data = crypto.randomBytes(64);
  const expected = twice(data);
  const out = Buffer.alloc(40, 0xee);
  sha256dInto(data, out);
  assert.deepEqual(out.subarray(0, 32), expected);
  assert.deepEqual(out.subarray(32), Buffer.alloc(8, 0xee));
  sha256dInto(data, data);
  assert.deepEqual(data.subarray(0, 32), expected);
  assert.throws(() => sha256dInto(data, Buffer.alloc(31)), RangeError);
});

test('foldMerkle gives the merkle root of Bitcoin block 100000', () => {
  // Its four transactions: the root from the first one needs the second, and the pair of the others.
  const txids = [
    '8c14f0db3df150123e6f3dbbf30f8b955a8249b62ac1d1ff16284aefa3d06d87',
    'fff2525b8931402dd09222c50775608f75787bd2b87e56995a7bdd30f79702c4',
    '6359f0868171b1d194cbee1af2f16ea598ae8fad666d9b012c8ed2b79a236ec4',
    'e9a66845e05d5abc0ad04ec80f774a7e585c6e8db975962d069a522137b80c1d',
  ].map((hex) => Buffer.from(hex, 'hex').reverse());
  const [first, second, third, fourth] = txids;
  assert.ok(first && second && third && fourth);
  const branch = Buffer.concat([second, twice(Buffer.concat([third, fourth]))]);
  assert.equal(
    foldMerkle(first, branch).reverse().toString('hex'),
    'f3e94742aca4b5ef85488dc37c06c3282295ffec960994b2c0d5ac2a25a95766',
  );
});

test('foldMerkle is SHA-256d from leaf to root for any depth, and leaves its arguments alone', () => {
  for (const depth of [0, 1, 2, 11, 24]) {
    const first = crypto.randomBytes(32);
    const branch = crypto.randomBytes(32 * depth);
    const before = Buffer.concat([first, branch]);
    let expected: Buffer = first;
    for (let at = 0; at < branch.length; at += 32) {
      expected = twice(Buffer.concat([expected, branch.subarray(at, at + 32)]));
    }
    assert.deepEqual(foldMerkle(first, branch), expected, `${depth} levels`);
    assert.deepEqual(Buffer.concat([first, branch]), before);
  }
});

test('foldMerkle refuses hashes that are not 32 bytes', () => {
  assert.throws(() => foldMerkle(Buffer.alloc(31), Buffer.alloc(32)), RangeError);
  assert.throws(() => foldMerkle(Buffer.alloc(32), Buffer.alloc(33)), RangeError);
});
