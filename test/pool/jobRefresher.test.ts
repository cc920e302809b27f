import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Peer } from '../../libs/daemon/peer.ts';
import { createDaemonClient } from '../../libs/daemon/rpcClient.ts';
import { createTemplateSource, type TemplateSource } from '../../libs/daemon/templates.ts';
import type { Job } from '../../libs/jobs/job.ts';
import { JobStore } from '../../libs/jobs/jobStore.ts';
import { createJobRefresher, type JobRefresher } from '../../libs/pool/jobRefresher.ts';
import { systemClock } from '../../libs/primitives/units.ts';
import { type LitecoinNode, sameTip, startLitecoinPair } from '../../scripts/regtest/litecoin.ts';
import { coinFor } from '../daemon/faultyDaemon.ts';
import { replyOf, settingsOf } from '../jobs/fixtures.ts';
import { until } from '../support/until.ts';
import { keptLog } from './support.ts';

/** The hash of block `height` on fork `fork` (one hex digit) of a made-up chain. */
const hashAt = (height: number, fork = '0') => fork + height.toString(16).padStart(63, '0');

/** Stands in for a daemon, so that a test decides where it stands and when it answers. */
class StandInDaemon implements TemplateSource {
  readonly name: string;
  height: number;
  fork = '0';
  /** What is wrong with it, if anything: told instead of every answer. */
  fault: string | undefined;
  /** Told instead of a template; changes to a sound one. */
  broken: unknown;
  changes = {};
  /** Answers wait for this one. */
  held: Promise<void> = Promise.resolve();
  readonly asked = { template: 0, tip: 0, height: 0 };

  constructor(name: string, height = 100) {
    this.name = name;
    this.height = height;
  }

  moveTo(height: number, fork = this.fork): string {
    this.height = height;
    this.fork = fork;
    return hashAt(height, fork);
  }

  async fetch(): Promise<unknown> {
    this.asked.template++;
    const reply = this.template();
    await this.#answer();
    return this.broken ?? reply;
  }

  template(): unknown {
    const previousblockhash = hashAt(this.height, this.fork);
    return replyOf({ height: this.height + 1, previousblockhash, ...this.changes });
  }

  async bestBlockHash(): Promise<string> {
    this.asked.tip++;
    const hash = hashAt(this.height, this.fork);
    await this.#answer();
    return hash;
  }

  async heightOf(blockHash: string): Promise<number> {
    this.asked.height++;
    await this.#answer();
    return Number.parseInt(blockHash.slice(1), 16);
  }

  async #answer(): Promise<void> {
    await this.held;
    if (this.fault !== undefined) throw new Error(`${this.name} ${this.fault}`);
  }
}

interface SetUp {
  readonly refresher: JobRefresher;
  readonly jobs: JobStore;
  readonly made: { job: Job; why: string }[];
  readonly lines: string[];
  /** The previous blocks of the jobs that were made, in order. */
  readonly tips: () => string[];
}

interface Pace {
  readonly pollInterval?: number;
  readonly rebroadcastAfter?: number;
}

function setUp(t: TestContext, sources: readonly TemplateSource[], pace: Pace = {}): SetUp {
  const { log, lines } = keptLog();
  const jobs = new JobStore(settingsOf());
  const made: SetUp['made'] = [];
  const refresher = createJobRefresher({
    sources,
    jobs,
    pollInterval: pace.pollInterval ?? 0,
    rebroadcastAfter: pace.rebroadcastAfter ?? 60_000,
    log,
    now: systemClock,
    onJob: (job, why) => void made.push({ job, why }),
  });
  t.after(() => refresher.stop());
  return { refresher, jobs, made, lines, tips: () => made.map(({ job }) => job.previousHash) };
}

/** For a test's first line. Timers wait until what is returned lets so many milliseconds pass, with all that comes of them. */
function heldTime(t: TestContext): (milliseconds: number) => Promise<void> {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  return async (milliseconds) => {
    for (let passed = 0; passed < milliseconds; passed += 5) {
      t.mock.timers.tick(5);
      await nextTurn();
    }
  };
}

const says = (lines: readonly string[], pattern: RegExp) => lines.filter((l) => pattern.test(l));

