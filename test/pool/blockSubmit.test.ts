import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type BatchOutcome,
  type DaemonClient,
  DaemonError,
  type DaemonGroup,
} from '../../libs/daemon/types.ts';
import { type Candidate, createBlockJournal } from '../../libs/pool/blockJournal.ts';
import { type BlockSubmitOptions, createBlockSubmitter } from '../../libs/pool/blockSubmit.ts';
import { CodedError } from '../../libs/primitives/errors.ts';
import { millis } from '../../libs/primitives/units.ts';
import { until } from '../support/until.ts';
import { keptLog, ScriptedRounds } from './support.ts';

const candidate: Candidate = {
  coin: 'litecoin',
  hex: '00ff',
  height: 77,
  blockHash: 'ab'.repeat(32),
  txHash: 'cd'.repeat(32),
  finder: 'miner',
  time: millis(1_700_000_000_000),
  reward: '1250000000',
  networkDifficulty: 1,
};

type Answer = string | null | 'hang' | DaemonError;

/** Stands in for a coin daemon: answers submitblock from a list, and getblock by whether it took the block. */
class ScriptedDaemon implements DaemonClient {
  readonly name: string;
  readonly submits: string[] = [];
  knows: boolean;
  /** Answers no getblock. */
  isDeaf = false;
  readonly #answers: Answer[];

  constructor(name: string, answers: Answer[], knows = false) {
    this.name = name;
    this.#answers = answers;
    this.knows = knows;
  }

  call(method: string, params: readonly unknown[] = []): Promise<unknown> {
    if (method === 'submitblock') return this.#submit(String(params[0]));
    if (this.isDeaf) return Promise.reject(failure(this.name, 'reset'));
    if (!this.knows) return Promise.reject(failure(this.name, 'rpc', -5));
    return Promise.resolve({
      hash: candidate.blockHash,
      confirmations: 1,
      height: 77,
      tx: [candidate.txHash],
    });
  }

  #submit(hex: string): Promise<unknown> {
    this.submits.push(hex);
    const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0];
    if (answer === 'hang') return new Promise(() => undefined);
    if (answer instanceof DaemonError) return Promise.reject(answer);
    if (answer === null || answer === 'duplicate') this.knows = true;
    return Promise.resolve(answer);
  }

  batch(): Promise<readonly BatchOutcome[]> {
    return Promise.resolve([]);
  }

  close(): void {}
}

function failure(daemon: string, kind: 'rpc' | 'timeout' | 'reset', rpcCode?: number): DaemonError {
  const facts = { daemon, method: 'submitblock', ...(rpcCode === undefined ? {} : { rpcCode }) };
  return new DaemonError(kind, `${daemon} failed`, facts);
}

function groupOf(clients: readonly ScriptedDaemon[]): DaemonGroup {
  return {
    clients,
    call: (method, params) => clients[0]?.call(method, params) ?? Promise.reject(new Error('none')),
    batch: async () => [],
    callAll: async (method, params, onOutcome) => {
      await Promise.all(
        clients.map(async (client) => {
          try {
            onOutcome(client, { ok: true, result: await client.call(method, params) });
          } catch (error) {
            if (error instanceof DaemonError) onOutcome(client, { ok: false, error });
          }
        }),
      );
    },
    close: () => undefined,
  };
}

async function setUp(t: TestContext, ...daemons: ScriptedDaemon[]) {
  return setUpWith(t, { applied: () => Promise.resolve() }, ...daemons);
}

