import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bitsFromHex,
  difficultyOfHash,
  difficultyOfTarget,
  isBelowOrEqual,
  targetFromBits,
} from '../../libs/primitives/target.ts';

const shown = (target: Buffer) => Buffer.from(target).reverse().toString('hex');
const big = (hex: string) => hex.padStart(64, '0');
const little = (value: bigint) => Buffer.from(big(value.toString(16)), 'hex').reverse();
const diff1 = 0xffffn << 208n;

// Expected values: Bitcoin Core's tests of arith_uint256::SetCompact, and the two examples of the Bitcoin wiki.
test('targetFromBits expands the compact form as Bitcoin Core does', () => {
  const rows: readonly [number, string][] = [
    [0x01123456, '12'],
    [0x02008000, '80'],
    [0x02123456, '1234'],
    [0x03123456, '123456'],
    [0x04123456, '12345600'],
    [0x05009234, '92340000'],
    [0x20123456, '1234560000000000000000000000000000000000000000000000000000000000'],
    [0x207fffff, '7fffff0000000000000000000000000000000000000000000000000000000000'],
    [0x1d00ffff, 'ffff0000000000000000000000000000000000000000000000000000'],
    [0x1b0404cb, '404cb000000000000000000000000000000000000000000000000'],
  ];
  for (const [bits, hex] of rows) {
    assert.equal(shown(targetFromBits(bits)), big(hex), bits.toString(16));
  }
});

test('targetFromBits refuses zero, negative and overflowing targets', () => {
  const zero = [
    0, 0x00123456, 0x01003456, 0x02000056, 0x03000000, 0x04000000, 0x00923456, 0x80000000,
  ];
  const negative = [0x01fedcba, 0x04923456, 0x1d80ffff];
  const overflowing = [0xff123456, 0x23000001, 0x22000100, 0x21010000];
  for (const bits of [...zero, ...negative, ...overflowing, -1, 2 ** 32, 1.5, Number.NaN]) {
    assert.throws(() => targetFromBits(bits), RangeError, bits.toString(16));
  }
});

test('targetFromBits takes the highest exponents whose bytes still fit', () => {
  assert.equal(shown(targetFromBits(0x220000ff)), `ff${'00'.repeat(31)}`);
  assert.equal(shown(targetFromBits(0x2100ffff)), `ffff${'00'.repeat(30)}`);
});

test('bitsFromHex takes exactly 8 hex digits', () => {
  assert.equal(bitsFromHex('1b0404CB'), 0x1b0404cb);
  assert.equal(bitsFromHex('ff123456'), 0xff123456);
  for (const bad of ['', '1b0404c', '1b0404cb0', '0x1b0404', '1b0404cg', '1b0404cb\n']) {
    assert.throws(() => bitsFromHex(bad), RangeError, bad);
  }
});

test('isBelowOrEqual decides at every byte, and equal is enough', () => {
  const target = Buffer.alloc(32, 0x80);
  assert.equal(isBelowOrEqual(Buffer.from(target), target), true);
  for (let place = 0; place < 32; place++) {
    const above = Buffer.from(target);
    above[place] = 0x81;
    // Anything lower in the less significant bytes must not outweigh it.
    above.fill(0, 0, place);
    assert.equal(isBelowOrEqual(above, target), false, `above at ${place}`);
    const below = Buffer.from(target);
    below[place] = 0x7f;
    below.fill(0xff, 0, place);
    assert.equal(isBelowOrEqual(below, target), true, `below at ${place}`);
  }
});

test('isBelowOrEqual takes 32 bytes only: a short hash is no low hash', () => {
  const target = Buffer.alloc(32, 0xff);
  assert.throws(() => isBelowOrEqual(Buffer.alloc(31), target), RangeError);
  assert.throws(() => isBelowOrEqual(Buffer.alloc(32), Buffer.alloc(33)), RangeError);
});

test('difficultyOfTarget gives the difficulties that Bitcoin Core shows for nBits', () => {
  assert.equal(difficultyOfTarget(targetFromBits(0x1d00ffff), 1), 1);
  const wiki = difficultyOfTarget(targetFromBits(0x1b0404cb), 1);
  assert.ok(Math.abs(wiki / 16_307.420938523983 - 1) < 1e-12, String(wiki));
  const block100000 = difficultyOfTarget(targetFromBits(0x1b04864c), 1);
  assert.ok(Math.abs(block100000 - 14_484.1623612254) < 1e-9, String(block100000));
  const regtest = difficultyOfTarget(targetFromBits(0x207fffff), 65536);
  assert.ok(Math.abs(regtest / (4.656542373906925e-10 * 65536) - 1) < 1e-12, String(regtest));
});

test('difficultyOfHash is within 1e-12 of the exact quotient for hashes of every size', () => {
  for (let bits = 1n; bits <= 256n; bits += 5n) {
    const hash = (1n << bits) - 1n - (1n << bits) / 3n;
    for (const multiplier of [1, 32, 256, 65536]) {
      // 80 more bits than the quotient needs, so that its rounding does not count.
      const exact = Number(((diff1 * BigInt(multiplier)) << 320n) / hash) / 2 ** 320;
      const ours = difficultyOfHash(little(hash), multiplier);
      assert.ok(Math.abs(ours / exact - 1) < 1e-12, `${bits} bits: ${ours}, ${exact}`);
    }
  }
});

test('difficultyOfHash of zero is a finite number', () => {
  assert.equal(Number.isFinite(difficultyOfHash(Buffer.alloc(32), 65536)), true);
});
