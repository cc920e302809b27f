import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeShares,
  encodeRecord,
  findRecord,
  readRecord,
} from '../../libs/shares/spoolRecord.ts';
import type { ShareRecord } from '../../libs/shares/types.ts';
import { sampleShare } from './sampleShare.ts';

/** CRC-32 as IEEE 802.3 defines it, bit by bit. */
function slowCrc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function sharesOf(bytes: Buffer): ShareRecord[] | undefined {
  const record = readRecord(bytes, 0);
  assert.equal(record.kind, 'record');
  return record.kind === 'record' ? decodeShares(record.payload) : undefined;
}

test('a record is magic, CRC, length, count and sequence, little-endian, then the shares as JSON', () => {
  const bytes = encodeRecord(0x010203040506, [sampleShare()]);
  const json = '[[1700000000123,"w1","127.0.0.1",3008,"1",100,1,16,20,1000]]';
  assert.equal(bytes.subarray(24).toString(), json);
  assert.equal(
    Buffer.concat([bytes.subarray(0, 4), bytes.subarray(8, 24)]).toString('hex'),
    `53485231${'3c000000'}${'01000000'}${'060504030201'}${'0000'}`,
  );
  assert.equal(bytes.readUInt32LE(4), slowCrc32(bytes.subarray(8)));
});

test('every field of every share comes back', () => {
  const shares: ShareRecord[] = [
    sampleShare(),
    { ...sampleShare({ valid: false }), error: 'low difficulty share of 0.5' },
    { ...sampleShare({ worker: 'ünïcödé🦆 "quoted"\\\u0000' }), blockHash: 'ab'.repeat(32) },
    { ...sampleShare({ worker: '__proto__' }), blockHashInvalid: 'cd'.repeat(32) },
    { ...sampleShare({ difficulty: 1e-7, time: 1.5 }), shareDiff: Infinity },
  ];
  assert.deepEqual(sharesOf(encodeRecord(7, shares)), shares);
});

test('a record that ends anywhere before its end is short, and never a record', () => {
  const bytes = encodeRecord(1, [sampleShare(), sampleShare()]);
  for (let length = 0; length < bytes.length; length += 1) {
    assert.equal(readRecord(bytes.subarray(0, length), 0).kind, 'short', `${length} bytes`);
  }
});

test('no single flipped bit goes unnoticed', () => {
  const bytes = encodeRecord(1, [sampleShare()]);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.notEqual(readRecord(flipped, 0).kind, 'record', `bit ${bit}`);
  }
});

test('the next record is found past garbage, and a magic inside a name is none', () => {
  const garbage = Buffer.from('SHR1SHR1SHR1 and more than twenty-four bytes of it');
  const record = encodeRecord(5, [sampleShare({ worker: 'SHR1' })]);
  const bytes = Buffer.concat([garbage, record, garbage]);
  assert.equal(findRecord(bytes, 0), garbage.length);
  assert.equal(findRecord(bytes, garbage.length + 1), undefined);
});

test('a payload that is no list of shares has none', () => {
  const row: unknown[] = [1, 'w', 'ip', 3008, 'job', 100, 1, 16, 20, 1000];
  for (const text of ['', 'null', '{}', '[1]', '[[]]', JSON.stringify([row, row.slice(1)])]) {
    assert.equal(decodeShares(Buffer.from(text)), undefined, text);
  }
  for (let field = 0; field < 6; field += 1) {
    assert.equal(decodeShares(Buffer.from(JSON.stringify([row.with(field, {})]))), undefined);
  }
  assert.equal(decodeShares(Buffer.from(JSON.stringify([row])))?.length, 1);
});

test('a SOLO share comes back as one, with or without a block', () => {
  const plain: ShareRecord = { ...sampleShare(), solo: true };
  const block: ShareRecord = { ...plain, blockHash: 'ab'.repeat(32) };
  const bytes = encodeRecord(1, [plain, block, sampleShare()]);
  const read = readRecord(bytes, 0);
  assert.ok(read.kind === 'record');
  assert.deepEqual(decodeShares(read.payload), [plain, block, sampleShare()]);
});
