import assert from 'node:assert/strict';
import { test } from 'node:test';
import bignum from 'bignum';
import { difficultyOfHash, isBelowOrEqual, targetFromBits } from '../../libs/primitives/target.ts';
import { dice } from '../chaos/dice.ts';

// The 256-bit arithmetic of targets against OpenSSL's, by way of the bignum package.

const seed = 20_251_125;
const diff1 = bignum('ffff', 16).shiftLeft(208);

const shown = (hashLE: Buffer): string => Buffer.from(hashLE).reverse().toString('hex');
const bigOf = (hashLE: Buffer) => bignum(shown(hashLE), 16);

test(`a hash meets a target exactly when OpenSSL compares it so, for 3,000 close pairs (seed ${seed})`, () => {
  const throws = dice(seed);
  for (let round = 0; round < 3_000; round++) {
    const target = Buffer.from(Array.from({ length: 32 }, () => throws.between(0, 255)));
    const hash = Buffer.from(target);
    const at = throws.between(0, 31);
    hash[at] = throws.between(0, 255);
    assert.equal(isBelowOrEqual(hash, target), bigOf(hash).cmp(bigOf(target)) <= 0);
  }
});

test(`nBits stand for mantissa × 256^(exponent - 3), for 3,000 random ones (seed ${seed})`, () => {
  const throws = dice(seed);
  for (let round = 0; round < 3_000; round++) {
    const exponent = throws.between(3, 31);
    const mantissa = throws.between(1, 0x7fffff);
    const target = targetFromBits(exponent * 2 ** 24 + mantissa);
    const expected = bignum(String(mantissa)).shiftLeft(8 * (exponent - 3));
    assert.equal(shown(target), expected.toString(16).toLowerCase().padStart(64, '0'));
  }
});

test(`what a hash is worth agrees with OpenSSL's quotient to fifteen digits (seed ${seed})`, () => {
  const throws = dice(seed);
  for (let round = 0; round < 3_000; round++) {
    const hash = Buffer.from(Array.from({ length: 32 }, () => throws.between(1, 255)));
    hash.fill(0, 32 - throws.between(0, 12));
    // A hundred and sixty binary digits below the point.
    const quotient = diff1.mul(bignum('65536')).shiftLeft(160).div(bigOf(hash));
    const expected = Number(quotient.toString(10)) / 2 ** 160;
    const got = difficultyOfHash(hash, 65_536);
    assert.ok(Math.abs(got - expected) <= expected * 1e-15, `${got} against ${expected}`);
  }
});
