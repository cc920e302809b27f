import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sha256d } from '../../libs/primitives/hash.ts';
import { systemClock } from '../../libs/primitives/units.ts';
import type { RedisConnection } from '../../libs/redis/connection.ts';
import { coinKeys } from '../../libs/redis/keys.ts';
import { createRedisRecorder, type RedisRecorderOptions } from '../../libs/shares/redisRecorder.ts';
import { createRedisWriter } from '../../libs/shares/redisWriter.ts';
import type { ShareRecord, ShareRecorder } from '../../libs/shares/types.ts';
import type { RedisServerOptions } from '../../scripts/regtest/redisServer.ts';
import { badNetworkStandIn, connectFor, hashOf, listOf, redisFor } from '../redis/testbed.ts';
import { memoryLog } from '../support/memoryLog.ts';
import { until } from '../support/until.ts';
import { sampleShare } from './sampleShare.ts';
import { dataDirFor } from './support/dataDir.ts';

const keys = coinKeys('testcoin');

/** A recorder on a Redis of its own, and a second connection to look at what is there. */
async function setUp(
  t: TestContext,
  change: Partial<RedisRecorderOptions> & {
    readonly redis?: RedisServerOptions;
    readonly through?: (redisPort: number) => Promise<number>;
  } = {},
) {
  const { redis, through, ...options } = change;
  const server = await redisFor(t, redis);
  const log = memoryLog();
  const port = through === undefined ? server.port : await through(server.port);
  const connection = await connectFor(t, { port }, log, 1_000);
  const look = await connectFor(t, { port: server.port });
  const dataDir = await dataDirFor(t);
  const open = (writerId: string) =>
    createRedisRecorder({
      connection,
      keys,
      dataDir,
      writerId,
      log,
      now: systemClock,
      groupMillis: 2,
      gatherMillis: 1,
      ...options,
    });
  const recorder = open('writer-1');
  t.after(() => recorder.close());
  return { server, connection, look, log, recorder, open };
}

/** What the miner is answered, when Redis has the share. */
async function record(recorder: ShareRecorder, share: ShareRecord): Promise<boolean> {
  const recorded = await answer(recorder, share);
  if (recorded) await recorder.applied();
  return recorded;
}

/** What the miner is answered, at once. */
function answer(recorder: ShareRecorder, share: ShareRecord): Promise<boolean> {
  return new Promise((resolve) => recorder.record(share, resolve));
}

async function sumOf(look: RedisConnection, worker: string): Promise<number> {
  return Number((await look.command('hget', keys.roundCurrent, worker)) ?? 0);
}

test('recorded shares lie in the keys and formats of the original', async (t) => {
  const { recorder, look } = await setUp(t, { windowSeconds: 1e10 });
  const time = 1_700_000_000_123;
  const answers = await Promise.all([
    record(recorder, sampleShare({ worker: 'LaddrA.rig1', difficulty: 16, time })),
    record(recorder, sampleShare({ worker: 'LaddrB', difficulty: 0.5, time })),
    record(recorder, sampleShare({ worker: 'LaddrA.rig1', difficulty: 32, time: time + 5 })),
    record(recorder, sampleShare({ worker: 'LaddrB', difficulty: 8, time, valid: false })),
  ]);
  assert.deepEqual(answers, [true, true, true, true]);
  assert.deepEqual(await hashOf(look, 'testcoin:shares:roundCurrent'), {
    'LaddrA.rig1': '48',
    LaddrB: '0.5',
  });
  assert.deepEqual(await hashOf(look, 'testcoin:stats'), { validShares: '3', invalidShares: '1' });
  assert.deepEqual(
    await listOf(look, 'zrange', 'testcoin:hashrate', '0', '-1', 'WITHSCORES'),
    [
      ['-8:LaddrB:1700000000124', '1700000000'],
      ['0.5:LaddrB:1700000000123', '1700000000'],
      ['16:LaddrA.rig1:1700000000123', '1700000000'],
      ['32:LaddrA.rig1:1700000000128', '1700000000'],
    ].flat(),
  );
});

test('sums go on from what an older pool has left there', async (t) => {
  const { recorder, look } = await setUp(t);
  await look.command('hset', keys.roundCurrent, 'w1', '0.1');
  await record(recorder, sampleShare({ difficulty: 0.2 }));
  assert.equal(await look.command('hget', keys.roundCurrent, 'w1'), '0.3');
});

