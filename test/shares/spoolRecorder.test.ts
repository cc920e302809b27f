import assert from 'node:assert/strict';
import { cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../libs/primitives/units.ts';
import { openRedis } from '../../libs/redis/connection.ts';
import { coinKeys } from '../../libs/redis/keys.ts';
import { createRedisRecorder, type RedisRecorderOptions } from '../../libs/shares/redisRecorder.ts';
import { segmentPath, spoolRoot } from '../../libs/shares/spoolFolder.ts';
import { ownName } from '../../libs/shares/spoolOwner.ts';
import { unfinishedSpools } from '../../libs/shares/spoolUnfinished.ts';
import type { ShareRecorder } from '../../libs/shares/types.ts';
import { freePort } from '../../scripts/regtest/freePort.ts';
import { startRedis } from '../../scripts/regtest/redisServer.ts';
import { connectFor, hashOf, redisFor } from '../redis/testbed.ts';
import { memoryLog } from '../support/memoryLog.ts';
import { until } from '../support/until.ts';
import { sampleShare } from './sampleShare.ts';
import { dataDirFor } from './support/dataDir.ts';
import { faultyDiskStandIn, recordsOf } from './support/spools.ts';

const keys = coinKeys('testcoin');

interface Change extends Partial<Omit<RedisRecorderOptions, 'dataDir'>> {
  readonly password?: string;
}

/** What recorders of one data folder on one Redis have in common. The Redis need not run. */
async function setUp(t: TestContext, port: number) {
  const dataDir = await dataDirFor(t);
  const log = memoryLog();
  const open = ({ password, ...change }: Change = {}) => {
    const options = { host: '127.0.0.1', port, ...(password === undefined ? {} : { password }) };
    const connection = openRedis(options, log, { silence: 1_000 });
    const recorder = createRedisRecorder({
      connection,
      keys,
      dataDir,
      writerId: 'w1',
      log,
      now: systemClock,
      groupMillis: 1,
      ...change,
    });
    t.after(async () => {
      await recorder.close();
      await connection.close();
    });
    return recorder;
  };
  return {
    dataDir,
    log,
    open,
    unfinished: () => unfinishedSpools(dataDir, 'testcoin'),
    folders: async () => (await readdir(spoolRoot(dataDir, 'testcoin')).catch(() => [])).sort(),
  };
}

let shares = 0;

/** Records `count` shares, each of a worker of its own; resolves with the acknowledged ones. */
async function recordMany(recorder: ShareRecorder, count: number): Promise<string[]> {
  const answers = Array.from({ length: count }, () => {
    shares += 1;
    const worker = `share${shares}`;
    return new Promise<string | undefined>((resolve) => {
      recorder.record(sampleShare({ worker, difficulty: 1 }), (ok) =>
        resolve(ok ? worker : undefined),
      );
    });
  });
  return (await Promise.all(answers)).filter((worker) => worker !== undefined);
}

/** Redis has each of these shares once, and nothing else. */
async function hasEachOnce(
  t: TestContext,
  port: number,
  acknowledged: readonly string[],
): Promise<void> {
  const look = await connectFor(t, { port });
  const sums = await hashOf(look, keys.roundCurrent);
  assert.deepEqual(
    Object.keys(sums).filter((worker) => sums[worker] !== '1'),
    [],
  );
  assert.deepEqual(Object.keys(sums).sort(), [...acknowledged].sort());
}

test('miners are answered while Redis has not even been started; it gets all of it when it runs', async (t) => {
  const port = await freePort();
  const { open, log } = await setUp(t, port);
  const recorder = open();
  const acknowledged = await recordMany(recorder, 500);
  assert.equal(acknowledged.length, 500);
  await until(
    'it is said how many wait',
    () => log.count(/\[warning\].*500 shares of testcoin wait in the spool.*ECONNREFUSED/) === 1,
  );
  const redis = await startRedis({ port });
  t.after(async () => {
    await redis.kill('SIGKILL');
    await redis.stop();
  });
  await recorder.applied();
  await hasEachOnce(t, port, acknowledged);
});

test('a wrong password: miners are answered, and all is recorded when it is right', async (t) => {
  const redis = await redisFor(t);
  const look = await connectFor(t, { port: redis.port });
  await look.command('config', 'set', 'requirepass', 'right');
  const { open, log } = await setUp(t, redis.port);
  const recorder = open({ password: 'mistaken' });
  const acknowledged = await recordMany(recorder, 50);
  assert.equal(acknowledged.length, 50);
  await until('it is said', () => log.count(/refuses the password.*redis\.password/) > 0);
  await look.command('config', 'set', 'requirepass', 'mistaken');
  await recorder.applied();
  await look.command('config', 'set', 'requirepass', '');
  await hasEachOnce(t, redis.port, acknowledged);
});

test('a Redis without memory, as a replica, or with a wrong type: miners are answered, and all is recorded after the repair', async (t) => {
  const redis = await redisFor(t);
  const look = await connectFor(t, { port: redis.port });
  const { open } = await setUp(t, redis.port);
  const recorder = open();
  const acknowledged = await recordMany(recorder, 10);
  const troubles = [
    [
      ['config', 'set', 'maxmemory', '1'],
      ['config', 'set', 'maxmemory', '0'],
    ],
    [
      ['replicaof', '127.0.0.1', '1'],
      ['replicaof', 'no', 'one'],
    ],
    [
      ['set', keys.stats, 'x'],
      ['del', keys.stats],
    ],
  ];
  for (const [breaking = [], repair = []] of troubles) {
    await recorder.applied();
    await look.command('del', keys.stats);
    await look.send(breaking[0] ?? '', breaking.slice(1));
    acknowledged.push(...(await recordMany(recorder, 30)));
    await look.send(repair[0] ?? '', repair.slice(1));
  }
  await recorder.applied();
  assert.equal(acknowledged.length, 100);
  await hasEachOnce(t, redis.port, acknowledged);
});

test('Redis with appendfsync everysec killed again and again under load: every share is in once', async (t) => {
  const redis = await redisFor(t, { args: ['--appendfsync', 'everysec'] });
  const { open, log } = await setUp(t, redis.port);
  const recorder = open({ windowShares: 100, segmentBytes: 20_000 });
  const acknowledged: string[] = [];
  for (let kill = 0; kill < 5; kill += 1) {
    for (let group = 0; group < 10; group += 1) {
      acknowledged.push(...(await recordMany(recorder, 20)));
    }
    const killed = redis.kill('SIGKILL');
    acknowledged.push(...(await recordMany(recorder, 20)));
    await killed;
    await redis.restart();
  }
  await recorder.applied();
  assert.equal(acknowledged.length, 5 * 220);
  await hasEachOnce(t, redis.port, acknowledged);
  assert.equal(log.count('[error] The store'), 0);
});

test('a Redis that comes back with an older state gets what it lost again, though no new share comes', async (t) => {
  const redis = await redisFor(t, { args: ['--appendfsync', 'everysec'] });
  const { open, log } = await setUp(t, redis.port);
  const recorder = open({ segmentBytes: 5_000 });
  const acknowledged = await recordMany(recorder, 100);
  await recorder.applied();
  // Everything on disk at this moment; what follows is what such a Redis can lose with the power.
  const [kept, live] = [join(redis.dir, 'kept'), join(redis.dir, 'appendonlydir')];
  await cp(live, kept, { recursive: true });
  for (let group = 0; group < 20; group += 1) {
    acknowledged.push(...(await recordMany(recorder, 10)));
    await recorder.applied();
  }
  await redis.kill('SIGKILL');
  await rm(live, { recursive: true });
  await cp(kept, live, { recursive: true });
  await redis.restart();
  await until('it is noticed', () => log.count(/came back without its latest/) === 1);
  await recorder.applied();
  await hasEachOnce(t, redis.port, acknowledged);
});

test('close without Redis ends soon and leaves the shares to the next start, which records each once', async (t) => {
  const redis = await redisFor(t);
  const { open, folders, unfinished, log } = await setUp(t, redis.port);
  const first = open({ closeMillis: 50 });
  const acknowledged = await recordMany(first, 40);
  await first.applied();
  await redis.kill('SIGKILL');
  acknowledged.push(...(await recordMany(first, 60)));
  await first.close();
  assert.deepEqual(await folders(), ['w1.left']);
  assert.equal(await unfinished(), 60);
  assert.equal(
    log.count(/\[warning\].*60 shares of testcoin wait .*recorded at the next start/),
    1,
  );
  assert.deepEqual(await recordMany(first, 1), []);

  await redis.restart();
  const second = open({ writerId: 'w2' });
  await second.applied();
  assert.equal(await unfinished(), 0);
  await hasEachOnce(t, redis.port, acknowledged);
  assert.equal(log.count(/\[warning\].*60 shares of testcoin that a dead process/), 1);
  assert.deepEqual(await folders(), []);
});

test('close while Redis hangs: what may have reached it is recorded once by the next start', async (t) => {
  const redis = await redisFor(t);
  const { open } = await setUp(t, redis.port);
  const first = open({ closeMillis: 50 });
  const acknowledged = await recordMany(first, 10);
  await first.applied();
  await redis.kill('SIGSTOP');
  acknowledged.push(...(await recordMany(first, 10)));
  await first.close();
  await redis.kill('SIGCONT');
  const second = open({ writerId: 'w2' });
  await second.applied();
  await hasEachOnce(t, redis.port, acknowledged);
});

test('when all is recorded, close leaves nothing behind', async (t) => {
  const redis = await redisFor(t);
  const { open, folders } = await setUp(t, redis.port);
  const recorder = open();
  await recordMany(recorder, 10);
  await recorder.close();
  assert.deepEqual(await folders(), []);
});

test('several processes start at once on spools of the dead: each share is recorded once', async (t) => {
  const redis = await redisFor(t);
  const { open, dataDir, unfinished } = await setUp(t, redis.port);
  for (let writer = 0; writer < 10; writer += 1) {
    const folder = join(spoolRoot(dataDir, 'testcoin'), `dead${writer}.live.1-1-00000000`);
    await mkdir(folder, { recursive: true });
    await writeFile(segmentPath(folder, 1), recordsOf(1, 20));
  }
  assert.equal(await unfinished(), 600);
  const recorders = [1, 2, 3].map((fork) => open({ writerId: `w${fork}`, scanMillis: 10 }));
  // Also the ones that got no spool know when all of it is in.
  await Promise.race(recorders.map((recorder) => recorder.applied()));
  assert.equal(await unfinished(), 0);
  const look = await connectFor(t, { port: redis.port });
  const sums = await hashOf(look, keys.roundCurrent);
  assert.equal(Object.keys(sums).length, 60);
  // Ten writers, a share of difficulty 16 of each worker.
  assert.ok(Object.values(sums).every((sum) => sum === '160'));
});

test('applied waits for what other processes had acknowledged before', async (t) => {
  const redis = await redisFor(t);
  const { open } = await setUp(t, redis.port);
  const look = await connectFor(t, { port: redis.port });
  const slow = open({ writerId: 'slow', gatherMillis: 200 });
  const quick = open({ writerId: 'quick' });
  const acknowledged = await recordMany(slow, 20);
  acknowledged.push(...(await recordMany(quick, 5)));
  assert.equal(await look.command('hexists', keys.roundCurrent, acknowledged[0] ?? ''), 0);
  await quick.applied();
  await hasEachOnce(t, redis.port, acknowledged);
});

test('applied does not wait for ever for a process that hangs', async (t) => {
  const redis = await redisFor(t);
  const { open, dataDir } = await setUp(t, redis.port);
  const folder = join(spoolRoot(dataDir, 'testcoin'), `hung.live.${ownName()}`);
  await mkdir(folder, { recursive: true });
  await writeFile(segmentPath(folder, 1), recordsOf(1, 2));
  const recorder = open({ othersMillis: 100 });
  const acknowledged = await recordMany(recorder, 5);
  await recorder.applied();
  await hasEachOnce(t, redis.port, acknowledged);
});

test('a spool that is abandoned while we run is taken over too', async (t) => {
  const redis = await redisFor(t);
  const { open, dataDir, unfinished } = await setUp(t, redis.port);
  const recorder = open({ scanMillis: 10 });
  await recorder.applied();
  const root = spoolRoot(dataDir, 'testcoin');
  await mkdir(join(root, 'part'), { recursive: true });
  await writeFile(segmentPath(join(root, 'part'), 1), recordsOf(1, 1_000));
  await rename(join(root, 'part'), join(root, 'dead.left'));
  await until('it is recorded', async () => (await unfinished()) === 0);
  const look = await connectFor(t, { port: redis.port });
  assert.deepEqual(await hashOf(look, keys.stats), { validShares: '3000' });
});

test('a full disk refuses shares with an error a minute, and takes them again when there is room', async (t) => {
  const redis = await redisFor(t);
  const { open, log } = await setUp(t, redis.port);
  const disk = faultyDiskStandIn();
  const recorder = open({ openFile: disk.openFile });
  const acknowledged = await recordMany(recorder, 10);
  disk.room = 300;
  for (let i = 0; i < 5; i += 1) acknowledged.push(...(await recordMany(recorder, 10)));
  assert.equal(acknowledged.length, 10);
  assert.equal(log.count(/\[error\].*refused \(miners get error 20\).*ENOSPC.*Free space/), 1);
  disk.room = Infinity;
  acknowledged.push(...(await recordMany(recorder, 10)));
  assert.equal(acknowledged.length, 20);
  assert.equal(log.count(/\[special\].*taken again/), 1);
  await recorder.applied();
  await hasEachOnce(t, redis.port, acknowledged);
});

test('a disk that hangs fills a bounded memory, and does not keep the process from ending', async (t) => {
  const redis = await redisFor(t);
  const { open, log } = await setUp(t, redis.port);
  const disk = faultyDiskStandIn();
  const recorder = open({
    closeMillis: 20,
    maxPending: 100,
    openFile: async (path) => ({
      ...(await disk.openFile(path)),
      datasync: () => new Promise(() => undefined),
    }),
  });
  let refused = 0;
  for (let i = 0; i < 120; i += 1) {
    recorder.record(sampleShare(), (ok) => {
      if (!ok) refused += 1;
    });
  }
  assert.equal(refused, 20);
  assert.equal(log.count(/\[error\].*the disk does not keep up/), 1);
  await recorder.close();
  assert.equal(log.count(/\[error\].*did not take the last shares.*100 of them got no answer/), 1);
});

test('applied rejects when the recorder closes before Redis has the shares', async (t) => {
  const { open } = await setUp(t, await freePort());
  const recorder = open({ closeMillis: 20 });
  await recordMany(recorder, 1);
  const waiting = assert.rejects(recorder.applied(), { code: 'SHARES_CLOSED' });
  await recorder.close();
  await waiting;
});
