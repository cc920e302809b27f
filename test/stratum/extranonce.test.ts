import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Extranonces, extranonceBytes, extranonceHex } from '../../libs/stratum/extranonce.ts';

test('values are dealt in turn, wrap within the range, and pass over those in use', () => {
  const source = new Extranonces({ first: 100, count: 4 });
  assert.deepEqual([source.take(), source.take(), source.take()], [100, 101, 102]);
  source.giveBack(101);
  assert.equal(source.take(), 103);
  assert.equal(source.take(), 101);
  assert.equal(source.take(), undefined);
  source.giveBack(103);
  assert.equal(source.take(), 103);
});

test('a value that was given back is dealt again last', () => {
  const source = new Extranonces({ first: 0, count: 3 });
  assert.equal(source.take(), 0);
  source.giveBack(0);
  assert.deepEqual([source.take(), source.take(), source.take()], [1, 2, 0]);
});

test('the last values of 32 bits can be dealt, a range beyond them is refused', () => {
  const source = new Extranonces({ first: 0xfffffffe, count: 2 });
  assert.deepEqual([source.take(), source.take()], [0xfffffffe, 0xffffffff]);
  for (const range of [
    { first: 0xffffffff, count: 2 },
    { first: -1, count: 1 },
    { first: 0, count: 0 },
    { first: 0.5, count: 1 },
    { first: Number.NaN, count: 1 },
  ]) {
    assert.throws(() => new Extranonces(range), RangeError);
  }
});

test('an extranonce1 is four big-endian bytes, in hex too', () => {
  assert.deepEqual([...extranonceBytes(0x0a0b0c0d)], [0x0a, 0x0b, 0x0c, 0x0d]);
  assert.equal(extranonceHex(0x0a0b0c0d), '0a0b0c0d');
  assert.equal(extranonceHex(0xffffffff), 'ffffffff');
});
