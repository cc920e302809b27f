import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuxBlock } from '../../libs/jobs/auxPow.ts';
import type { Job } from '../../libs/jobs/job.ts';
import { JobStore } from '../../libs/jobs/jobStore.ts';
import type { FoundProof } from '../../libs/pool/auxChain.ts';
import { createAuxChains, type OneAuxChain } from '../../libs/pool/auxChains.ts';
import { createShareHandler, type FoundVerdict } from '../../libs/pool/shareHandler.ts';
import { targetFromBits } from '../../libs/primitives/target.ts';
import { difficulty, satoshis } from '../../libs/primitives/units.ts';
import type { Submit, SubmitAnswer } from '../../libs/stratum/types.ts';
import {
  curTime,
  now,
  settingsOf,
  sha256Algorithm,
  sha256d,
  templateOf,
} from '../jobs/fixtures.ts';
import { faultOf } from '../support/auxVerifier.ts';
import { HeldRecorder, keptLog } from './support.ts';

/** A chain that takes what the test gives it. */
class ScriptedChain implements OneAuxChain {
  readonly coin: string;
  block: AuxBlock | undefined;
  readonly recorder = new HeldRecorder();
  readonly proofs: { readonly found: FoundProof; readonly recorded: Promise<unknown> }[] = [];
  looks = 0;
  paysKeys = true;

  constructor(coin: string, block: AuxBlock | undefined) {
    this.coin = coin;
    this.block = block;
  }

  account(address: string) {
    const verdict = address.startsWith('D');
    return Promise.resolve(
      verdict
        ? { ok: true as const, name: address.replace('x', '') }
        : { ok: false as const, reason: 'bad checksum' },
    );
  }

  record(...taken: Parameters<OneAuxChain['record']>): void {
    this.recorder.record(...taken);
  }

  found(found: FoundProof, recorded: Promise<unknown>): void {
    this.proofs.push({ found, recorded });
  }

  start(): void {}

  look(): void {
    this.looks++;
  }