test('the same block heard from three sources, then from polling, makes one job and costs one template', async (t) => {
  const daemon = new StandInDaemon('a');
  const { refresher, made, jobs } = setUp(t, [daemon], { pollInterval: 5 });
  await refresher.refresh();
  refresher.start();
  const hash = daemon.moveTo(101);
  for (let source = 0; source < 3; source++) refresher.heardOf(hash);
  await until('the job', () => jobs.current?.height === 102);
  refresher.heardOf(hash);
  const { tip } = daemon.asked;
  await until('three more polls', () => daemon.asked.tip >= tip + 3);
  assert.deepEqual(
    made.map(({ why, job }) => [why, job.height, job.clean]),
    [
      ['newBlock', 101, true],
      ['newBlock', 102, true],
    ],
  );
  assert.equal(daemon.asked.template, 2);
  assert.equal(daemon.asked.height, 0);
});

test('news that come while a template is on its way lead to the newest block', async (t) => {
  const daemon = new StandInDaemon('a');
  const { refresher, jobs, tips } = setUp(t, [daemon]);
  await refresher.refresh();
  let release = (): void => undefined;
  daemon.held = new Promise((resolve) => {
    release = resolve;
  });
  refresher.heardOf(daemon.moveTo(101));
  refresher.heardOf(daemon.moveTo(102));
  release();
  await until('the job on the second block', () => jobs.current?.height === 103);
  assert.equal(tips().at(-1), hashAt(102));
});

test('a block that the daemon does not have yet is asked for again until it has', async (t) => {
  const daemon = new StandInDaemon('a');
  const { refresher, tips } = setUp(t, [daemon]);
  await refresher.refresh();
  refresher.heardOf(hashAt(101));
  await until('two questions', () => daemon.asked.tip >= 3);
  assert.equal(daemon.asked.template, 1);
  daemon.moveTo(101);
  await until('a job on it', () => tips().length === 2);
  assert.deepEqual(tips(), [hashAt(100), hashAt(101)]);
});

test('a block that never comes is given up, without a template fetched for it', async (t) => {
  const daemon = new StandInDaemon('a');
  const pass = heldTime(t);
  const { refresher, tips } = setUp(t, [daemon]);
  await refresher.refresh();
  refresher.heardOf('ff'.repeat(32));
  // Once at once, then six times within 3.62 s.
  await pass(50_000);
  assert.deepEqual(daemon.asked, { template: 1, tip: 8, height: 0 });
  assert.equal(tips().length, 1);
});

test('a flood of false news costs ten questions a second and no template, and true news among it are heard', async (t) => {
  const daemon = new StandInDaemon('a');
  const { refresher, tips } = setUp(t, [daemon]);
  await refresher.refresh();
  const began = performance.now();
  let told = 0;
  const flood = setInterval(() => {
    for (let i = 0; i < 500; i++) refresher.heardOf((++told).toString(16).padStart(64, 'e'));
  }, 2);
  t.after(() => clearInterval(flood));
  await until('ten thousand and a second of it', () => {
    return told > 10_000 && performance.now() - began > 1_000;
  });
  const seconds = (performance.now() - began) / 1_000;
  assert.ok(daemon.asked.tip <= 1 + 10 + 10 * seconds + 1, `${daemon.asked.tip} in ${seconds} s`);
  assert.equal(daemon.asked.template, 1);
  refresher.heardOf(daemon.moveTo(101));
  const moved = performance.now();
  await until('the true block', () => tips().length === 2);
  assert.ok(performance.now() - moved < 1_000);
  assert.equal(daemon.asked.template, 2);
});

test('a block of our own is asked for at once, however many false news have used up the rate', async (t) => {
  const daemon = new StandInDaemon('a');
  const { refresher, tips } = setUp(t, [daemon]);
  await refresher.refresh();
  for (let i = 0; i < 1_000; i++) refresher.heardOf(i.toString(16).padStart(64, 'e'));
  for (let height = 101; height < 120; height++) {
    const hash = daemon.moveTo(height);
    refresher.found(hash);
    await until('work on it', () => tips().at(-1) === hash, 1_000);
  }
  assert.equal(tips().length, 20);
});

test('polling notices a block that nobody told of', async (t) => {
  const daemon = new StandInDaemon('a');
  const { refresher, tips } = setUp(t, [daemon], { pollInterval: 5 });
  await refresher.refresh();
  refresher.start();
  const hash = daemon.moveTo(101);
  await until('a job on the new block', () => tips().at(-1) === hash);
});

