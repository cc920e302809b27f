import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { SubmitKind } from '../../libs/daemon/blocks.ts';
import { type DaemonClient, DaemonError, type DaemonGroup } from '../../libs/daemon/types.ts';
import { createAuxBlocks } from '../../libs/pool/auxChainBlocks.ts';
import { type Candidate, createBlockJournal } from '../../libs/pool/blockJournal.ts';
import { millis } from '../../libs/primitives/units.ts';
import type { FoundBlock } from '../../libs/shares/types.ts';
import { until } from '../support/until.ts';
import { keptLog, ScriptedRounds } from './support.ts';

const candidate: Candidate = {
  coin: 'dogecoin',
  hex: '00ff',
  height: 77,
  blockHash: 'ab'.repeat(32),
  txHash: '',
  finder: 'Dminer',
  time: millis(1_700_000_000_000),
  reward: '1000000000000',
  networkDifficulty: 1,
};
const coinbase = 'cd'.repeat(32);

class SeenRounds extends ScriptedRounds {
  readonly closed: FoundBlock[] = [];

  override close(block: FoundBlock): Promise<'closed'> {
    this.closed.push(block);
    return super.close(block);
  }
}

interface Facts {
  known: boolean;
  /** So many questions for the block end in a time-out. */
  silent?: number;
}

