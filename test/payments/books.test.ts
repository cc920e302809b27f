import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BooksError, planTakeOver, readBalances } from '../../libs/payments/books.ts';

const key = 'litecoin:balances';
const texts = (entries: Record<string, string>) => new Map(Object.entries(entries));

test('balances are read to the satoshi and keep their text', () => {
  const balances = readBalances(texts({ a: '0.29', b: '12', c: '1e-8', d: '0' }), key, 8);
  assert.deepEqual(
    [...balances].map(([worker, { text, amount }]) => [worker, text, amount]),
    [
      ['a', '0.29', 29_000_000n],
      ['b', '12', 1_200_000_000n],
      ['c', '1e-8', 1n],
      ['d', '0', 0n],
    ],
  );
});

test('a broken balance is refused with the worker, the text and the command that mends it', () => {
  for (const text of ['abc', '', '-0.5', 'NaN', '0.123456789']) {
    assert.throws(
      () => readBalances(texts({ good: '1', 'the.rig': text }), key, 8),
      (error) =>
        error instanceof BooksError &&
        error.code === 'BOOKS_BALANCE' &&
        error.message.includes(`"the.rig" is ${JSON.stringify(text)}`) &&
        error.message.includes('HSET litecoin:balances "the.rig"'),
    );
  }
});

test("an older pool's balances are rounded down to a satoshi, and only those that need it change", () => {
  const taken = planTakeOver(
    texts({
      a: '0.30000000000000004',
      b: '1.5',
      c: '0.000000009',
      d: '-0.00000000000000001',
      e: '2.999999999999',
    }),
    key,
    8,
  );
  assert.equal(taken.total, 30_000_000n + 150_000_000n + 299_999_999n);
  assert.deepEqual(taken.changes, [
    { worker: 'a', from: '0.30000000000000004', to: 30_000_000n },
    { worker: 'c', from: '0.000000009', to: undefined },
    { worker: 'd', from: '-0.00000000000000001', to: undefined },
    { worker: 'e', from: '2.999999999999', to: 299_999_999n },
  ]);
});

test('a balance that is no amount is not taken over', () => {
  for (const text of ['abc', '-0.00000001', '1.2.3']) {
    assert.throws(() => planTakeOver(texts({ a: text }), key, 8), BooksError);
  }
});