test('polling follows the chain to a lower height when the daemon moved there', async (t) => {
  const daemon = new StandInDaemon('a');
  const { refresher, tips } = setUp(t, [daemon], { pollInterval: 5 });
  await refresher.refresh();
  refresher.start();
  daemon.moveTo(98);
  await until('a job on the shorter chain', () => tips().at(-1) === hashAt(98));
});

test('a reorganisation to the same height makes a new job', async (t) => {
  const daemon = new StandInDaemon('a');
  const { refresher, made, tips } = setUp(t, [daemon]);
  await refresher.refresh();
  const hash = daemon.moveTo(100, 'b');
  refresher.heardOf(hash);
  await until('a job on the other block', () => tips().length === 2);
  assert.deepEqual([made[1]?.why, made[1]?.job.clean, tips()[1]], ['newBlock', true, hash]);
});

test('late news of a block that has a successor change nothing', async (t) => {
  const daemon = new StandInDaemon('a');
  const { refresher, tips } = setUp(t, [daemon]);
  await refresher.refresh();
  refresher.heardOf(daemon.moveTo(101));
  await until('the job', () => tips().length === 2);
  const { tip } = daemon.asked;
  refresher.heardOf(hashAt(100));
  await until('it was asked for', () => daemon.asked.tip >= tip + 3);
  assert.equal(tips().length, 2);
  assert.equal(daemon.asked.template, 2);
});

test('two daemons on two blocks of one height: the pool stays where it is, whatever is heard', async (t) => {
  const [a, b] = [new StandInDaemon('a'), new StandInDaemon('b')];
  b.moveTo(100, 'b');
  const { refresher, tips } = setUp(t, [a, b], { pollInterval: 5 });
  await refresher.refresh();
  refresher.start();
  for (let i = 0; i < 4; i++) {
    refresher.heardOf(hashAt(100, 'b'));
    refresher.heardOf(hashAt(100));
  }
  const { tip } = b.asked;
  await until('ten more polls', () => b.asked.tip > tip + 10);
  assert.equal(tips().length, 1);
});

test('work comes from the daemon with the most blocks, and from the preferred one when it has caught up', async (t) => {
  const [a, b] = [new StandInDaemon('a'), new StandInDaemon('b', 103)];
  const { refresher, tips } = setUp(t, [a, b], { pollInterval: 5 });
  await refresher.refresh();
  refresher.start();
  await until('work from b', () => tips().at(-1) === hashAt(103));
  const { template } = b.asked;
  a.moveTo(104);
  await until('work from a', () => tips().at(-1) === hashAt(104));
  b.moveTo(104);
  const { tip } = b.asked;
  await until('two more polls', () => b.asked.tip > tip + 2);
  assert.equal(refresher.followed, 0);
  assert.equal(b.asked.template, template);
});

test('a block that one daemon has before the others is mined on at once', async (t) => {
  const [a, b] = [new StandInDaemon('a'), new StandInDaemon('b')];
  const { refresher, tips } = setUp(t, [a, b]);
  await refresher.refresh();
  a.held = new Promise(() => undefined);
  refresher.heardOf(b.moveTo(101));
  await until('work from b', () => tips().at(-1) === hashAt(101), 1_000);
  assert.equal(refresher.followed, 1);
});

test('a daemon that lags does not bring back an old job when it stands in, and that is said', async (t) => {
  const [a, b] = [new StandInDaemon('a'), new StandInDaemon('b', 97)];
  const { refresher, tips, lines, jobs } = setUp(t, [a, b], {
    pollInterval: 5,
    rebroadcastAfter: 30,
  });
  await refresher.refresh();
  refresher.start();
  a.fault = 'is dead';
  await until('it is said', () => says(lines, /gives no work/).length > 0);
  assert.match(
    says(lines, /gives no work/)[0] ?? '',
    /Daemon a, which gave the last job, gives no work now, and the others are 3 blocks behind it: miners stay on height 101 /,
  );
  b.moveTo(99);
  const { tip } = b.asked;
  await until('ten more polls', () => b.asked.tip > tip + 10);
  assert.equal(jobs.current?.height, 101);
  assert.ok(tips().every((hash) => hash === hashAt(100)));
  assert.equal(says(lines, /gives no work/).length, 1);
  b.moveTo(101);
  await until('b has caught up', () => tips().at(-1) === hashAt(101));
  assert.equal(says(lines, /work goes on/).length, 1);
});