test('equal shares of one worker in one millisecond are all in the hashrate', async (t) => {
  const { recorder, look } = await setUp(t, { windowSeconds: 1e10 });
  await Promise.all(Array.from({ length: 50 }, () => record(recorder, sampleShare())));
  assert.equal(await look.command('zcard', keys.hashrate), 50);
});

test('names with unicode, quotes, line ends and __proto__ are kept byte for byte', async (t) => {
  const { recorder, look } = await setUp(t);
  const names = ['ünïcödé🦆', `"quo'ted" \\ %s`, '__proto__', 'constructor', 'a b\r\n$3', ''];
  await Promise.all(names.map((worker) => record(recorder, sampleShare({ worker }))));
  assert.deepEqual((await listOf(look, 'hkeys', keys.roundCurrent)).sort(), [...names].sort());
  for (const name of names) assert.equal(await sumOf(look, name), 16);
});

test('hashrate entries older than the window are dropped by the writer', async (t) => {
  const { recorder, look } = await setUp(t, { windowSeconds: 60 });
  const now = Date.now();
  await look.command('zadd', keys.hashrate, Math.floor(now / 1000) - 62, 'old');
  await look.command('zadd', keys.hashrate, Math.floor(now / 1000) - 50, 'young');
  await record(recorder, sampleShare({ time: now }));
  assert.deepEqual(await listOf(look, 'zrange', keys.hashrate, '0', '-1'), [
    'young',
    `16:w1:${now}`,
  ]);
});

test('a share whose difficulty is no number is refused and holds up no other', async (t) => {
  const { recorder, look, log } = await setUp(t);
  for (const difficulty of [Number.NaN, Infinity, -1]) {
    assert.equal(await record(recorder, sampleShare({ difficulty })), false);
  }
  assert.equal(await record(recorder, sampleShare()), true);
  assert.equal(await sumOf(look, 'w1'), 16);
  assert.equal(log.count(/\[error\].*difficulty NaN/), 1);
});

test('a group whose answer is lost is sent again and counted once', async (t) => {
  let network: Awaited<ReturnType<typeof badNetworkStandIn>> | undefined;
  const { recorder, look } = await setUp(t, {
    through: async (redisPort) => {
      network = await badNetworkStandIn(t, redisPort);
      return network.port;
    },
  });
  assert.ok(network);
  let taken = 0;
  for (let round = 1; round <= 10; round += 1) {
    network.loseNextScriptReply();
    const group = Array.from({ length: 7 }, () => record(recorder, sampleShare()));
    taken += group.length;
    assert.ok((await Promise.all(group)).every(Boolean));
    assert.equal(network.lost, round);
    assert.equal(await sumOf(look, 'w1'), taken * 16);
  }
  assert.deepEqual(await hashOf(look, keys.stats), { validShares: '70' });
});

test('Redis killed again and again under load: every share is in once, none is doubled', async (t) => {
  const { server, recorder, look } = await setUp(t);
  let taken = 0;
  let recorded = 0;
  const load = setInterval(() => {
    for (let i = 0; i < 5; i += 1) {
      taken += 1;
      recorder.record(sampleShare({ worker: `w${taken % 3}`, difficulty: 1 }), (ok) => {
        if (ok) recorded += 1;
      });
    }
  }, 1);
  t.after(() => clearInterval(load));
  for (let kill = 0; kill < 8; kill += 1) {
    const before = recorded;
    await until('shares are recorded', () => recorded > before + 20);
    await server.kill('SIGKILL');
    await server.restart();
  }
  clearInterval(load);
  await recorder.applied();
  assert.equal(recorded, taken);
  await until('we can look', () => look.ready);
  const sums = await hashOf(look, keys.roundCurrent);
  const total = Object.values(sums).reduce((sum, text) => sum + Number(text), 0);
  assert.equal(total, taken);
  assert.deepEqual(await hashOf(look, keys.stats), { validShares: String(taken) });
});

test('connections killed and scripts flushed under load: every share is in once', async (t) => {
  const { recorder, look } = await setUp(t);
  let recorded = 0;
  for (let round = 0; round < 20; round += 1) {
    for (let i = 0; i < 20; i += 1) {
      recorder.record(sampleShare({ difficulty: 1 }), (ok) => {
        if (ok) recorded += 1;
      });
    }
    await look.command('client', 'kill', 'type', 'normal', 'skipme', 'yes');
    await look.command('script', 'flush');
  }
  await recorder.applied();
  assert.equal(recorded, 400);
  assert.equal(await sumOf(look, 'w1'), 400);
});

