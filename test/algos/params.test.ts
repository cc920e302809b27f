import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isNormalHashing,
  isProofOfStake,
  scryptJaneParams,
  scryptNParams,
  scryptParams,
} from '../../libs/algos/params.ts';

const early = 1400000000;

function headerAt(time: number): Buffer {
  const header = Buffer.alloc(80);
  header.writeUInt32LE(time, 68);
  return header;
}

const badParams = { code: 'ALGORITHM_PARAMS', name: 'AlgorithmError' };

test('scrypt is N 1024, r 1 unless the coin says otherwise', () => {
  assert.deepEqual(scryptParams({})(headerAt(0)), [1024, 1]);
  assert.deepEqual(scryptParams({ nValue: 2048, rValue: 4 })(headerAt(0)), [2048, 4]);
});

test('scrypt parameters out of range are refused', () => {
  const wrong = [
    ...[0, 1, 1000, 1024.5, -1024, 2 ** 21, '1024', Number.NaN].map((nValue) => ({ nValue })),
    ...[0, 65, -1, 1.5, '1', {}].map((rValue) => ({ rValue })),
    { nValue: 2 ** 20, rValue: 2 },
  ];
  for (const params of wrong) {
    assert.throws(() => scryptParams(params), badParams, JSON.stringify(params));
  }
});

test("scrypt-jane's nFactor grows on YACoin's dates", () => {
  // First second of each nFactor, as published for YACoin (chain start 1367991200).
  const published = [
    [5, 1368515488],
    [6, 1368777632],
    [7, 1369039776],
    [8, 1369826208],
    [9, 1370088352],
    [10, 1372185504],
    [11, 1373234080],
    [12, 1376379808],
    [13, 1380574112],
    [14, 1384768416],
    [15, 1401545632],
    [16, 1409934240],
    [17, 1435100064],
    [18, 1468654496],
    [19, 1502208928],
    [20, 1602872224],
    [21, 1636426656],
  ] as const;
  const paramsFor = scryptJaneParams({ chainStartTime: 1367991200, nMin: 4, nMax: 30 }, early);
  for (const [nFactor, time] of published) {
    assert.deepEqual(paramsFor(headerAt(time)), [nFactor], `at ${time}`);
    assert.deepEqual(paramsFor(headerAt(time - 1)), [nFactor - 1], `before ${time}`);
  }
  assert.deepEqual(paramsFor(headerAt(1367991200)), [4]);
  assert.deepEqual(paramsFor(headerAt(0)), [4]);
});

test("scrypt-jane's nFactor stays between nMin and nMax", () => {
  const paramsFor = scryptJaneParams({ nMin: 6, nMax: 9 }, early);
  assert.deepEqual(paramsFor(headerAt(1367991220)), [6]);
  assert.deepEqual(paramsFor(headerAt(4294967295)), [9]);
});

test('scrypt-jane parameters out of range are refused', () => {
  for (const params of [
    { nMin: -1 },
    { nMin: 256 },
    { nMax: 1.5 },
    { nMin: 9, nMax: 8 },
    { chainStartTime: 'now' },
    { chainStartTime: 2 ** 32 },
    { nMin: 22 },
  ]) {
    assert.throws(() => scryptJaneParams(params, early), badParams, JSON.stringify(params));
  }
});

test("scrypt-n's N follows the time of the header: Vertcoin's dates unless the coin has its own", () => {
  const vertcoin = scryptNParams({});
  assert.deepEqual(vertcoin(headerAt(1389311371)), [2048, 1]);
  assert.deepEqual(vertcoin(headerAt(1456415080)), [2048, 1]);
  assert.deepEqual(vertcoin(headerAt(1456415081)), [4096, 1]);
  assert.deepEqual(vertcoin(headerAt(1764000000)), [32768, 1]);
  assert.deepEqual(vertcoin(headerAt(0)), [2048, 1]);

  const execoin = scryptNParams({
    timeTable: { 2048: 1390959880, 4096: 1438295269, 8192: 1485630658, 16384: 1532966047 },
  });
  assert.deepEqual(execoin(headerAt(1485630657)), [4096, 1]);
  assert.deepEqual(execoin(headerAt(1485630658)), [8192, 1]);
  assert.deepEqual(execoin(headerAt(1600000000)), [16384, 1]);
});

test("Vertcoin's dates are those of its rule for nFactor", () => {
  const nFactor = (age: number) => {
    let log = 0;
    let rest = age;
    while (rest >> 1 > 3) {
      log += 1;
      rest = Math.floor(rest / 2);
    }
    return Math.trunc((log * 158 + (rest & 3) * 28 - 2670) / 100);
  };
  const vertcoin = scryptNParams({});
  for (let age = 2 ** 26; age < 2 ** 31; age += 2 ** 24) {
    for (const time of [age - 1, age]) {
      const N = 2 ** (Math.max(10, nFactor(time)) + 1);
      assert.deepEqual(vertcoin(headerAt(1389306217 + time)), [N, 1], `${time}`);
    }
  }
});

test('a time table that is none is refused', () => {
  for (const timeTable of [
    [],
    {},
    'x',
    { 1000: 1 },
    { 2097152: 1 },
    { '-2': 1 },
    { 2048: '1' },
    { 2048: -1 },
    { 2048: 2 ** 32 },
  ]) {
    assert.throws(() => scryptNParams({ timeTable }), badParams, JSON.stringify(timeTable));
  }
});

test('normalHashing is true or false, reward is POW or POS', () => {
  assert.equal(isNormalHashing({}), false);
  assert.equal(isNormalHashing({ normalHashing: true }), true);
  assert.throws(() => isNormalHashing({ normalHashing: 'true' }), badParams);
  assert.equal(isProofOfStake({}), false);
  assert.equal(isProofOfStake({ reward: 'POS' }), true);
  assert.throws(() => isProofOfStake({ reward: 'pos' }), badParams);
});
