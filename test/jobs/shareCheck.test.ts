import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Algorithm } from '../../libs/algos/types.ts';
import type { Job } from '../../libs/jobs/job.ts';
import {
  blockHashOf,
  judgeShare,
  type PreparedShare,
  prepareShare,
  type RejectedShare,
  type ShareSubmit,
} from '../../libs/jobs/shareCheck.ts';
import { difficulty, type Millis, millis } from '../../libs/primitives/units.ts';
import { minerHeader, slowVerdict } from '../fuzz/oracle.ts';
import {
  curTime,
  extranonce1,
  jobOf,
  now,
  randomOf,
  scryptAlgorithm,
  sha256,
  sha256Algorithm,
  sha256d,
} from './fixtures.ts';

const hex32 = (value: number) => value.toString(16).padStart(8, '0');

function submitOf(changes: Partial<ShareSubmit> = {}): ShareSubmit {
  return {
    extranonce1,
    extranonce2Size: 4,
    extranonce2: '00000001',
    ntime: hex32(curTime),
    nonce: '0000abcd',
    versionBits: undefined,
    versionMask: 0,
    ...changes,
  };
}

function prepared(job: Job, changes: Partial<ShareSubmit> = {}, at: Millis = now): PreparedShare {
  const outcome = prepareShare(job, submitOf(changes), at);
  assert.ok(outcome.kind === 'prepared', JSON.stringify(outcome));
  return outcome;
}

function refused(outcome: PreparedShare | RejectedShare) {
  assert.ok(outcome.kind === 'rejected');
  return outcome.reason;
}

test('the header is the one that a miner makes of mining.notify', () => {
  const transactions = [1, 2, 3, 4, 5].map((byte) => ({
    data: 'aa',
    txid: byte.toString(16).padStart(64, '0'),
  }));
  const job = jobOf({ transactions });
  for (const size of [2, 4, 8]) {
    const extranonce2 = 'ab'.repeat(size);
    const { header } = prepared(job, { extranonce2, extranonce2Size: size });
    const work = { extranonce1: '0a0b0c0d', extranonce2, ntime: hex32(curTime), nonce: '0000abcd' };
    assert.deepEqual(header, minerHeader(job.notifyParams(size), work));
  }
});

test("the merkle root uses the algorithm's own hash of the coinbase", () => {
  const algorithm: Algorithm = { ...sha256Algorithm, name: 'keccak', coinbaseHash: sha256 };
  const job = jobOf({ transactions: [] }, { algorithm });
  const { header, coinbase } = prepared(job);
  assert.deepEqual(header.subarray(36, 68), sha256(coinbase));
});

test('fields that are not strict hex of their exact size are refused with 20', () => {
  const job = jobOf();
  const bad = [
    '',
    '0000000',
    '000000001',
    '0000000g',
    '0x000001',
    ' 0000001',
    '0000001\n',
    '\u01300000000',
  ];
  const rows = [
    ['extranonce2', 'incorrect size of extranonce2'],
    ['ntime', 'incorrect size of ntime'],
    ['nonce', 'incorrect size of nonce'],
    ['versionBits', 'incorrect size of version bits'],
  ] as const;
  for (const [field, message] of rows) {
    for (const text of bad) {
      const outcome = prepareShare(job, submitOf({ [field]: text, versionMask: 0xffffffff }), now);
      assert.deepEqual(refused(outcome), { code: 20, message, counts: true }, `${field} ${text}`);
    }
  }
});

test('non-hex tails are refused: one nonce cannot be handed in in many spellings', () => {
  const job = jobOf();
  prepared(job, { nonce: '0000abcd' });
  for (const nonce of ['0000abcdzz', '0000abcd00', '0000abcd ', '000abcdz']) {
    assert.equal(refused(prepareShare(job, submitOf({ nonce }), now)).code, 20, nonce);
  }
});

test('extranonce2 has the size of the port', () => {
  const job = jobOf();
  assert.equal(refused(prepareShare(job, submitOf({ extranonce2Size: 8 }), now)).code, 20);
  prepared(job, { extranonce2Size: 8, extranonce2: '0000000000000001' });
});