test('a Redis that hangs and wakes has each share once', async (t) => {
  const { server, connection, recorder, look } = await setUp(t);
  assert.ok(await record(recorder, sampleShare()));
  await server.kill('SIGSTOP');
  const waiting = record(recorder, sampleShare());
  // The group lies in a socket that Redis will read when it wakes, and is sent again on another one.
  await until('the connection is given up', () => !connection.ready);
  await server.kill('SIGCONT');
  assert.ok(await waiting);
  assert.ok(await record(recorder, sampleShare()));
  await until('we can look', () => look.ready);
  assert.equal(await sumOf(look, 'w1'), 48);
});

test('a wrong type at roundCurrent: said once, nothing is written, and all flows after the repair', async (t) => {
  const { recorder, look, log } = await setUp(t);
  await look.command('set', keys.roundCurrent, 'not a hash');
  const waiting = [record(recorder, sampleShare()), record(recorder, sampleShare())];
  await until('it is said', () => log.count('WRONGTYPE testcoin:shares:roundCurrent') === 1);
  assert.equal(log.count(/\[error\].*2 shares of testcoin wait in the spool until .* repaired/), 1);
  assert.equal(await look.command('exists', keys.stats, keys.hashrate), 0);
  await look.command('del', keys.roundCurrent);
  assert.deepEqual(await Promise.all(waiting), [true, true]);
  assert.equal(await sumOf(look, 'w1'), 32);
});

test('a value that somebody edited to nonsense: said with its field, nothing is half written', async (t) => {
  const { recorder, look, log } = await setUp(t);
  await look.command('hset', keys.roundCurrent, 'w1', '12 coins');
  const waiting = [
    record(recorder, sampleShare({ worker: 'w0' })),
    record(recorder, sampleShare({ worker: 'w1' })),
  ];
  await until('it is said', () => log.count('field w1 holds "12 coins", not a number') === 1);
  assert.equal(await look.command('hexists', keys.roundCurrent, 'w0'), 0);
  await look.command('hset', keys.roundCurrent, 'w1', '12');
  assert.deepEqual(await Promise.all(waiting), [true, true]);
  assert.deepEqual(await hashOf(look, keys.roundCurrent), { w0: '16', w1: '28' });
});

test('each kind of nonsense in a counted key is refused before anything is written', async (t) => {
  const { recorder, look } = await setUp(t);
  const sequence = keys.spoolSequence('writer-1');
  const counted = [keys.roundCurrent, keys.hashrate, keys.stats];
  await record(recorder, sampleShare());
  const nonsense: readonly (readonly [string, string, ...string[]])[] = [
    ['set', keys.hashrate, 'x'],
    ['set', keys.stats, 'x'],
    ['hset', keys.stats, 'validShares', '1.5'],
    ['hset', keys.stats, 'invalidShares', '99999999999999999999'],
    ['hset', keys.roundCurrent, 'w1', '0x10'],
    ['hset', keys.roundCurrent, 'w1', 'inf'],
    ['hset', keys.roundCurrent, 'w1', ''],
    ['set', sequence, 'x'],
    ['lpush', sequence, 'x'],
  ];
  for (const [command, key, ...args] of nonsense) {
    const last = String(await look.command('get', sequence));
    await look.command('del', ...counted, key);
    await look.command(command, key, ...args);
    const before = await refusals(look);
    const waiting = record(recorder, sampleShare());
    await until(`${key} ${args} is refused`, async () => (await refusals(look)) > before);
    const written = counted.filter((name) => name !== key);
    assert.equal(await look.command('exists', ...written), 0, `only ${key} exists`);
    await look.command('del', key);
    if (key === sequence) await look.command('set', sequence, last);
    assert.equal(await waiting, true);
    assert.deepEqual(await hashOf(look, keys.roundCurrent), { w1: '16' });
  }
});

async function errors(look: RedisConnection): Promise<string> {
  return String(await look.command('info', 'errorstats'));
}

/** Scripts that Redis has refused for wrong data since its start. */
async function refusals(look: RedisConnection): Promise<number> {
  const found = (await errors(look)).matchAll(/errorstat_(?:WRONGTYPE|BADVALUE):count=(\d+)/g);
  return [...found].reduce((sum, match) => sum + Number(match[1]), 0);
}