test('when the daemon of the current job falls silent, another one on the same block goes on without a new job', async (t) => {
  const [a, b] = [new StandInDaemon('a'), new StandInDaemon('b')];
  const { refresher, tips, lines } = setUp(t, [a, b], { pollInterval: 5 });
  await refresher.refresh();
  refresher.start();
  a.fault = 'is dead';
  const { tip } = b.asked;
  await until('five more polls', () => b.asked.tip > tip + 5);
  assert.equal(tips().length, 1);
  assert.equal(says(lines, /Asking a daemon for new blocks failed: a is dead\./).length, 1);
  assert.equal(says(lines, /behind/).length, 0);
  b.moveTo(101);
  await until('work from b', () => tips().at(-1) === hashAt(101));
});

test('a daemon that gives no template is passed over for another one on the same block', async (t) => {
  const [a, b] = [new StandInDaemon('a'), new StandInDaemon('b')];
  const { refresher, tips } = setUp(t, [a, b], { pollInterval: 5 });
  await refresher.refresh();
  b.moveTo(101);
  a.broken = { error: 'no template' };
  refresher.heardOf(a.moveTo(101));
  await until('work from b', () => tips().at(-1) === hashAt(101));
  assert.equal(refresher.followed, 1);
});

test('a template that a daemon offers by itself makes the job, and polling finds nothing new', async (t) => {
  const daemon = new StandInDaemon('a');
  const { refresher, tips } = setUp(t, [daemon], { pollInterval: 5 });
  await refresher.refresh();
  refresher.start();
  daemon.moveTo(101);
  refresher.offer(0, daemon.template());
  assert.equal(tips().length, 2);
  refresher.heardOf(hashAt(101));
  const { tip } = daemon.asked;
  await until('three more polls', () => daemon.asked.tip > tip + 3);
  assert.equal(tips().length, 2);
  assert.equal(daemon.asked.template, 1);
});

test('an answer that was on its way before an offered template does not take the chain back', async (t) => {
  const daemon = new StandInDaemon('a');
  const { refresher, tips } = setUp(t, [daemon]);
  await refresher.refresh();
  let release = (): void => undefined;
  daemon.held = new Promise((resolve) => {
    release = resolve;
  });
  refresher.heardOf('ff'.repeat(32));
  daemon.moveTo(101);
  refresher.offer(0, daemon.template());
  release();
  const { tip } = daemon.asked;
  await until('later answers', () => daemon.asked.tip >= tip + 2);
  assert.deepEqual(tips(), [hashAt(100), hashAt(101)]);
});

test('an offered template of a daemon that lags, or that is none, changes nothing', async (t) => {
  const pass = heldTime(t);
  const [a, b] = [new StandInDaemon('a'), new StandInDaemon('b', 98)];
  const { refresher, tips, lines } = setUp(t, [a, b]);
  await refresher.refresh();
  refresher.offer(1, b.template());
  for (const reply of [null, {}, 'no', []]) refresher.offer(0, reply);
  await pass(10_000);
  assert.deepEqual(tips(), [hashAt(100)]);
  assert.equal(says(lines, /No new job/).length, 1);
});

test('after a gap in the news the daemons are asked once', async (t) => {
  const daemon = new StandInDaemon('a');
  const pass = heldTime(t);
  const { refresher, tips } = setUp(t, [daemon]);
  await refresher.refresh();
  daemon.moveTo(101);
  refresher.mayHaveMissed();
  await pass(5);
  assert.equal(tips().length, 2);
  const { tip } = daemon.asked;
  refresher.mayHaveMissed();
  await pass(50_000);
  assert.equal(daemon.asked.tip, tip + 1);
});

test('a job is sent again with clean_jobs false when nothing came for a while', async (t) => {
  const daemon = new StandInDaemon('a');
  const { refresher, made } = setUp(t, [daemon], { rebroadcastAfter: 10 });
  await refresher.refresh();
  refresher.start();
  await until('a second job', () => made.length >= 2);
  assert.deepEqual(made[1] && [made[1].why, made[1].job.clean, made[1].job.height], [
    'refresh',
    false,
    101,
  ]);
});

test('a broken template leaves the old job in force, is said once, and is tried again without more news', async (t) => {
  const daemon = new StandInDaemon('a');
  const { refresher, made, lines, jobs } = setUp(t, [daemon]);
  await refresher.refresh();
  daemon.moveTo(101);
  const sound = daemon.template();
  const broken: unknown[] = [[], {}, { ...Object(sound), bits: 0 }];
  for (const template of broken) {
    daemon.broken = template;
    await refresher.refresh();
  }
  assert.equal(made.length, 1);
  assert.equal(jobs.current, made[0]?.job);
  assert.equal(says(lines, /No new job/).length, 1);
  daemon.broken = undefined;
  await until('a job', () => made.length === 2, 5_000);
  assert.equal(says(lines, /good again/).length, 1);
});