test('ntime is good from mintime to two hours ahead of the clock, both included', () => {
  const seconds = now / 1000;
  const out = (ntime: number, at: Millis = now) =>
    refused(prepareShare(jobOf(), submitOf({ ntime: hex32(ntime) }), at));
  const expected = { code: 20, message: 'ntime out of range', counts: true } as const;
  assert.deepEqual(out(curTime - 1001), expected);
  assert.deepEqual(out(seconds + 7201), expected);
  assert.deepEqual(out(0), expected);
  assert.deepEqual(out(0xffffffff), expected);
  prepared(jobOf(), { ntime: hex32(curTime - 1000) });
  prepared(jobOf(), { ntime: hex32(seconds + 7200) });
  // The clock's fraction of a second does not count.
  prepared(jobOf(), { ntime: hex32(seconds + 7200) }, millis(now + 999));
  assert.deepEqual(out(seconds + 7201, millis(now + 999)), expected);
});

test('times past 2038 are checked and hashed as unsigned', () => {
  const late = 0x80000010;
  const job = jobOf({ curtime: late, mintime: late - 20 });
  const at = millis(late * 1000);
  const { header } = prepared(job, { ntime: hex32(late) }, at);
  assert.equal(header.readUInt32LE(68), late);
  prepared(job, { ntime: hex32(0x7ffffffc) }, at);
  assert.equal(refused(prepareShare(job, submitOf({ ntime: '7ffffffb' }), at)).code, 20);
});

test('version bits outside of the negotiated mask are refused', () => {
  const mask = 0x1fffe000;
  const bitsOf = (versionBits: string, versionMask = mask) =>
    prepareShare(jobOf(), submitOf({ versionBits, versionMask }), now);
  assert.equal(bitsOf('1fffe000').kind, 'prepared');
  for (const bits of ['1fffe001', '20000000', '80000000', 'ffffffff', '00001000']) {
    const expected = { code: 20, message: 'version bits outside of the mask', counts: true };
    assert.deepEqual(refused(bitsOf(bits)), expected, bits);
  }
  assert.equal(refused(bitsOf('00002000', 0)).code, 20);
  assert.equal(bitsOf('00000000', 0).kind, 'prepared');
});

test("rolled bits replace the mask's bits of the job's version, and no others (BIP 310)", () => {
  const job = jobOf({ version: 0x20006000 });
  const versionMask = 0x1fffe000;
  const versionOf = (versionBits: string | undefined, nonce: string) =>
    prepared(job, { versionBits, versionMask, nonce }).header.readUInt32LE(0);
  assert.equal(versionOf('00008000', '00000001'), 0x20008000);
  assert.equal(versionOf('00000000', '00000002'), 0x20000000);
  assert.equal(versionOf(undefined, '00000003'), 0x20006000);
  const high = jobOf({ version: -1 });
  const share = prepared(high, { versionBits: '80000000', versionMask: 0xffff0000 });
  assert.equal(share.header.readUInt32LE(0), 0x8000ffff);
});

test('checks come in a fixed order: sizes, time, version bits, duplicate', () => {
  const job = jobOf();
  prepared(job);
  const faults: Partial<ShareSubmit> = {
    extranonce2: '0',
    ntime: '1',
    nonce: '2',
    versionBits: '3',
  };
  const messageOf = (changes: Partial<ShareSubmit>) =>
    refused(prepareShare(job, submitOf({ ...faults, ...changes }), now)).message;
  let changes: Partial<ShareSubmit> = {};
  const steps: readonly [string, Partial<ShareSubmit>][] = [
    ['incorrect size of extranonce2', { extranonce2: '00000001' }],
    ['incorrect size of ntime', { ntime: '00000000' }],
    ['incorrect size of nonce', { nonce: '0000abcd' }],
    ['incorrect size of version bits', { versionBits: '00000001' }],
    ['ntime out of range', { ntime: hex32(curTime) }],
    ['version bits outside of the mask', { versionBits: '00000000' }],
  ];
  for (const [message, mended] of steps) {
    assert.equal(messageOf(changes), message);
    changes = { ...changes, ...mended };
  }
  assert.equal(messageOf(changes), 'duplicate share');
});

test('the same share again is a duplicate, 22', () => {
  const job = jobOf();
  prepared(job);
  const expected = { code: 22, message: 'duplicate share', counts: true };
  assert.deepEqual(refused(prepareShare(job, submitOf(), now)), expected);
});

test('a duplicate in another case of hex is a duplicate', () => {
  const job = jobOf();
  prepared(job, { extranonce2: 'abcdefab', nonce: 'abcdef01' });
  const again = submitOf({ extranonce2: 'ABCDEFAB', nonce: 'AbCdEf01' });
  assert.equal(refused(prepareShare(job, again, now)).code, 22);
});

