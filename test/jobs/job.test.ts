import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BlockTemplate, parseBlockTemplate } from '../../libs/jobs/blockTemplate.ts';
import { readHeader, writeHeader } from '../../libs/jobs/header.ts';
import { createJob, type Job } from '../../libs/jobs/job.ts';
import { judgeShare, prepareShare } from '../../libs/jobs/shareCheck.ts';
import { decodeAddress } from '../../libs/primitives/address.ts';
import { ByteReader } from '../../libs/primitives/bytes.ts';
import { parseCoins } from '../../libs/primitives/money.ts';
import { difficulty, millis } from '../../libs/primitives/units.ts';
import { own, type UnknownRecord } from '../../libs/primitives/unknown.ts';
import {
  curTime,
  extranonce1,
  feeScript,
  jobOf,
  list,
  now,
  number,
  poolScript,
  readCoinbase,
  readVector,
  recordOf,
  scryptAlgorithm,
  scryptHash,
  settingsOf,
  sha256d,
  templateOf,
  text,
  txid,
} from './fixtures.ts';

const regtest = { pubKeyHash: [111], scriptHash: [58, 196], bech32: 'rltc' };
const extranonce2 = Buffer.from('00000001', 'hex');

function scriptOf(address: string): Buffer {
  const decoded = decodeAddress(address, regtest);
  assert.ok(decoded.ok);
  return decoded.script;
}

/** The job that was current when the recorded block was found. */
function recordedJob(recorded: UnknownRecord): { job: Job; template: BlockTemplate } {
  const template = parseBlockTemplate(own(recorded, 'template'));
  const settings = settingsOf({
    algorithm: scryptAlgorithm,
    poolScript: scriptOf(text(recorded, 'poolAddress')),
    recipients: Object.entries(recordOf(own(recorded, 'recipients'))).map(([address, percent]) => ({
      script: scriptOf(address),
      percent: Number(percent),
    })),
  });
  const place = {
    sequence: number(recorded, 'sequence'),
    clean: true,
    now: millis(number(recorded, 'now')),
  };
  return { job: createJob(template, settings, place), template };
}

for (const name of ['litecoin-regtest-segwit.json', 'litecoin-regtest-mweb.json']) {
  test(`the block that Litecoin Core took is rebuilt byte for byte from its template: ${name}`, () => {
    const recorded = readVector(name);
    const { job } = recordedJob(recorded);
    const submit = {
      extranonce1: Buffer.from(text(recorded, 'extranonce1'), 'hex'),
      extranonce2Size: 4,
      extranonce2: text(recorded, 'extranonce2'),
      ntime: text(recorded, 'ntime'),
      nonce: text(recorded, 'nonce'),
      versionBits: undefined,
      versionMask: 0,
    };
    const prepared = prepareShare(job, submit, millis(number(recorded, 'now')));
    assert.ok(prepared.kind === 'prepared');
    const high = difficulty(1_000);
    const powHash = scryptHash(prepared.header);
    const verdict = judgeShare(job, prepared, powHash, { job: high, current: high });
    assert.ok(verdict.kind === 'block');
    assert.equal(verdict.block.toString('hex'), text(recorded, 'block'));
    assert.equal(verdict.blockHash, text(recorded, 'blockHash'));
    assert.equal(verdict.txHash, list(recorded, 'txids')[0]);
    assert.equal(
      Buffer.from(readHeader(prepared.header).merkleRoot).reverse().toString('hex'),
      text(recorded, 'merkleRoot'),
    );
  });

  test(`what the pool earns is what the chain says that the coinbase pays it: ${name}`, () => {
    const recorded = readVector(name);
    const { job, template } = recordedJob(recorded);
    const outputs = list(recorded, 'coinbaseOutputs').map((output) => recordOf(output));
    const [, pool] = outputs;
    assert.ok(pool);
    assert.equal(
      text(pool, 'scriptPubKey'),
      scriptOf(text(recorded, 'poolAddress')).toString('hex'),
    );
    assert.equal(job.poolReward, parseCoins(text(pool, 'value')));
    const sum = outputs.reduce(
      (all, output) => all + (parseCoins(text(output, 'value')) ?? 0n),
      0n,
    );
    assert.equal(sum, template.coinbaseValue);
    assert.equal(job.coinbaseValue, template.coinbaseValue);
    const shown = number(recorded, 'difficulty') * 65536;
    assert.ok(Math.abs(job.networkDifficulty / shown - 1) < 1e-12);
  });
}

test('the fields of mining.notify are spelled as stratum has them', () => {
  const params = jobOf().notifyParams(4);
  // 000000000002d01c 1fccc21636b607df d930d31d01c3a621 04612a1719011250, its words in reverse.
  assert.equal(params.prevHash, '1901125004612a1701c3a621d930d31d36b607df1fccc2160002d01c00000000');
  assert.equal(params.version, '20000000');
  assert.equal(params.nbits, '1d00ffff');
  assert.equal(params.ntime, curTime.toString(16));
  assert.deepEqual(params.merkleBranch, [
    txid(1),
    sha256d(Buffer.from(txid(2).repeat(2), 'hex')).toString('hex'),
  ]);
});

