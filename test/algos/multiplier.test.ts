import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAlgorithm } from '../../libs/algos/algorithms.ts';
import { multiplierOf } from '../../libs/algos/multiplier.ts';

test('the multiplier is the one that shares are weighed with', () => {
  assert.equal(multiplierOf('sha256'), 1);
  assert.equal(multiplierOf('scrypt'), 65_536);
  assert.equal(multiplierOf('keccak'), 256);
  assert.equal(multiplierOf('__proto__'), undefined);
  for (const normalHashing of [true, false]) {
    const { multiplier } = createAlgorithm('keccak', { normalHashing });
    assert.equal(multiplierOf('keccak'), multiplier);
  }
});
