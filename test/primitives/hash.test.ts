import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hash160, sha256, sha256d } from '../../libs/primitives/hash.ts';

test('sha256 gives the digest of "abc" in FIPS 180-2', () => {
  assert.equal(
    sha256(Buffer.from('abc')).toString('hex'),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});

test('sha256d gives the genesis block of Bitcoin its name', () => {
  const header = `01000000${'00'.repeat(32)}3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c`;
  assert.equal(
    sha256d(Buffer.from(header, 'hex')).reverse().toString('hex'),
    '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
  );
});

test('hash160 gives the key hash of the generator point, as BIP 173 has it', () => {
  const key = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
  assert.equal(
    hash160(Buffer.from(key, 'hex')).toString('hex'),
    '751e76e8199196d454941c45d1b3a323f1433bd6',
  );
});