test('a high version and a time past 2038 stay unsigned in mining.notify', () => {
  const params = jobOf({ version: -1, curtime: 0xf0000000, mintime: 5 }).notifyParams(4);
  assert.equal(params.version, 'ffffffff');
  assert.equal(params.ntime, 'f0000000');
});

test('coinb1, the extranonces and coinb2 are the coinbase, at every size of extranonce2', () => {
  const job = jobOf();
  for (const size of [1, 2, 3, 4, 8, 16, 32]) {
    const { coinb1, coinb2 } = job.notifyParams(size);
    const second = Buffer.alloc(size, 0xee);
    const joined = coinb1 + extranonce1.toString('hex') + second.toString('hex') + coinb2;
    assert.equal(job.coinbase(extranonce1, second).toString('hex'), joined);
    assert.ok(readCoinbase(Buffer.from(joined, 'hex')).script.includes(second));
  }
});

test('the parameters of a size are made once', () => {
  const job = jobOf();
  assert.equal(job.notifyParams(4), job.notifyParams(4));
  assert.notEqual(job.notifyParams(4), job.notifyParams(8));
});

test('an extranonce1 of another length is refused', () => {
  assert.throws(() => jobOf().coinbase(Buffer.alloc(3), extranonce2), RangeError);
});

test('the job id is its sequence in hex', () => {
  const place = { sequence: 0x1a2b, clean: false, now };
  const job = createJob(templateOf(), settingsOf(), place);
  assert.equal(job.jobId, '1a2b');
  assert.equal(job.sequence, 0x1a2b);
  assert.equal(job.clean, false);
});

test('header gives the same bytes as writeHeader', () => {
  const job = jobOf();
  const merkleRoot = Buffer.alloc(32, 9);
  const previousHash = Buffer.from(job.previousHash, 'hex').reverse();
  assert.deepEqual(
    job.header(0xffffffff, merkleRoot, 0xf0000000, 0xeeeeeeee),
    writeHeader({
      version: 0xffffffff,
      previousHash,
      merkleRoot,
      ntime: 0xf0000000,
      nbits: 0x1d00ffff,
      nonce: 0xeeeeeeee,
    }),
  );
});

test('no share may be older than mintime, or than curtime where there is no mintime', () => {
  assert.equal(jobOf().minTime, curTime - 1000);
  assert.equal(jobOf({ mintime: undefined }).minTime, curTime);
});

test('a POS block may not be older than the time stamp of its coinbase', () => {
  assert.equal(jobOf({}, { reward: 'POS' }).minTime, curTime);
});

test("miners start at mintime when the daemon's clock is behind it", () => {
  const job = jobOf({ mintime: curTime + 50 });
  assert.equal(job.curTime, curTime + 50);
  assert.equal(job.notifyParams(4).ntime, (curTime + 50).toString(16));
});

function blockOf(template: UnknownRecord, reward: 'POW' | 'POS' = 'POW'): string {
  const job = jobOf(template, { reward });
  const coinbase = job.coinbase(extranonce1, extranonce2);
  const header = Buffer.alloc(80, 1);
  const block = job.serializeBlock(header, coinbase);
  const reader = new ByteReader(block);
  assert.deepEqual(reader.raw(80), header);
  assert.equal(reader.compactSize(), 3);
  assert.deepEqual(reader.raw(coinbase.length), coinbase);
  return reader.raw(reader.left).toString('hex');
}

test('a block ends with its transactions, and with what its kind of chain puts behind them', () => {
  assert.equal(blockOf({}), '01aa02bb');
  assert.equal(blockOf({}, 'POS'), '01aa02bb00');
  assert.equal(blockOf({ masternode_payments: true, votes: ['cc', 'dddd'] }), '01aa02bb02ccdddd');
  assert.equal(blockOf({ masternode_payments: true, votes: [] }), '01aa02bb00');
  assert.equal(blockOf({ mweb: 'eeff' }), '01aa02bb01eeff');
});

test('the count of a block with more than 251 transactions takes three bytes', () => {
  const transactions = Array.from({ length: 300 }, () => ({ data: 'aa', txid: txid(7) }));
  const job = jobOf({ transactions });
  const block = job.serializeBlock(Buffer.alloc(80), job.coinbase(extranonce1, extranonce2));
  assert.equal(block.subarray(80, 83).toString('hex'), 'fd2d01');
});

test('registerSubmit tells the second of two equal keys, job by job', () => {
  const [one, other] = [jobOf(), jobOf()];
  assert.equal(one.registerSubmit('key'), true);
  assert.equal(one.registerSubmit('key'), false);
  assert.equal(one.registerSubmit('KEY'), true);
  assert.equal(other.registerSubmit('key'), true);
});

test('a job that cannot be mined fails when it is made, not at the first share', () => {
  assert.throws(() => jobOf({ coinbaseaux: { flags: '00'.repeat(60) } }), /coinbaseaux\.flags/);
});

test("a fee that is paid to the pool's own script is not the miners' reward", () => {
  const recipients = [
    { script: poolScript, percent: 1 },
    { script: feeScript, percent: 1 },
  ];
  assert.equal(jobOf({ coinbasevalue: 1000 }, { recipients }).poolReward, 980n);
});