async function setUpWith(
  t: TestContext,
  change: Pick<BlockSubmitOptions, 'applied'>,
  ...daemons: ScriptedDaemon[]
) {
  const dir = await mkdtemp(join(tmpdir(), 'blocks-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const rounds = new ScriptedRounds();
  const { log, lines } = keptLog();
  const stop = new AbortController();
  t.after(() => stop.abort());
  const journal = createBlockJournal(dir, 'litecoin');
  let accepted = 0;
  const submitter = createBlockSubmitter({
    group: groupOf(daemons),
    hasSubmitBlock: true,
    journal,
    store: 'MySQL',
    rounds,
    log,
    signal: stop.signal,
    onAccepted: () => accepted++,
    ...change,
  });
  return { dir, rounds, lines, journal, submitter, stop, accepted: () => accepted };
}

test('a block that a crashed store has forgotten is booked again, after the shares, before its journal is let go', async (t) => {
  let applied = 0;
  const gate = {
    applied: async () => {
      applied += 1;
    },
  };
  const { submitter, rounds, journal, lines } = await setUpWith(
    t,
    gate,
    new ScriptedDaemon('a:1', [null]),
  );
  rounds.kept.push(false);
  rounds.isKept = async () => {
    assert.equal((await journal.unfinished()).candidates.length, 1);
    return rounds.kept.shift() ?? true;
  };
  await submitter.found(candidate, Promise.resolve());
  const { blockHash } = candidate;
  assert.deepEqual(rounds.steps, [
    'close 77',
    `accept ${blockHash}`,
    'close 77',
    `accept ${blockHash}`,
  ]);
  assert.equal(applied, 2);
  assert.deepEqual((await journal.unfinished()).candidates, []);
  assert.ok(lines.some((line) => line.includes('was forgotten by MySQL, which crashed')));
});

test('a round that a crashed store has forgotten before the block was accepted is closed again', async (t) => {
  const { submitter, rounds } = await setUp(t, new ScriptedDaemon('a:1', [null]));
  const accept = rounds.accept.bind(rounds);
  let forgotten = true;
  rounds.accept = async (blockHash) => {
    if (!forgotten) return accept(blockHash);
    forgotten = false;
    throw new CodedError('ROUNDS_UNKNOWN_BLOCK', 'its round was never closed');
  };
  await submitter.found(candidate, Promise.resolve());
  assert.deepEqual(rounds.steps, ['close 77', 'close 77', `accept ${candidate.blockHash}`]);
});

test('a block that one daemon takes is accepted, though another hangs and a third refuses it', async (t) => {
  const daemons = [
    new ScriptedDaemon('a:1', ['hang']),
    new ScriptedDaemon('b:1', ['rejected']),
    new ScriptedDaemon('c:1', [null]),
  ];
  const { submitter, rounds, journal, accepted } = await setUp(t, ...daemons);
  await submitter.found(candidate, Promise.resolve());
  assert.deepEqual(rounds.steps, ['close 77', `accept ${candidate.blockHash}`]);
  assert.ok(daemons.every(({ submits }) => submits.length === 1));
  assert.equal(accepted(), 1);
  assert.deepEqual((await journal.unfinished()).candidates, []);
});

test('"duplicate" means accepted', async (t) => {
  const { submitter, rounds } = await setUp(t, new ScriptedDaemon('a:1', ['duplicate']));
  await submitter.found(candidate, Promise.resolve());
  assert.deepEqual(rounds.steps.at(-1), `accept ${candidate.blockHash}`);
});

for (const word of [
  'rejected',
  'high-hash',
  'bad-txnmrklroot',
  'stale-prevblk',
  'duplicate-invalid',
]) {
  test(`"${word}" from every daemon gives the round back and keeps the block for the operator`, async (t) => {
    const { submitter, rounds, dir, lines, journal } = await setUp(
      t,
      new ScriptedDaemon('a:1', [word]),
      new ScriptedDaemon('b:1', [word]),
    );
    await submitter.found(candidate, Promise.resolve());
    assert.deepEqual(rounds.steps, ['close 77', `refuse ${candidate.blockHash}: ${word}, ${word}`]);
    assert.deepEqual(await readdir(join(dir, 'rejected-blocks', 'litecoin')), [
      `${candidate.blockHash}.json`,
    ]);
    assert.deepEqual((await journal.unfinished()).candidates, []);
    assert.ok(lines.some((line) => line.includes('[error]') && line.includes(word)));
  });
}

test('"inconclusive" asks getblock: a block that the daemon knows is left to the chain to judge', async (t) => {
  const { submitter, rounds } = await setUp(t, new ScriptedDaemon('a:1', ['inconclusive'], true));
  await submitter.found(candidate, Promise.resolve());
  assert.deepEqual(rounds.steps.at(-1), `accept ${candidate.blockHash}`);
});

test('an answer that was lost is not a refusal: the block is submitted again', async (t) => {
  const daemon = new ScriptedDaemon('a:1', [failure('a:1', 'reset'), 'duplicate']);
  const { submitter, rounds } = await setUp(t, daemon);
  await submitter.found(candidate, Promise.resolve());
  assert.equal(daemon.submits.length, 2);
  assert.deepEqual(rounds.steps.at(-1), `accept ${candidate.blockHash}`);
});

test('a refusal is believed only when a daemon tells that it does not have the block', async (t) => {
  const daemon = new ScriptedDaemon('a:1', ['rejected', 'duplicate']);
  daemon.isDeaf = true;
  const { submitter, rounds } = await setUp(t, daemon);
  void submitter.found(candidate, Promise.resolve());
  await until('it is handed in again', () => daemon.submits.length === 2);
  daemon.isDeaf = false;
  daemon.knows = true;
  await until('it is accepted', () => rounds.steps.at(-1) === `accept ${candidate.blockHash}`);
});

test('the round is closed only when the share that found the block is recorded', async (t) => {
  const { submitter, rounds } = await setUp(t, new ScriptedDaemon('a:1', [null]));
  let record = (): void => undefined;
  const recorded = new Promise<void>((resolve) => {
    record = resolve;
  });
  const done = submitter.found(candidate, recorded);
  await new Promise(setImmediate);
  assert.deepEqual(rounds.steps, []);
  record();
  await done;
  assert.equal(rounds.steps[0], 'close 77');
});

test('the round is closed only when the store has that share, and the block does not wait for it', async (t) => {
  let apply = (): void => undefined;
  const waiting = new Promise<void>((resolve) => {
    apply = resolve;
  });
  const daemon = new ScriptedDaemon('a:1', [null]);
  const { submitter, rounds } = await setUpWith(t, { applied: () => waiting }, daemon);
  const done = submitter.found(candidate, Promise.resolve());
  await until('the daemon has the block', () => daemon.submits.length === 1);
  await new Promise(setImmediate);
  assert.deepEqual(rounds.steps, []);
  apply();
  await done;
  assert.equal(rounds.steps[0], 'close 77');
});

test('a recorder that closes before the store has the share leaves the block for the next start', async (t) => {
  const daemon = new ScriptedDaemon('a:1', [null]);
  const closed = { applied: () => Promise.reject(new Error('closed')) };
  const { submitter, rounds, journal, stop, lines } = await setUpWith(t, closed, daemon);
  stop.abort();
  await submitter.found(candidate, Promise.resolve());
  assert.deepEqual(rounds.steps, []);
  await until('it is in the journal', async () => (await journal.unfinished()).candidates[0]);
  assert.ok(!lines.some((line) => line.includes('[error]')));
});

test('a candidate that a dead process left behind is taken up at the next start', async (t) => {
  const daemon = new ScriptedDaemon('a:1', ['duplicate']);
  const { submitter, rounds, journal } = await setUp(t, daemon);
  await journal.write(candidate);
  await submitter.resume();
  await until('its end', () => rounds.steps.length === 2);
  assert.deepEqual(rounds.steps, ['close 77', `accept ${candidate.blockHash}`]);
});

test('a block that is on its way already is not taken up a second time', async (t) => {
  const daemon = new ScriptedDaemon('a:1', ['hang']);
  const { submitter, lines, journal } = await setUp(t, daemon);
  void submitter.found(candidate, Promise.resolve());
  await until('it is handed in', () => daemon.submits.length === 1);
  const other = { ...candidate, blockHash: 'ef'.repeat(32) };
  await journal.write(other);
  await submitter.resume();
  await until('the other one is handed in', () => daemon.submits.length === 2);
  assert.deepEqual(
    lines.filter((line) => line.includes('taken up again')).map((line) => line.includes('efef')),
    [true],
  );
});
