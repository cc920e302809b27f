import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCoinbase, percentOf } from '../../libs/jobs/coinbase.ts';
import type { JobSettings } from '../../libs/jobs/job.ts';
import { pushNumber } from '../../libs/primitives/script.ts';
import { satoshis } from '../../libs/primitives/units.ts';
import type { UnknownRecord } from '../../libs/primitives/unknown.ts';
import {
  curTime,
  extranonce1,
  feeScript,
  payeeAddress,
  payeeAddressScript,
  poolScript,
  randomOf,
  readCoinbase,
  settingsOf,
  templateOf,
} from './fixtures.ts';

const place = { time: curTime, sequence: 26 };
const extranonce2 = Buffer.from('00000001', 'hex');
const commitment = `6a24aa21a9ed${'44'.repeat(32)}`;

function build(
  template: UnknownRecord = {},
  settings: Partial<JobSettings> = {},
  size = 4,
): { bytes: Buffer; full: Buffer; poolReward: bigint } {
  const coinbase = createCoinbase(templateOf(template), settingsOf(settings), place);
  const { left, right } = coinbase.parts(size);
  const second = Buffer.concat([Buffer.alloc(size), extranonce2]).subarray(-size);
  const bytes = Buffer.concat([left, extranonce1, second, right]);
  return { bytes, full: coinbase.withWitness(bytes), poolReward: coinbase.poolReward };
}

test('the input script is height, flags, time, sequence, extranonces, signature', () => {
  const { script } = readCoinbase(build({ coinbaseaux: { flags: '062f503253482f' } }).bytes);
  // 500000 = 0x07a120, 1700000000 = 0x6553f100, 26 = 0x1a.
  assert.equal(
    script.toString('hex'),
    `0320a107${'062f503253482f'}0400f15365${'011a'}080a0b0c0d00000001${'0d'}${Buffer.from('/nodeStratum/').toString('hex')}`,
  );
});

test('heights below 17 are pushed as Bitcoin Core does it: regtest begins there', () => {
  for (const [height, push] of [
    [0, '00'],
    [1, '51'],
    [16, '60'],
    [17, '0111'],
    [128, '028000'],
  ] as const) {
    const { script } = readCoinbase(build({ height }).bytes);
    assert.equal(script.toString('hex').startsWith(`${push}04`), true, `${height}`);
  }
});

test('two jobs of one second have different coinbases, or a share could be handed in twice', () => {
  const make = (sequence: number) =>
    createCoinbase(templateOf(), settingsOf(), { time: curTime, sequence }).parts(4).left;
  assert.notDeepEqual(make(1), make(2));
});

test('the version is 1, and 2 with a comment where the chain has them', () => {
  const plain = readCoinbase(build().bytes);
  assert.equal(plain.version, 1);
  assert.equal(plain.tail, '00000000');
  const comment = readCoinbase(build({}, { txMessages: true }).bytes);
  assert.equal(comment.version, 2);
  assert.equal(comment.tail, `000000000d${Buffer.from('/nodeStratum/').toString('hex')}`);
});

test('a POS coinbase has its time stamp after the version', () => {
  const coinbase = readCoinbase(build({}, { reward: 'POS' }).bytes, true);
  assert.equal(coinbase.time, curTime);
  assert.equal(coinbase.outputs.length, 1);
});

test('a coinbase payload makes a special transaction of type 5 (DIP 2 and 4)', () => {
  const coinbase = readCoinbase(build({ coinbase_payload: '0300aabb' }).bytes);
  assert.equal(coinbase.version, 0x00050003);
  assert.equal(coinbase.tail, '00000000040300aabb');
});

test('outputs stand in their order: commitment, pool, payees, recipients', () => {
  const { bytes, poolReward } = build(
    {
      coinbasevalue: 1_000_000_000,
      default_witness_commitment: commitment,
      masternode: { payee: payeeAddress, amount: 400_000_000 },
      superblock: [{ script: '51', amount: 100_000_000 }],
    },
    {
      recipients: [
        { script: feeScript, percent: 1.5 },
        { script: Buffer.from('52', 'hex'), percent: 0.1 },
      ],
    },
  );
  assert.deepEqual(readCoinbase(bytes).outputs, [
    { amount: 0n, script: commitment },
    { amount: 492_000_000n, script: poolScript.toString('hex') },
    { amount: 400_000_000n, script: payeeAddressScript.toString('hex') },
    { amount: 100_000_000n, script: '51' },
    { amount: 7_500_000n, script: feeScript.toString('hex') },
    { amount: 500_000n, script: '52' },
  ]);
  assert.equal(poolReward, 492_000_000n);
});

test('recipients get their percent of what is left after the payees', () => {
  const recipients = [{ script: feeScript, percent: 10 }];
  const { bytes } = build(
    { coinbasevalue: 1000, masternode: { script: '51', amount: 500 } },
    { recipients },
  );
  assert.deepEqual(
    readCoinbase(bytes).outputs.map(({ amount }) => amount),
    [450n, 500n, 50n],
  );
});

test('a recipient of less than a satoshi has no output', () => {
  const { bytes } = build(
    { coinbasevalue: 99 },
    { recipients: [{ script: feeScript, percent: 1 }] },
  );
  assert.deepEqual(
    readCoinbase(bytes).outputs.map(({ amount }) => amount),
    [99n],
  );
});

