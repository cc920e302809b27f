import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  p2pkh,
  p2sh,
  payToPubKey,
  pushBytes,
  pushNumber,
  witnessProgram,
} from '../../libs/primitives/script.ts';

const hex = (bytes: Buffer) => bytes.toString('hex');

test('pushNumber writes numbers as Bitcoin Core pushes them', () => {
  const rows: readonly [number, string][] = [
    [0, '00'],
    [1, '51'],
    [2, '52'],
    [16, '60'],
    [17, '0111'],
    [127, '017f'],
    [128, '028000'],
    [255, '02ff00'],
    [256, '020001'],
    [32_767, '02ff7f'],
    [32_768, '03008000'],
    [65_535, '03ffff00'],
    [227_836, '03fc7903'],
    [8_388_607, '03ffff7f'],
    [8_388_608, '0400008000'],
    [0x7fffffff, '04ffffff7f'],
    [0x80000000, '050000008000'],
    [0xffffffff, '05ffffffff00'],
    [-1, '4f'],
    [-2, '0182'],
    [-127, '01ff'],
    [-128, '028080'],
    [-255, '02ff80'],
  ];
  for (const [value, expected] of rows) assert.equal(hex(pushNumber(value)), expected, `${value}`);
});

test('pushNumber refuses what is no integer', () => {
  for (const bad of [1.5, Number.NaN, 2 ** 53]) assert.throws(() => pushNumber(bad), RangeError);
});

test('pushBytes changes to OP_PUSHDATA1 at 76 bytes', () => {
  assert.equal(hex(pushBytes(Buffer.alloc(0))), '00');
  assert.equal(hex(pushBytes(Buffer.alloc(75, 1))), `4b${'01'.repeat(75)}`);
  assert.equal(hex(pushBytes(Buffer.alloc(76, 1))), `4c4c${'01'.repeat(76)}`);
  assert.throws(() => pushBytes(Buffer.alloc(256)), RangeError);
});

// The generator point's key: its scripts stand in BIP 173.
const key = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
const keyHash = Buffer.from('751e76e8199196d454941c45d1b3a323f1433bd6', 'hex');

test('each kind of output script has its well-known bytes', () => {
  assert.equal(hex(p2pkh(keyHash)), `76a914${hex(keyHash)}88ac`);
  assert.equal(hex(p2sh(keyHash)), `a914${hex(keyHash)}87`);
  assert.equal(hex(payToPubKey(Buffer.from(key, 'hex'))), `21${key}ac`);
  assert.equal(hex(witnessProgram(0, keyHash)), `0014${hex(keyHash)}`);
  assert.equal(hex(witnessProgram(1, Buffer.alloc(32, 7))), `5120${'07'.repeat(32)}`);
  assert.equal(hex(witnessProgram(16, Buffer.from('751e', 'hex'))), '6002751e');
});

test('the genesis coinbase pays to an uncompressed key', () => {
  const satoshi =
    '04678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f';
  assert.equal(hex(payToPubKey(Buffer.from(satoshi, 'hex'))), `41${satoshi}ac`);
});

test('a script of a wrong length is refused: coins sent to it would be lost', () => {
  for (const make of [
    () => p2pkh(Buffer.alloc(19)),
    () => p2sh(Buffer.alloc(21)),
    () => payToPubKey(Buffer.alloc(32)),
    () => witnessProgram(0, Buffer.alloc(21)),
    () => witnessProgram(1, Buffer.alloc(1)),
    () => witnessProgram(1, Buffer.alloc(41)),
    () => witnessProgram(17, Buffer.alloc(20)),
    () => witnessProgram(-1, Buffer.alloc(20)),
  ]) {
    assert.throws(make, RangeError);
  }
});