async function setUp(t: TestContext, answers: SubmitKind[], facts: Facts) {
  const dir = await mkdtemp(join(tmpdir(), 'aux-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const stop = new AbortController();
  t.after(() => stop.abort());
  const { log, lines } = keptLog();
  const rounds = new SeenRounds();
  const submits: string[] = [];
  const accepted: string[] = [];
  const state = { current: candidate.blockHash };
  const client: DaemonClient = {
    name: 'stand-in',
    call: (method) => {
      if (facts.silent !== undefined && facts.silent > 0) {
        facts.silent--;
        return Promise.reject(new DaemonError('timeout', 'no answer', { daemon: 'd', method }));
      }
      if (facts.known) {
        return Promise.resolve({
          hash: candidate.blockHash,
          confirmations: 1,
          height: 78,
          tx: [coinbase],
        });
      }
      const error = new DaemonError('rpc', 'Block not found', { daemon: 'd', method, rpcCode: -5 });
      return Promise.reject(error);
    },
    batch: () => Promise.resolve([]),
    close: () => undefined,
  };
  const group: DaemonGroup = {
    clients: [client],
    call: client.call,
    batch: client.batch,
    callAll: () => Promise.resolve(),
    close: () => undefined,
  };
  const blocks = createAuxBlocks({
    group,
    source: {
      submit: (blockHash, proof, onOutcome) => {
        submits.push(`${blockHash} ${proof}`);
        const kind = answers.length > 1 ? answers.shift() : answers[0];
        if (kind === 'accepted') facts.known = true;
        onOutcome('stand-in', { kind: kind ?? 'failed', word: `a word for ${kind}` });
        return Promise.resolve();
      },
    },
    store: 'Redis',
    journal: createBlockJournal(dir, join('dogecoin', 'auxiliary')),
    applied: () => Promise.resolve(),
    rounds,
    log,
    now: () => millis(Date.now()),
    signal: stop.signal,
    isCurrent: (hash) => hash === state.current,
    onAccepted: (hash) => void accepted.push(hash),
  });
  const files = (folder: string) =>
    readdir(join(dir, folder, 'dogecoin', 'auxiliary')).catch(() => []);
  return { blocks, rounds, submits, accepted, files, lines, state, stop, dir };
}

test('an accepted block closes its round with the height and the coinbase that the chain tells, when its share is recorded', async (t) => {
  const { blocks, rounds, submits, accepted, files } = await setUp(t, ['accepted'], {
    known: false,
  });
  let record = (_: unknown): void => undefined;
  const recorded = new Promise<unknown>((resolve) => {
    record = resolve;
  });
  const done = blocks.found(candidate, recorded);
  await until('it was accepted', () => accepted.length === 1);
  assert.deepEqual(rounds.steps, []);
  assert.deepEqual(await files('candidates'), [`${candidate.blockHash}.json`]);
  record(true);
  await done;
  const { coin: _coin, hex: _hex, ...block } = candidate;
  assert.deepEqual(rounds.closed, [{ ...block, height: 78, txHash: coinbase, merged: true }]);
  assert.deepEqual(rounds.steps, ['close 78', `accept ${candidate.blockHash}`]);
  assert.deepEqual(submits, [`${candidate.blockHash} 00ff`]);
  assert.deepEqual(await files('candidates'), []);
});

test('it is in the journal before it is submitted', async (t) => {
  const facts = { known: true };
  const { blocks, files, submits } = await setUp(t, ['accepted'], facts);
  const done = blocks.found(candidate, Promise.resolve());
  assert.equal(submits.length, 1);
  assert.deepEqual(await files('candidates'), [`${candidate.blockHash}.json`]);
  await done;
});

test('a second proof of one block is passed over', async (t) => {
  const { blocks, submits, rounds } = await setUp(t, ['accepted'], { known: false });
  await Promise.all([
    blocks.found(candidate, Promise.resolve()),
    blocks.found({ ...candidate, hex: '01' }, Promise.resolve()),
  ]);
  assert.equal(submits.length, 1);
  assert.equal(rounds.closed.length, 1);
});

test('a refused proof of a block that the chain has, since another fork was first, is accepted', async (t) => {
  const { blocks, rounds } = await setUp(t, ['rejected'], { known: true });
  await blocks.found(candidate, Promise.resolve());
  assert.equal(rounds.closed.length, 1);
});

test('a refused one that no daemon could be asked for is not given up: the chain may have it', async (t) => {
  const { blocks, rounds, files, state } = await setUp(t, ['rejected'], { known: true, silent: 1 });
  // As after a restart of this process, and of the daemon that took the block from the one before.
  state.current = 'ee'.repeat(32);
  await blocks.found(candidate, Promise.resolve());
  assert.equal(rounds.closed.length, 1);
  assert.deepEqual(await files('rejected-blocks'), []);
});

test('a refused one closes no round; the proof is kept with the reason', async (t) => {
  const { blocks, rounds, files, lines } = await setUp(t, ['rejected'], { known: false });
  await blocks.found(candidate, Promise.resolve());
  assert.deepEqual(rounds.steps, []);
  assert.deepEqual(await files('rejected-blocks'), [`${candidate.blockHash}.json`]);
  assert.deepEqual(await files('candidates'), []);
  assert.ok(lines.some((line) => /refused by every daemon: a word for rejected/.test(line)));
});

test('one for work that is not wanted any more came too late, and is forgotten', async (t) => {
  const { blocks, files, lines, state } = await setUp(t, ['rejected'], { known: false });
  state.current = 'ee'.repeat(32);
  await blocks.found(candidate, Promise.resolve());
  assert.deepEqual(await files('rejected-blocks'), []);
  assert.deepEqual(await files('candidates'), []);
  assert.ok(lines.some((line) => /came too late/.test(line)));
});

test('what nobody judged is submitted again', async (t) => {
  const { blocks, submits, rounds } = await setUp(t, ['failed', 'accepted'], { known: false });
  await blocks.found(candidate, Promise.resolve());
  assert.equal(submits.length, 2);
  assert.equal(rounds.closed.length, 1);
});

test('one that a process left behind is taken up at the next start', async (t) => {
  const first = await setUp(t, ['failed'], { known: false });
  void first.blocks.found(candidate, Promise.resolve());
  await until('it is journaled', async () => (await first.files('candidates')).length === 1);
  first.stop.abort();
  const journal = createBlockJournal(first.dir, join('dogecoin', 'auxiliary'));
  const { candidates, unreadable } = await journal.unfinished();
  assert.deepEqual([candidates, unreadable], [[candidate], []]);
  // The pool of the same coin does not take the proof for a block.
  assert.deepEqual(await createBlockJournal(first.dir, 'dogecoin').unfinished(), {
    candidates: [],
    unreadable: [],
  });
  const second = await setUp(t, ['accepted'], { known: true });
  await createBlockJournal(second.dir, join('dogecoin', 'auxiliary')).write(candidate);
  await second.blocks.resume();
  await until('its round is closed', () => second.rounds.closed.length === 1);
});