test('nothing is made or asked after stop', async (t) => {
  const daemon = new StandInDaemon('a');
  const pass = heldTime(t);
  const { refresher, tips } = setUp(t, [daemon], { pollInterval: 5, rebroadcastAfter: 5 });
  await refresher.refresh();
  refresher.start();
  refresher.heardOf(daemon.moveTo(101));
  refresher.stop();
  refresher.heardOf(hashAt(101));
  refresher.mayHaveMissed();
  refresher.offer(0, daemon.template());
  const { tip } = daemon.asked;
  await pass(50_000);
  assert.deepEqual(tips(), [hashAt(100)]);
  assert.equal(daemon.asked.tip, tip);
});

/** The node as a source of work; our own p2p connection keeps it from refusing templates for want of peers. */
function sourceOf(t: TestContext, node: LitecoinNode): TemplateSource {
  const { rpcPort, p2pPort, user, password } = node;
  const client = createDaemonClient({ host: '127.0.0.1', port: rpcPort, user, password });
  const peer = new Peer({
    host: '127.0.0.1',
    port: p2pPort,
    magic: Buffer.from('fabfb5da', 'hex'),
    protocolVersion: 70_016,
    relayTransactions: false,
    log: keptLog().log,
    now: systemClock,
    onBlock: () => undefined,
    onUp: () => undefined,
  });
  t.after(() => {
    peer.close();
    client.close();
  });
  peer.connect();
  return createTemplateSource(client, coinFor());
}

/** The source, writing down where it says it stands. */
function heardFrom(source: TemplateSource, said: string[]): TemplateSource {
  return {
    name: source.name,
    fetch: (options) => source.fetch(options),
    heightOf: (hash) => source.heightOf(hash),
    bestBlockHash: async (timeout) => {
      const hash = await source.bestBlockHash(timeout);
      said.push(hash);
      return hash;
    },
  };
}

test('two real daemons part ways: the pool stays, follows the longer chain, and waits for the one that lags', async (t) => {
  const pair = await startLitecoinPair({ mweb: 'never' });
  const { a, b } = pair;
  const said: string[][] = [[], []];
  const sources = [a, b].map((node, index) => heardFrom(sourceOf(t, node), said[index] ?? []));
  const { refresher, tips, lines } = setUp(t, sources, { pollInterval: 10 });
  /** The node has answered twice from here on, so that what its first answer leads to is done. */
  const twice = (index: number, answer: string) => {
    const known = said[index]?.length ?? 0;
    const fresh = () => said[index]?.slice(known).filter((hash) => hash === answer) ?? [];
    return until('two answers', () => fresh().length >= 2);
  };
  t.after(() => pair.stop());
  await refresher.refresh();
  refresher.start();
  const first = String(await a.rpc('getbestblockhash'));

  const [x = ''] = await a.generate(1);
  await sameTip(a, b);
  await until('work on x', () => tips().at(-1) === x);
  // From here on a does not hear of b's blocks.
  await a.rpc('setnetworkactive', [false]);
  await b.rpc('invalidateblock', [x]);
  await twice(1, first);
  // Paid to another address, or it would be the same block.
  const [y = ''] = await b.generate(1, String(await a.rpc('getnewaddress')));
  await twice(1, y);
  assert.deepEqual(tips(), [first, x]);

  const [z = ''] = await b.generate(1);
  await until('work on z', () => tips().at(-1) === z);
  const missing = await Promise.all([y, z].map((hash) => b.rpc('getblock', [hash, 0])));
  await b.kill('SIGKILL');
  await until('it is said', () => says(lines, /the others are 1 block behind it/).length > 0);
  await twice(0, x);
  assert.deepEqual(tips(), [first, x, z]);

  for (const block of missing) await a.rpc('submitblock', [block]);
  await until('work goes on', () => says(lines, /work goes on/).length > 0);
  await a.rpc('setnetworkactive', [true]);
  const [last = ''] = await a.generate(1);
  await until('work from a', () => tips().at(-1) === last);
  assert.deepEqual(tips(), [first, x, z, last]);
});