test('a Redis that has become a replica takes nothing; when it is master again all flows', async (t) => {
  const { recorder, look } = await setUp(t);
  await look.command('config', 'set', 'replica-serve-stale-data', 'yes');
  await look.command('replicaof', '127.0.0.1', '1');
  const waiting = record(recorder, sampleShare());
  await until('it is refused', async () => (await errors(look)).includes('errorstat_READONLY'));
  await look.command('replicaof', 'no', 'one');
  assert.equal(await waiting, true);
  assert.equal(await sumOf(look, 'w1'), 16);
});

test('a Redis at its memory limit takes nothing and loses nothing; with more memory all flows', async (t) => {
  const { recorder, look } = await setUp(t);
  await look.command('config', 'set', 'maxmemory', '1');
  const waiting = record(recorder, sampleShare());
  await until('it is refused', async () => (await errors(look)).includes('errorstat_OOM'));
  assert.equal(await look.command('exists', keys.roundCurrent, keys.hashrate, keys.stats), 0);
  await look.command('config', 'set', 'maxmemory', '0');
  assert.equal(await waiting, true);
  assert.equal(await sumOf(look, 'w1'), 16);
});

test('groups that do not follow on the writer’s last sequence are not applied, whatever Redis has lost or gained', async (t) => {
  const { connection, look, log } = await setUp(t);
  const writer = createRedisWriter({
    connection,
    keys,
    writerId: 'w',
    log,
    now: systemClock,
    windowSeconds: 600,
    signal: new AbortController().signal,
    waiting: () => 0,
  });
  const steps: [sequence: number, after: number, outcome: string][] = [
    [2, 1, 'moved'],
    [3, 0, 'applied'],
    [3, 0, 'already'],
    [2, 1, 'already'],
    [5, 2, 'moved'],
    [5, 4, 'moved'],
    [5, 3, 'applied'],
  ];
  for (const [sequence, after, outcome] of steps) {
    assert.equal(await writer.apply(sequence, [sampleShare()], after), outcome);
  }
  assert.equal(await writer.lastSequence(), 5);
  assert.equal(await sumOf(look, 'w1'), 32);
  assert.deepEqual(await hashOf(look, keys.stats), { validShares: '2' });
});

test('a sequence stays while its writer lives, and expires months after it has closed', async (t) => {
  const { recorder, look } = await setUp(t);
  await record(recorder, sampleShare());
  assert.equal(await look.command('get', 'testcoin:spool:sequence:writer-1'), '1');
  assert.equal(await look.command('ttl', 'testcoin:spool:sequence:writer-1'), -1);
  await recorder.close();
  const seconds = Number(await look.command('ttl', 'testcoin:spool:sequence:writer-1'));
  assert.ok(seconds > 89 * 86_400 && seconds <= 90 * 86_400);
});

test('close records what is pending', async (t) => {
  const { recorder, look } = await setUp(t, { groupMillis: 60_000 });
  const pending = [record(recorder, sampleShare()), record(recorder, sampleShare())];
  await recorder.close();
  assert.deepEqual(await Promise.all(pending), [true, true]);
  assert.equal(await sumOf(look, 'w1'), 32);
  assert.equal(await record(recorder, sampleShare()), false);
});

test('100,000 shares of 1,000 workers add up, each for less than five times its double SHA-256', async (t) => {
  const { recorder, look } = await setUp(t, { maxPending: 200_000 });
  const shares = Array.from({ length: 100_000 }, (_, i) =>
    sampleShare({ worker: `worker${i % 1_000}`, difficulty: 8, time: 1_700_000_000_000 + i }),
  );
  let recorded = 0;
  const done = (ok: boolean) => {
    if (ok) recorded += 1;
  };
  const before = process.cpuUsage();
  for (const share of shares) recorder.record(share, done);
  await recorder.applied();
  const spent = process.cpuUsage(before);
  assert.equal(recorded, 100_000);
  const sums = Object.values(await hashOf(look, keys.roundCurrent));
  assert.equal(sums.length, 1_000);
  assert.ok(sums.every((sum) => sum === '800'));

  const header = Buffer.alloc(80);
  const beforeHashes = process.cpuUsage();
  for (let i = 0; i < 20_000; i += 1) sha256d(header);
  const hashing = process.cpuUsage(beforeHashes);
  const ratio = (spent.user + spent.system) / 5 / (hashing.user + hashing.system);
  t.diagnostic(`a recorded share costs ${ratio.toFixed(2)} double SHA-256`);
  assert.ok(ratio < 5);
});
