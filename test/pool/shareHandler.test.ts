import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBlockTemplate } from '../../libs/jobs/blockTemplate.ts';
import type { Job, JobSettings } from '../../libs/jobs/job.ts';
import { JobStore } from '../../libs/jobs/jobStore.ts';
import { createShareHandler, type FoundVerdict } from '../../libs/pool/shareHandler.ts';
import { difficulty } from '../../libs/primitives/units.ts';
import type { Submit, SubmitAnswer } from '../../libs/stratum/types.ts';
import { curTime, now, replyOf, settingsOf, sha256Algorithm } from '../jobs/fixtures.ts';
import { HeldRecorder, keptLog } from './support.ts';

/** Every hash is this one: the test decides what a share is worth. */
const hashOf = (topByte: number) => Buffer.alloc(32, 0).fill(topByte, 28, 29);

function setUp(hash: Buffer, settings: Partial<JobSettings> = {}, emitInvalidBlockHashes = false) {
  const recorder = new HeldRecorder();
  const { log } = keptLog();
  const algorithm = { ...sha256Algorithm, hash: () => hash, ...settings.algorithm };
  const jobs = new JobStore(settingsOf({ algorithm }));
  const job = jobs.add(parseBlockTemplate(replyOf()), now)?.job as Job;
  const blocks: { verdict: FoundVerdict; recorded: Promise<boolean> }[] = [];
  const handle = createShareHandler({
    jobs,
    algorithm,
    recorder,
    statistics: { share: () => undefined },
    emitInvalidBlockHashes,
    log,
    now: () => now,
    onBlock: (verdict, _job, _submit, recorded) => void blocks.push({ verdict, recorded }),
  });
  const answers: SubmitAnswer[] = [];
  const send = (changes: Partial<Submit> = {}) =>
    handle(
      {
        worker: 'miner.rig',
        ip: '192.0.2.1',
        port: 3032,
        jobId: job.jobId,
        extranonce1: Buffer.from('0a0b0c0d', 'hex'),
        extranonce2Size: 4,
        extranonce2: '00000001',
        ntime: curTime.toString(16),
        nonce: '00000001',
        versionBits: undefined,
        versionMask: 0,
        jobDifficulty: difficulty(0.5),
        currentDifficulty: difficulty(0.5),
        solo: false,
        ...changes,
      },
      (answer) => void answers.push(answer),
    );
  return { recorder, jobs, job, blocks, answers, send };
}

// A little above 2^224, as a number: worth a hair less than difficulty 1, and just no block at difficulty 1.
const share = Buffer.alloc(32).fill(0xff, 0, 26).fill(0x01, 28, 29);
const easy = difficulty(1 / 1024);

test('a good share is answered only when it is recorded, and then with true', () => {
  const { recorder, answers, send } = setUp(share);
  send({ jobDifficulty: easy, currentDifficulty: easy });
  assert.deepEqual(answers, []);
  assert.equal(recorder.shares[0]?.valid, true);
  assert.equal(recorder.shares[0]?.difficulty, easy);
  recorder.settle(true);
  assert.deepEqual(answers, [{ ok: true }]);
});

test('a share that cannot be recorded is refused with error 20 and not held against the miner', () => {
  const { recorder, answers, send } = setUp(share);
  send({ jobDifficulty: easy, currentDifficulty: easy });
  recorder.settle(false);
  const [answer] = answers;
  assert.ok(answer && !answer.ok);
  assert.deepEqual([answer.code, answer.counts], [20, false]);
});

test('a SOLO share is recorded as one', () => {
  const { recorder, send } = setUp(share);
  send({ jobDifficulty: easy, currentDifficulty: easy, solo: true });
  send({ jobDifficulty: easy, currentDifficulty: easy, nonce: '00000002' });
  assert.deepEqual(
    recorder.shares.map(({ solo }) => solo),
    [true, undefined],
  );
});

test('the name of a block that a share is not is only made for who wants it', () => {
  for (const wanted of [true, false]) {
    let made = 0;
    const blockHash = (_header: Buffer, powHash: Buffer) => {
      made++;
      return powHash;
    };
    const algorithm = { ...sha256Algorithm, hash: () => share, blockHash };
    const { recorder, send } = setUp(share, { algorithm }, wanted);
    send({ jobDifficulty: easy, currentDifficulty: easy });
    assert.equal(made, wanted ? 1 : 0);
    const name = `000000${'01'}${'00'}${'00'}${'ff'.repeat(26)}`;
    assert.equal(recorder.shares[0]?.blockHashInvalid, wanted ? name : undefined);
    assert.equal(recorder.shares[0]?.blockHash, undefined);
  }
});

test('a refused share is answered at once and recorded as invalid with its reason', () => {
  const { recorder, answers, send } = setUp(share);
  send({ jobDifficulty: difficulty(2), currentDifficulty: difficulty(2) });
  const [answer] = answers;
  assert.ok(answer && !answer.ok);
  assert.equal(answer.code, 23);
  assert.equal(recorder.shares[0]?.valid, false);
  assert.equal(recorder.shares[0]?.error, answer.message);
});

test('an answer to a job of the previous block is 21 and not counted, one to a job that never was is counted', () => {
  const { jobs, answers, send } = setUp(share);
  const newer = replyOf({ height: 500_001, previousblockhash: '11'.repeat(32) });
  jobs.add(parseBlockTemplate(newer), now);
  send();
  send({ jobId: 'fffff' });
  assert.deepEqual(
    answers.map((answer) => !answer.ok && [answer.code, answer.counts]),
    [
      [21, false],
      [21, true],
    ],
  );
});

test('the same nonce is answered 22 the second time, whatever its hex case, and recorded once', () => {
  const { recorder, answers, send } = setUp(share);
  const low = { jobDifficulty: easy, currentDifficulty: easy };
  send({ ...low, nonce: 'abcdef01' });
  send({ ...low, nonce: 'ABCDEF01' });
  recorder.settle(true);
  assert.equal(recorder.shares.filter(({ valid }) => valid).length, 1);
  assert.ok(answers.some((answer) => !answer.ok && answer.code === 22));
});

test('a block goes out before its share is recorded, and the record tells when it is', async () => {
  const { recorder, blocks, answers, send } = setUp(Buffer.alloc(32));
  send();
  const [block] = blocks;
  assert.ok(block);
  assert.deepEqual(answers, []);
  assert.equal(recorder.shares[0]?.blockHash, block.verdict.blockHash);
  recorder.settle(true);
  assert.equal(await block.recorded, true);
  assert.deepEqual(answers, [{ ok: true }]);
});

test('a hash that fails on another thread is an error 20, not a crash', async () => {
  const algorithm = {
    ...sha256Algorithm,
    slow: true,
    hashAsync: () => Promise.reject(new Error('no memory')),
  };
  const { answers, send } = setUp(hashOf(1), { algorithm });
  send();
  await new Promise(setImmediate);
  const [answer] = answers;
  assert.ok(answer && !answer.ok);
  assert.equal(answer.code, 20);
});
