import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteReader, ByteWriter, compactSize } from '../../libs/primitives/bytes.ts';

// Lengths and bytes of CompactSize as Bitcoin's protocol documentation lists them.
const sizes: readonly [number, string][] = [
  [0, '00'],
  [252, 'fc'],
  [253, 'fdfd00'],
  [515, 'fd0302'],
  [65_535, 'fdffff'],
  [65_536, 'fe00000100'],
  [0xffffffff, 'feffffffff'],
  [0x100000000, 'ff0000000001000000'],
];

test('compactSize uses the shortest form, and reads back', () => {
  for (const [value, hex] of sizes) {
    assert.equal(compactSize(value).toString('hex'), hex);
    assert.equal(new ByteReader(Buffer.from(hex, 'hex')).compactSize(), value);
  }
});

test('ByteWriter writes little endian, and times past 2038 as unsigned', () => {
  const bytes = new ByteWriter(16).u8(1).u16(0x0203).u32(0xf0000001).u64(5n).u8(9).done();
  assert.equal(bytes.toString('hex'), '010302010000f0050000000000000009');
});

test('ByteWriter refuses to be overfilled or to be handed out half empty', () => {
  assert.throws(() => new ByteWriter(2).raw(Buffer.alloc(3)), RangeError);
  assert.throws(() => new ByteWriter(2).u8(1).done(), RangeError);
  assert.throws(() => new ByteWriter(0).u8(1), RangeError);
});

test('ByteReader throws RangeError past the end, wherever it is', () => {
  const reader = new ByteReader(Buffer.from('05aabb', 'hex'));
  assert.throws(() => reader.varBytes(), RangeError);
  for (const read of ['u8', 'u16', 'u32', 'u64', 'compactSize'] as const) {
    assert.throws(() => new ByteReader(Buffer.alloc(0))[read](), RangeError, read);
  }
});

test('ByteReader refuses a size that no number can hold', () => {
  const absurd = new ByteReader(Buffer.from('ffffffffffffffffff', 'hex'));
  assert.throws(() => absurd.compactSize(), RangeError);
});