test('version bits that give the same header are a duplicate, told or not', () => {
  const job = jobOf({ version: 0x20006000 });
  const versionMask = 0x1fffe000;
  prepared(job, { versionMask });
  const told = submitOf({ versionMask, versionBits: '00006000' });
  assert.equal(refused(prepareShare(job, told, now)).code, 22);
});

test('a share that differs in any one field is no duplicate', () => {
  const job = jobOf();
  prepared(job);
  prepared(job, { extranonce1: Buffer.from('0a0b0c0e', 'hex') });
  prepared(job, { extranonce2: '00000002' });
  prepared(job, { ntime: hex32(curTime + 1) });
  prepared(job, { nonce: '0000abce' });
  prepared(job, { versionBits: '00002000', versionMask: 0x1fffe000 });
  prepared(job, { extranonce2: '0000000100', extranonce2Size: 5 });
});

test('a refused submit is not remembered: corrected, it is good', () => {
  const job = jobOf();
  refused(prepareShare(job, submitOf({ ntime: hex32(0) }), now));
  refused(prepareShare(job, submitOf({ versionBits: '00002000' }), now));
  prepared(job);
});

const nothing: PreparedShare = {
  kind: 'prepared',
  header: Buffer.alloc(80),
  coinbase: Buffer.alloc(0),
};
const little = (value: bigint) =>
  Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
const both = (value: number) => ({ job: difficulty(value), current: difficulty(value) });
const diff1 = 0xffffn << 208n;

function judged(job: Job, hash: bigint, difficulties = both(1)) {
  return judgeShare(job, nothing, little(hash), difficulties);
}

test('a hash that equals the target is a block, one above it is none', () => {
  const target = `0000000000000001${'23456789abcdef01'.repeat(3)}`;
  const job = jobOf({ target });
  const value = BigInt(`0x${target}`);
  const atShare = (hash: bigint) =>
    judgeShare(job, prepared(job, { nonce: hex32(Number(hash & 0xffffn)) }), little(hash), both(1))
      .kind;
  assert.equal(atShare(value), 'block');
  assert.equal(atShare(value + 1n), 'share');
  assert.equal(atShare(value - 1n), 'block');
});

test('a block is decided where doubles can tell no difference', () => {
  const target = (1n << 220n) - 1n;
  const job = jobOf({ target: target.toString(16).padStart(64, '0') });
  assert.equal(Number(target), Number(target + 1n));
  const share = prepared(job);
  assert.equal(judgeShare(job, share, little(target), both(1e-3)).kind, 'block');
  assert.equal(judgeShare(job, share, little(target + 1n), both(1e-3)).kind, 'share');
});

test("a block carries its names and its bytes, and is credited below the port's difficulty", () => {
  const job = jobOf({ transactions: [] }, { algorithm: scryptAlgorithm });
  const share = prepared(job);
  const verdict = judgeShare(job, share, little(5n), both(1e30));
  assert.ok(verdict.kind === 'block');
  assert.equal(verdict.credited, job.networkDifficulty);
  assert.equal(verdict.blockHash, sha256d(share.header).reverse().toString('hex'));
  assert.equal(verdict.txHash, sha256d(share.coinbase).reverse().toString('hex'));
  assert.deepEqual(verdict.block, Buffer.concat([share.header, Buffer.from([1]), share.coinbase]));
});

test('a share is accepted from 99 % of its difficulty on, as miners round', () => {
  const job = jobOf({ target: `${'0'.repeat(40)}${'f'.repeat(24)}` });
  const atPart = (part: bigint) => judged(job, (diff1 * 1000n) / (8n * part), both(8)).kind;
  assert.equal(atPart(1000n), 'share');
  assert.equal(atPart(991n), 'share');
  assert.equal(atPart(989n), 'rejected');
});

test('a share that is too easy is refused with 23 and with what it was worth', () => {
  const job = jobOf({ target: `${'0'.repeat(40)}${'f'.repeat(24)}` });
  const verdict = judged(job, diff1 / 2n, both(8));
  assert.deepEqual(verdict, {
    kind: 'rejected',
    reason: { code: 23, message: 'low difficulty share of 2', counts: true, shareDiff: 2 },
  });
});

test('a share is measured by and credited with the lower of the two difficulties', () => {
  const job = jobOf({ target: `${'0'.repeat(40)}${'f'.repeat(24)}` });
  const hash = diff1 / 5n;
  for (const [ofJob, current] of [
    [16, 4],
    [4, 16],
  ] as const) {
    const verdict = judged(job, hash, { job: difficulty(ofJob), current: difficulty(current) });
    assert.ok(verdict.kind === 'share');
    assert.equal(verdict.credited, 4);
    assert.ok(Math.abs(verdict.found - 5) < 1e-9);
  }
  assert.equal(judged(job, hash, both(16)).kind, 'rejected');
});

