import assert from 'node:assert/strict';
import { test } from 'node:test';
import { satoshis } from '../../../libs/primitives/units.ts';
import { expectedBlocks, shareOf } from '../../../libs/website/data/estimates.ts';

test('a part of an amount is rounded down, and what is no part is nothing', () => {
  assert.equal(shareOf(satoshis(1_000n), 0.5), 500n);
  assert.equal(shareOf(satoshis(1_000n), 0.9999), 999n);
  assert.equal(shareOf(satoshis(1_000n), 3), 3_000n);
  assert.equal(shareOf(satoshis(10n ** 18n), 1e-15), 1_000n);
  for (const part of [0, -1, Number.NaN]) assert.equal(shareOf(satoshis(1_000n), part), 0n);
});

test('difficulty 1 of bitcoin is 2^32 hashes: a hashrate of 2^32 finds a block a second', () => {
  assert.equal(expectedBlocks(2 ** 32, 60, 1, 2 ** 32), 60);
  assert.equal(expectedBlocks(2 ** 32, 86_400, 86_400, 2 ** 32), 1);
});
