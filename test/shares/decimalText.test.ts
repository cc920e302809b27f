import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decimalText, sumText } from '../../libs/shares/decimalText.ts';

test('numbers are written as plain decimals, never with an exponent', () => {
  const known: readonly [number, string][] = [
    [0, '0'],
    [16, '16'],
    [-16, '-16'],
    [0.5, '0.5'],
    [1e-7, '0.0000001'],
    [-1.25e-9, '-0.00000000125'],
    [1e21, '1000000000000000000000'],
    [1.5e22, '15000000000000000000000'],
    [123456789012345680000, '123456789012345680000'],
  ];
  for (const [value, text] of known) assert.equal(decimalText(value), text);
});

test('a decimal text reads back as the same number', () => {
  for (const value of [1.7976931348623157e308, 5e-324, 1.25e-15, 2 ** 70]) {
    assert.equal(Number(decimalText(value)), value);
    assert.doesNotMatch(decimalText(value), /e/);
  }
});

test('a sum shows no noise of binary fractions', () => {
  assert.equal(sumText(0.1 + 0.2), '0.3');
  assert.equal(sumText(0.1 * 3), '0.3');
  assert.equal(sumText(2 ** 53), '9007199254740992');
  assert.equal(sumText(32), '32');
});