test("no credit is above the network's difficulty", () => {
  const job = jobOf();
  assert.equal(job.networkDifficulty, 1);
  const verdict = judgeShare(job, prepared(job), little(diff1), both(1000));
  assert.ok(verdict.kind === 'block');
  assert.equal(verdict.credited, 1);
});

test("the worth of a share is in the algorithm's units", () => {
  const job = jobOf(
    { target: `${'0'.repeat(40)}${'f'.repeat(24)}` },
    { algorithm: scryptAlgorithm },
  );
  const verdict = judged(job, diff1 * 2n, both(1000));
  assert.ok(verdict.kind === 'share');
  assert.equal(verdict.found, 32_768);
});

test('a share that is no block has the name that its block would have', () => {
  const job = jobOf({}, { algorithm: scryptAlgorithm });
  const name = sha256d(nothing.header).reverse().toString('hex');
  assert.equal(blockHashOf(job, nothing, little(diff1)), name);
});

test('verdicts are those of a slow oracle that shares no code, over thousands of random submits', () => {
  const random = randomOf(99);
  const pick = <T>(values: readonly [T, ...T[]]): T =>
    values[Math.floor(random() * values.length)] ?? values[0];
  const unit = 2 ** -40;
  // Half of the hashes are shares and an eighth are blocks: difficulty 2^-29.
  const target = (0xffffn << (208n + 29n)).toString(16).padStart(64, '0');
  const job = jobOf({ target });
  const onPaper = {
    params: job.notifyParams(4),
    target,
    mintime: curTime - 1000,
    multiplier: 1,
    now,
  };
  const seen = new Set<string>();
  const counts = new Map<string, number>();
  for (let round = 0; round < 6000; round++) {
    const anyCase = (text: string) => (random() < 0.2 ? text.toUpperCase() : text);
    const field = (low: number, span: number) =>
      random() < 0.02
        ? pick(['', 'zz000000', '1', '000000000', 'é0000000'])
        : anyCase(hex32(low + Math.floor(random() * span)));
    const submit = submitOf({
      extranonce1: pick([extranonce1, Buffer.from('ffffffff', 'hex')]),
      extranonce2: field(0xabcdef00, 3),
      ntime: random() < 0.05 ? hex32(pick([0, 0xffffffff, curTime - 1001])) : field(curTime, 2),
      nonce: field(0xabc00000, 400),
      versionMask: pick([0, 0x1fffe000]),
      versionBits: pick([undefined, undefined, hex32(0), '1fffe000', '00004000', '80000000']),
    });
    const asked = () => difficulty(Math.ceil(2 ** (8 + random() * 5)) * unit);
    const difficulties = { job: asked(), current: asked() };
    const outcome = prepareShare(job, submit, now);
    let ours = '';
    if (outcome.kind === 'rejected') ours = String(outcome.reason.code);
    else {
      const verdict = judgeShare(job, outcome, sha256d(outcome.header), difficulties);
      ours =
        verdict.kind === 'rejected'
          ? String(verdict.reason.code)
          : `${verdict.kind} ${verdict.credited / unit}`;
    }
    assert.equal(ours, slowVerdict(onPaper, submit, difficulties, seen), JSON.stringify(submit));
    const kind = ours.split(' ')[0] ?? '';
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  for (const kind of ['20', '22', '23', 'share', 'block']) {
    assert.ok((counts.get(kind) ?? 0) > 100, `${kind}: ${counts.get(kind)}`);
  }
});

test('the twenty-thousandth share of a job costs what the ten-thousandth did', () => {
  const job = jobOf();
  const batches: number[] = [];
  const difficulties = both(1e-12);
  for (let batch = 0; batch < 40; batch++) {
    const start = performance.now();
    for (let share = 0; share < 500; share++) {
      const outcome = prepareShare(job, submitOf({ nonce: hex32(batch * 500 + share) }), now);
      if (outcome.kind === 'rejected') throw new Error(outcome.reason.message);
      judgeShare(job, outcome, sha256d(outcome.header), difficulties);
    }
    batches.push(performance.now() - start);
  }
  // The first 10,000 shares let the compiler settle; then early is compared with late.
  const early = Math.min(...batches.slice(20, 25));
  const late = Math.min(...batches.slice(-10));
  assert.ok(late < early * 3, `${early} ms for 500 shares, later ${late} ms`);
});