  resumeBlocks(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

const easy = 0x207fffff;
const hard = 0x1b00ffff;

function auxBlock(coin: string, chainId: number, bits: number, worth: number): AuxBlock {
  return {
    coin,
    hash: chainId.toString(16).padStart(64, '0'),
    chainId,
    target: targetFromBits(bits),
    networkDifficulty: difficulty(worth),
    reward: satoshis(100n),
    height: 41,
  };
}

function setUp(parentBits = '1d00ffff') {
  const chains = [
    new ScriptedChain('dogecoin', auxBlock('dogecoin', 98, easy, 0.5)),
    new ScriptedChain('viacoin', auxBlock('viacoin', 57, hard, 1000)),
  ];
  const [doge, via] = chains;
  assert.ok(doge && via);
  const { log, lines } = keptLog();
  let tell = (): void => undefined;
  let changes = 0;
  const auxiliary = createAuxChains({
    chains: (onChange) => {
      tell = onChange;
      return chains;
    },
    log,
    now: () => now,
    onChange: () => changes++,
  });
  tell();
  // Half of all hashes meet the easy target; which ones is up to the nonce.
  const jobs = new JobStore(settingsOf({ algorithm: sha256Algorithm }), {
    auxiliary: () => auxiliary.tree,
  });
  const template = templateOf({ bits: parentBits, target: undefined });
  const job = jobs.add(template, now)?.job as Job;
  const recorder = new HeldRecorder();
  const blocks: { verdict: FoundVerdict; recorded: Promise<boolean> }[] = [];
  const handle = createShareHandler({
    jobs,
    algorithm: sha256Algorithm,
    recorder,
    auxiliary,
    statistics: { share: () => undefined },
    emitInvalidBlockHashes: true,
    log,
    now: () => now,
    onBlock: (verdict, _job, _submit, recorded) => void blocks.push({ verdict, recorded }),
  });
  const answers: SubmitAnswer[] = [];
  const send = (changesOf: Partial<Submit> = {}) => {
    const submit: Submit = {
      worker: 'miner.rig7',
      ip: '192.0.2.1',
      port: 3032,
      jobId: job.jobId,
      extranonce1: Buffer.from('0a0b0c0d', 'hex'),
      extranonce2Size: 4,
      extranonce2: '00000001',
      ntime: curTime.toString(16),
      nonce: '00000000',
      versionBits: undefined,
      versionMask: 0,
      jobDifficulty: difficulty(1e-10),
      currentDifficulty: difficulty(1e-10),
      solo: false,
      accounts: new Map([
        ['dogecoin', 'Daddress'],
        ['viacoin', 'Vaddress'],
      ]),
      ...changesOf,
    };
    handle(submit, (answer) => void answers.push(answer));
  };
  /** A nonce whose hash meets the easy target, or does not. */
  const nonceThat = (meets: boolean): string => {
    for (let nonce = 0; ; nonce++) {
      const root = sha256Algorithm.coinbaseHash(
        job.coinbase(Buffer.from('0a0b0c0d', 'hex'), Buffer.from('00000001', 'hex')),
      );
      const branch = job.merkleBranch;
      let node = root;
      for (let at = 0; at < branch.length; at += 32) {
        node = sha256d(Buffer.concat([node, branch.subarray(at, at + 32)]));
      }
      const hash = sha256d(job.header(job.version, node, curTime, nonce));
      if ((hash[31] ?? 0) < 0x80 === meets) return nonce.toString(16).padStart(8, '0');
    }
  };
  return {
    auxiliary,
    doge,
    via,
    jobs,
    job,
    recorder,
    blocks,
    answers,
    send,
    nonceThat,
    lines,
    tell: () => tell(),
    changes: () => changes,
  };
}

const login = (worker: string, password: string) => ({ worker, password, ip: '::1', port: 1 });

test('addresses in the password are accounts, in the form that the chain gives them', async () => {
  const { auxiliary } = setUp();
  const answer = await auxiliary.accounts(
    login('Lminer.rig', 'x;DOGECOIN=Dxaddress,viacoin=Done d=5'),
  );
  assert.ok(answer.ok);
  assert.deepEqual(
    [...(answer.accounts ?? [])],
    [
      ['dogecoin', 'Daddress'],
      ['viacoin', 'Done'],
    ],
  );
});

test('a wrong address refuses the login with the coin and the reason, and no word of the password', async () => {
  const answer = await setUp().auxiliary.accounts(login('Lminer', 'dogecoin=nonsense'));
  assert.deepEqual(answer, {
    ok: false,
    reason: 'what its password says is its address for dogecoin cannot be paid: bad checksum',
  });
});

test('a login by mining key is that key on every chain that can pay it, unless its password names an address', () => {
  const { doge, via, send, nonceThat } = setUp();
  const worker = `${'c1'.repeat(20)}.rig`;
  const names = () => [doge, via].map(({ recorder }) => recorder.shares.at(-1)?.worker);
  send({ worker, accounts: new Map([['viacoin', 'Vnamed']]), nonce: nonceThat(false) });
  assert.deepEqual(names(), [worker, 'Vnamed.rig']);
  via.paysKeys = false;
  send({ worker, accounts: new Map(), nonce: nonceThat(true) });
  assert.deepEqual([doge.recorder.shares.length, via.recorder.shares.length], [2, 1]);
});

test('a login that is an address of the parent has no account unless it names one', async () => {
  const { auxiliary, doge, send, nonceThat } = setUp();
  const answer = await auxiliary.accounts(login('Lminer', 'x'));
  assert.ok(answer.ok && answer.accounts?.size === 0);
  send({ accounts: answer.accounts, nonce: nonceThat(false) });
  assert.equal(doge.recorder.shares.length, 0);
});

test('a share is recorded on each chain under its account with the rig, credited at most what the chain is worth', () => {
  const { doge, via, send, nonceThat, recorder } = setUp();
  send({ nonce: nonceThat(false), jobDifficulty: difficulty(1e-10) });
  assert.equal(recorder.shares[0]?.worker, 'miner.rig7');
  const [one] = doge.recorder.shares;
  assert.ok(one);
  assert.deepEqual(
    [one.worker, one.height, one.blockDiff, one.difficulty, one.valid],
    ['Daddress.rig7', 41, 0.5, 1e-10, true],
  );
  assert.equal(one.blockHashInvalid, undefined);
  assert.equal(via.recorder.shares[0]?.worker, 'Vaddress.rig7');
});

test('the answer waits for every chain, and is error 20 if one of them cannot record', () => {
  const first = setUp();
  first.send({ nonce: first.nonceThat(false) });
  first.recorder.settle(true);
  first.doge.recorder.settle(true);
  assert.deepEqual(first.answers, []);
  first.via.recorder.settle(true);
  assert.deepEqual(first.answers, [{ ok: true }]);

  const second = setUp();
  second.send({ nonce: second.nonceThat(false) });
  second.recorder.settle(true);
  second.doge.recorder.settle(false);
  second.via.recorder.settle(true);
  const [answer] = second.answers;
  assert.ok(answer && !answer.ok && answer.code === 20 && !answer.counts);
});

test('without an account the share counts for the parent alone, and what it proves is handed in all the same', () => {
  const { doge, recorder, answers, send, nonceThat } = setUp();
  send({ accounts: new Map(), nonce: nonceThat(true), solo: true });
  recorder.settle(true);
  assert.deepEqual(answers, [{ ok: true }]);
  assert.equal(doge.recorder.shares.length, 0);
  const [proof] = doge.proofs;
  assert.deepEqual([proof?.found.finder, proof?.found.solo], ['miner.rig7', false]);
});

test('a hash that meets the target of one chain is handed in there, before it is recorded, with a proof that is good', async () => {
  const { doge, via, recorder, blocks, send, nonceThat } = setUp();
  send({ nonce: nonceThat(true), solo: true });
  assert.deepEqual([doge.proofs.length, via.proofs.length, blocks.length], [1, 0, 0]);
  const [proof] = doge.proofs;
  assert.ok(proof && doge.block);
  assert.deepEqual([proof.found.finder, proof.found.solo], ['Daddress.rig7', true]);
  const claim = {
    blockHash: doge.block.hash,
    chainId: 98,
    bits: easy,
    algorithm: 'sha256' as const,
  };
  assert.equal(faultOf(Buffer.from(proof.found.proof, 'hex'), claim), undefined);
  recorder.settle(true);
  doge.recorder.settle(true);
  via.recorder.settle(true);
  assert.equal(await proof.recorded, true);
});

test("a block of the parent goes to its daemons, and to the chains' whose target it meets", () => {
  const { doge, blocks, send, nonceThat } = setUp('207fffff');
  send({ nonce: nonceThat(true) });
  assert.deepEqual([blocks.length, doge.proofs.length], [1, 1]);
});

test("below the miner's difficulty a hash is no share, not held against it, and still handed in where it is a block", () => {
  const { doge, recorder, answers, send, nonceThat } = setUp();
  const high = { jobDifficulty: difficulty(0.9), currentDifficulty: difficulty(0.9) };
  send({ ...high, nonce: nonceThat(true) });
  send({ ...high, nonce: nonceThat(false) });
  assert.equal(doge.proofs.length, 1);
  assert.equal(doge.recorder.shares.length, 0);
  assert.deepEqual(
    answers.map((answer) => !answer.ok && [answer.code, answer.counts]),
    [
      [23, false],
      [23, true],
    ],
  );
  assert.ok(recorder.shares.every(({ valid }) => !valid));
});

test('a share is held against the blocks of its own job, not against the ones of now', () => {
  const { doge, jobs, job, send, nonceThat, tell } = setUp();
  doge.block = auxBlock('dogecoin', 98, hard, 1000);
  tell();
  assert.notEqual(jobs.remake(now), undefined);
  send({ nonce: nonceThat(true) });
  assert.equal(doge.proofs[0]?.found.block.target.equals(targetFromBits(easy)), true);
  assert.equal(job.auxiliary?.placed.length, 2);
});

test('a chain without a block is not committed to, and one whose id is taken is left out and said once a minute', () => {
  const { auxiliary, doge, via, lines, tell, changes } = setUp();
  assert.equal(auxiliary.tree?.placed.length, 2);
  doge.block = undefined;
  tell();
  assert.deepEqual(
    auxiliary.tree?.placed.map(({ block }) => block.coin),
    ['viacoin'],
  );
  doge.block = auxBlock('dogecoin', 57, easy, 1);
  tell();
  tell();
  assert.deepEqual(
    auxiliary.tree?.placed.map(({ block }) => block.coin),
    ['dogecoin'],
  );
  assert.equal(lines.filter((line) => /viacoin is not mined.*chain id 57/.test(line)).length, 1);
  via.block = undefined;
  doge.block = undefined;
  tell();
  assert.equal(auxiliary.tree, undefined);
  assert.equal(changes(), 5);
});

test('news of a block makes its chain look, and no other', () => {
  const { auxiliary, doge, via } = setUp();
  auxiliary.heardOfBlock('dogecoin');
  auxiliary.heardOfBlock('bitcoin');
  assert.deepEqual([doge.looks, via.looks], [1, 0]);
});
