import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headerAt, readHeader, writeHeader } from '../../libs/jobs/header.ts';
import { scryptHash, sha256d } from './fixtures.ts';

const wire = (hash: string) => Buffer.from(hash, 'hex').reverse();

test('writeHeader gives the genesis block of Bitcoin its hash', () => {
  const header = writeHeader({
    version: 1,
    previousHash: Buffer.alloc(32),
    merkleRoot: wire('4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b'),
    ntime: 1_231_006_505,
    nbits: 0x1d00ffff,
    nonce: 2_083_236_893,
  });
  assert.equal(
    sha256d(header).reverse().toString('hex'),
    '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
  );
});

test('writeHeader gives the genesis block of Litecoin its two hashes', () => {
  const header = writeHeader({
    version: 1,
    previousHash: Buffer.alloc(32),
    merkleRoot: wire('97ddfbbae6be97fd6cdf3e7ca13232a3afff2353e29badfab7f73011edd4ced9'),
    ntime: 1_317_972_665,
    nbits: 0x1e0ffff0,
    nonce: 2_084_524_493,
  });
  assert.equal(
    sha256d(header).reverse().toString('hex'),
    '12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2',
  );
  assert.equal(scryptHash(header).reverse().toString('hex').slice(0, 20), '0000050c34a64b415b6b');
});

test('readHeader reads what writeHeader wrote, times past 2038 and high versions too', () => {
  const header = {
    version: 0xe0000000,
    previousHash: Buffer.alloc(32, 1),
    merkleRoot: Buffer.alloc(32, 2),
    ntime: 0xfffffffe,
    nbits: 0x207fffff,
    nonce: 0xffffffff,
  };
  assert.deepEqual(readHeader(writeHeader(header)), header);
  assert.throws(() => readHeader(Buffer.alloc(79)), RangeError);
});

test('headerAt tells where the fields of a share lie', () => {
  const header = writeHeader({
    version: 0x01010101,
    previousHash: Buffer.alloc(32),
    merkleRoot: Buffer.alloc(32, 2),
    ntime: 0x03030303,
    nbits: 0,
    nonce: 0x04040404,
  });
  assert.equal(header.readUInt32LE(headerAt.version), 0x01010101);
  assert.equal(header.readUInt32LE(headerAt.merkleRoot), 0x02020202);
  assert.equal(header.readUInt32LE(headerAt.ntime), 0x03030303);
  assert.equal(header.readUInt32LE(headerAt.nonce), 0x04040404);
});
