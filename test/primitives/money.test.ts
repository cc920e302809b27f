import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatCoins,
  formatCoinsFixed,
  parseCoins,
  parseCoinsFloor,
} from '../../libs/primitives/money.ts';
import { satoshis } from '../../libs/primitives/units.ts';

test('parseCoins is exact where a double is not', () => {
  assert.equal(parseCoins('0.29'), 29_000_000n);
  assert.equal(parseCoins('90071992547.40993'), 9_007_199_254_740_993_000n);
  assert.equal(parseCoins('1e-8'), 1n);
  assert.equal(parseCoins('-0.1'), -10_000_000n);
  assert.equal(parseCoins('1.50', 2), 150n);
});

test('parseCoins refuses decimals that the coin does not have, unless they are zero', () => {
  assert.equal(parseCoins('0.000000001'), undefined);
  assert.equal(parseCoins('0.100000000'), 10_000_000n);
  assert.equal(parseCoinsFloor('0.199999999'), 19_999_999n);
});

test('parseCoins refuses what is no decimal number', () => {
  for (const bad of ['', ' 1', '1 ', '1,5', '0x10', 'NaN', 'Infinity', '1.', '.5', '+1', '--1']) {
    assert.equal(parseCoins(bad), undefined, bad);
  }
});

test('formatCoins drops trailing zeros, formatCoinsFixed keeps all decimals', () => {
  assert.equal(formatCoins(satoshis(150_000_000n)), '1.5');
  assert.equal(formatCoins(satoshis(100_000_000n)), '1');
  assert.equal(formatCoins(satoshis(-1n)), '-0.00000001');
  assert.equal(formatCoins(satoshis(0n)), '0');
  assert.equal(formatCoinsFixed(satoshis(150_000_000n)), '1.50000000');
  assert.equal(formatCoinsFixed(satoshis(7n), 0), '7');
});

test('what is formatted parses back to the same amount', () => {
  for (const amount of [0n, 1n, -1n, 99_999_999n, 100_000_000n, 2_100_000_000_000_000n]) {
    assert.equal(parseCoins(formatCoins(satoshis(amount))), amount);
    assert.equal(parseCoins(formatCoinsFixed(satoshis(amount))), amount);
  }
});