test('payees that want more than there is are refused', () => {
  const masternode = { script: '51', amount: 1001 };
  assert.throws(() => build({ coinbasevalue: 1000, masternode }), /payees get more/);
});

test('a payee whose script is not known is refused: its coins would be burned', () => {
  assert.throws(() => build({ masternode: { payee: 'Xother', amount: 5 } }), /Xother/);
});

test('the outputs are exactly coinbasevalue, whatever the percents and the reward', () => {
  const random = randomOf(20_240_501);
  for (let round = 0; round < 500; round++) {
    const recipients = Array.from({ length: Math.floor(random() * 6) }, () => ({
      script: feeScript,
      percent: random() < 0.3 ? Math.floor(random() * 16) : random() * 16,
    }));
    const coinbasevalue = Math.floor(random() ** 8 * Number.MAX_SAFE_INTEGER);
    const masternode = { script: '51', amount: Math.floor(random() * coinbasevalue) };
    const { bytes, poolReward } = build({ coinbasevalue, masternode }, { recipients });
    const { outputs } = readCoinbase(bytes);
    const sum = outputs.reduce((total, { amount }) => total + amount, 0n);
    assert.equal(sum, BigInt(coinbasevalue));
    assert.equal(outputs[0]?.amount, poolReward);
    assert.ok(poolReward >= 0n);
  }
});

test('percentOf takes the percent as it is written, not as a double has it', () => {
  // 1.1 % of 10^9 in floating point is 11000000.000000002, 0.29 % of 10^8 is 28999.999999999996.
  assert.equal(percentOf(satoshis(1_000_000_000n), 1.1), 11_000_000n);
  assert.equal(percentOf(satoshis(100_000_000n), 0.29), 290_000n);
  assert.equal(percentOf(satoshis(10_000_000_000n), 1e-7), 10n);
  assert.equal(percentOf(satoshis(9_007_199_254_740_991n), 100), 9_007_199_254_740_991n);
  assert.equal(percentOf(satoshis(199n), 1), 1n);
  assert.equal(percentOf(satoshis(5n), 0), 0n);
});

test('percentOf refuses what is no percentage', () => {
  for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => percentOf(satoshis(1n), bad), RangeError);
  }
});

test('with a commitment, the block carries the coinbase in witness form (BIP 141)', () => {
  const { bytes, full } = build({ default_witness_commitment: commitment });
  const plain = readCoinbase(bytes);
  const witness = readCoinbase(full);
  assert.deepEqual(witness.witness, ['00'.repeat(32)]);
  assert.deepEqual({ ...witness, witness: [] }, plain);
  assert.equal(full.subarray(4, 6).toString('hex'), '0001');
});

test('the witness stands before the lock time, also with time stamp and comment', () => {
  const { bytes, full } = build(
    { default_witness_commitment: commitment },
    { reward: 'POS', txMessages: true },
  );
  assert.deepEqual({ ...readCoinbase(full, true), witness: [] }, readCoinbase(bytes, true));
  assert.deepEqual(readCoinbase(full, true).witness, ['00'.repeat(32)]);
});

test('without a commitment there is no witness', () => {
  const { bytes, full } = build();
  assert.deepEqual(full, bytes);
});

test('the script stays within 100 bytes: the signature is shortened, at a whole character', () => {
  const signature = 'é'.repeat(100);
  for (let size = 1; size <= 32; size++) {
    const { script } = readCoinbase(build({}, { signature }, size).bytes);
    const before = 4 + 5 + 2 + 1 + 4 + size;
    const room = 100 - before - (100 - before - 1 > 75 ? 2 : 1);
    const kept = 'é'.repeat(Math.floor(room / 2));
    assert.ok(script.length <= 100 && script.length >= 98, `${size}: ${script.length}`);
    assert.ok(
      script.toString('utf8').endsWith(kept) && !script.toString('utf8').endsWith(`${kept}é`),
    );
  }
});

test('a signature of more than 75 bytes needs the longer push', () => {
  const { script } = readCoinbase(build({ height: 1 }, { signature: 's'.repeat(200) }, 1).bytes);
  assert.equal(script.length, 100);
  // 14 bytes stand before it, 2 are the push's own.
  assert.equal(script.subarray(14, 17).toString('latin1'), '\x4c\x54s');
});

test('flags that fill the script leave the signature out, and are refused when even that is too long', () => {
  const flags = (bytes: number) => ({ coinbaseaux: { flags: '00'.repeat(bytes) } });
  const room = 100 - 4 - 5 - 2 - 9;
  assert.equal(readCoinbase(build(flags(room)).bytes).script.length, 100);
  assert.throws(() => build(flags(room + 1)), /coinbaseaux\.flags/);
});

test('after 2038 the time needs a byte more', () => {
  const late = { time: 0x80000000, sequence: 1 };
  const { left } = createCoinbase(templateOf(), settingsOf(), late).parts(4);
  assert.ok(left.includes(pushNumber(0x80000000)));
  assert.ok(left.includes(Buffer.from('050000008000', 'hex')));
});

test('extranonce2 is 1 to 32 bytes', () => {
  const coinbase = createCoinbase(templateOf(), settingsOf(), place);
  for (const bad of [0, 33, -1, 1.5, Number.NaN]) {
    assert.throws(() => coinbase.parts(bad), RangeError);
  }
});
