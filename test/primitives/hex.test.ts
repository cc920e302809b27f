import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHex, parseHex, reversed } from '../../libs/primitives/hex.ts';

test('isHex takes either case and nothing but whole bytes of hex digits', () => {
  for (const good of ['', '00', 'ff', 'FF', 'aB09']) assert.equal(isHex(good), true, good);
  for (const bad of ['0', '0x00', 'g0', ' 00', '00\n', '00 ', '\u01300', 12, null, undefined]) {
    assert.equal(isHex(bad), false, String(bad));
  }
});

test('isHex of a length refuses any other length', () => {
  assert.equal(isHex('0011', 2), true);
  assert.equal(isHex('0011', 1), false);
  assert.equal(isHex('0011', 3), false);
});

test('parseHex gives the bytes, and no part of a text that is broken further on', () => {
  assert.deepEqual(parseHex('00fF10'), Buffer.from([0, 255, 16]));
  assert.equal(parseHex('00ff1g'), undefined);
  assert.equal(parseHex('00ff', 3), undefined);
});

test('reversed copies: the given bytes stay as they are', () => {
  const bytes = Buffer.from([1, 2, 3]);
  assert.deepEqual(reversed(bytes), Buffer.from([3, 2, 1]));
  assert.deepEqual(bytes, Buffer.from([1, 2, 3]));
});
