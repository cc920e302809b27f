import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { millis } from '../../libs/primitives/units.ts';
import { addressPart } from '../../libs/primitives/workerName.ts';
import type { RedisConnection } from '../../libs/redis/connection.ts';
import { RedisError } from '../../libs/redis/errors.ts';
import { coinKeys, type SeriesResolution } from '../../libs/redis/keys.ts';
import { readSeries } from '../../libs/redis/series.ts';
import { createStatistics, type StatisticsOptions } from '../../libs/shares/statistics.ts';
import { badNetworkStandIn, clusterFor, connectFor, hashOf, redisFor } from '../redis/testbed.ts';
import { memoryLog } from '../support/memoryLog.ts';
import { until } from '../support/until.ts';
import { sampleShare } from './sampleShare.ts';

const keys = coinKeys('testcoin');
/** 2023-11-14 22:13:20 UTC: minute 28333333, ten minutes 2833333, hour 472222. */
const start = 1_700_000_000;
const minute = 60;
const day = 86_400;

interface Given {
  readonly worker?: string;
  readonly difficulty?: number;
  /** Unix seconds. */
  readonly at?: number;
  readonly best?: number;
  readonly valid?: boolean;
}

/** A Redis, and pool processes that each live for some shares: what they gathered is written when they end. */
async function setUp(t: TestContext) {
  const server = await redisFor(t);
  const log = memoryLog();
  const look = await connectFor(t, { port: server.port });
  let seconds = start;
  const open = (connection: RedisConnection, change: Partial<StatisticsOptions> = {}) => {
    const statistics = createStatistics({
      connection,
      keys,
      log,
      now: () => millis(seconds * 1000),
      addressOf: addressPart,
      ...change,
    });
    t.after(() => statistics.close());
    const share = ({ worker = 'A.x', difficulty = 16, at = seconds, best = 20, valid }: Given) =>
      statistics.share({
        ...sampleShare({ worker, difficulty, time: at * 1000, ...(valid === false && { valid }) }),
        shareDiff: best,
      });
    return { share, close: () => statistics.close() };
  };
  /** A process that takes these shares, at this time, and ends. */
  const mine = async (
    at: number,
    shares: readonly Given[],
    change?: Partial<StatisticsOptions>,
  ) => {
    seconds = Math.max(seconds, at);
    const statistics = open(look, change);
    for (const share of shares) statistics.share({ at, ...share });
    await statistics.close();
  };
  /** Bucket start -> difficulty of what is not 0. */
  const series = async (key: string, resolution: SeriesResolution, at = seconds) => {
    const points = await readSeries(look, key, resolution, at);
    return points.filter((point) => point.difficulty !== 0).map((p) => [p.time, p.difficulty]);
  };
  const setClock = (to: number) => {
    seconds = to;
  };
  return { server, look, log, open, mine, series, setClock };
}

test('a share is in the rings of the pool and of its address, byte by byte as their format says', async (t) => {
  const { look, mine } = await setUp(t);
  await mine(start, [{ worker: 'LaddrA.rig_1', difficulty: 16 }]);
  for (const [name, length, header, slotAt] of [
    ['1m', 5_768, '0000000001b05515', 5_340],
    ['10m', 17_288, '00000000002b3bb5', 14_940],
    ['1h', 35_048, '000000000007349e', 31_776],
  ] as const) {
    const expected = Buffer.alloc(length);
    expected.write(header, 'hex');
    expected.write('00008041', slotAt, 'hex');
    assert.deepEqual(await look.bytes(`testcoin:series:${name}`), expected);
    assert.deepEqual(await look.bytes(`testcoin:miner:LaddrA:${name}`), expected);
  }
  const seen = { 'LaddrA.rig_1': '1700000000000:1700000000000:20' };
  assert.deepEqual(await hashOf(look, 'testcoin:workersSeen'), seen);
});

test('shares that are not valid are in no chart', async (t) => {
  const { look, mine } = await setUp(t);
  await mine(start, [{ valid: false }]);
  assert.deepEqual(await look.command('keys', '*'), []);
});

test('workers of one address are in one chart, and each has its own entry', async (t) => {
  const { look, mine, series } = await setUp(t);
  const shares = [{ worker: 'A.x' }, { worker: 'A_y', difficulty: 4 }, { worker: 'B' }];
  await mine(start, shares);
  assert.deepEqual(await series(keys.minerSeries('A', '1m'), '1m'), [[1_699_999_980, 20]]);
  assert.deepEqual(await series(keys.minerSeries('B', '1m'), '1m'), [[1_699_999_980, 16]]);
  assert.deepEqual(await series(keys.series('1m'), '1m'), [[1_699_999_980, 36]]);
  const workers = Object.keys(await hashOf(look, keys.workersSeen));
  assert.deepEqual(workers.sort(), ['A.x', 'A_y', 'B']);
});

test('after gaps of minutes the skipped buckets are empty, also across the seam of the ring', async (t) => {
  const { mine, series } = await setUp(t);
  // Minute 28333440 is slot 0 of 1440.
  const seam = 28_333_440 * minute;
  const times = [-3, -1, 2, 5].map((minutes) => seam + minutes * minute);
  for (const at of times) await mine(at, [{ difficulty: 8 }]);
  const expected = times.map((at) => [at, 8]);
  for (const key of [keys.series('1m'), keys.minerSeries('A', '1m')]) {
    assert.deepEqual(await series(key, '1m'), expected);
  }
  // A day later these slots are used again: nothing of the old day is left in them or between them.
  const nextDay = seam + day + 3 * minute;
  await mine(nextDay, [{ difficulty: 2 }]);
  const left = [
    [seam + 5 * minute, 8],
    [nextDay, 2],
  ];
  assert.deepEqual(await series(keys.series('1m'), '1m'), left);
});

test('after gaps of days and years only what is inside the window is left', async (t) => {
  const { mine, series } = await setUp(t);
  await mine(start, [{ difficulty: 8 }]);
  const later = start + 10 * day;
  await mine(later, [{ difficulty: 2 }]);
  assert.deepEqual(await series(keys.series('1m'), '1m'), [[later - 20, 2]]);
  const tenMinutes = [
    [start - 200, 8],
    [later - 200, 2],
  ];
  assert.deepEqual(await series(keys.series('10m'), '10m'), tenMinutes);
  const years = start + 3 * 365 * day;
  await mine(years, [{ difficulty: 1 }]);
  for (const [name, begin] of [
    ['1m', years - 20],
    ['10m', years - 200],
    ['1h', years - 800],
  ] as const) {
    assert.deepEqual(await series(keys.series(name), name), [[begin, 1]]);
  }
});

test('a process that starts anew in the middle of a bucket adds to it', async (t) => {
  const { mine, series } = await setUp(t);
  await mine(1_699_999_980, [{ difficulty: 8 }]);
  await mine(1_699_999_980 + 59, [{ difficulty: 4 }]);
  await mine(1_699_999_980 + 60, [{ difficulty: 1 }]);
  const minutes = [
    [1_699_999_980, 12],
    [1_700_000_040, 1],
  ];
  assert.deepEqual(await series(keys.minerSeries('A', '1m'), '1m'), minutes);
  assert.deepEqual(await series(keys.minerSeries('A', '10m'), '10m'), [[1_699_999_800, 13]]);
  assert.deepEqual(await series(keys.minerSeries('A', '1h'), '1h'), [[1_699_999_200, 13]]);
});

test('processes that write the same bucket at once lose nothing of each other', async (t) => {
  const { server, open, series } = await setUp(t);
  const connections = await Promise.all(
    [1, 2, 3, 4].map(() => connectFor(t, { port: server.port })),
  );
  for (let round = 0; round < 10; round += 1) {
    const writers = connections.map((connection) => open(connection));
    for (const { share } of writers) for (let i = 0; i < 5; i += 1) share({ difficulty: 3 });
    await Promise.all(writers.map(({ close }) => close()));
  }
  for (const key of [keys.series('1m'), keys.minerSeries('A', '1m')]) {
    assert.deepEqual(await series(key, '1m'), [[1_699_999_980, 600]]);
  }
});

test('a share that comes late goes into its own bucket, and into no ring that has left it behind', async (t) => {
  const { mine, series } = await setUp(t);
  await mine(start, [{ difficulty: 1 }]);
  await mine(start, [
    { difficulty: 2, at: start - 5 * minute },
    { difficulty: 4, at: start - 2 * day },
    { difficulty: 8, at: start - 31 * day },
    { difficulty: 32, at: start },
  ]);
  const minutes = [
    [start - 20 - 5 * minute, 2],
    [start - 20, 33],
  ];
  assert.deepEqual(await series(keys.series('1m'), '1m'), minutes);
  const tens = [
    [start - 200 - 2 * day, 4],
    [start - 800, 2],
    [start - 200, 33],
  ];
  assert.deepEqual(await series(keys.series('10m'), '10m'), tens);
  const hours = [
    [start - 800 - 31 * day, 8],
    [start - 800 - 2 * day, 4],
    [start - 800, 35],
  ];
  assert.deepEqual(await series(keys.series('1h'), '1h'), hours);
});

test('rings that a clock far ahead has written begin anew when the clock is right again', async (t) => {
  const { mine, series, setClock } = await setUp(t);
  await mine(start + 10 * 365 * day, [{ difficulty: 8 }]);
  setClock(start);
  await mine(start, [{ difficulty: 4 }]);
  for (const [name, begin] of [
    ['1m', start - 20],
    ['10m', start - 200],
    ['1h', start - 800],
  ] as const) {
    assert.deepEqual(await series(keys.series(name), name), [[begin, 4]]);
  }
});

test('a thousand additions of uneven numbers leave a bucket within 0.01 % of the true sum', async (t) => {
  const { server, open, series } = await setUp(t);
  const connection = await connectFor(t, { port: server.port });
  let sum = 0;
  const closing: Promise<void>[] = [];
  for (let i = 0; i < 1_000; i += 1) {
    const difficulty = 65_536.1 + (i % 97) * 1_234.567;
    sum += difficulty;
    const { share, close } = open(connection);
    share({ difficulty });
    closing.push(close());
  }
  await Promise.all(closing);
  const [point] = await series(keys.series('1h'), '1h');
  const found = point?.[1] ?? 0;
  assert.ok(Math.abs(found / sum - 1) < 1e-4, `${found} instead of ${sum}`);
});

test('first, last and best share of a worker are merged in whatever order processes write them', async (t) => {
  const { look, mine } = await setUp(t);
  const names = ['ünï🦆.x', '__proto__', `"'%s`];
  for (const [at, best] of [
    [start + 20, 99.125],
    [start, 7],
    [start + 40, 1e-7],
  ] as const) {
    await mine(
      start,
      names.map((worker) => ({ worker, at, best })),
    );
  }
  const seen = `${start * 1000}:${(start + 40) * 1000}:99.125`;
  const entries = new Map(Object.entries(await hashOf(look, keys.workersSeen)));
  assert.deepEqual([...entries.keys()].sort(), [...names].sort());
  for (const name of names) assert.equal(entries.get(name), seen);
  await look.command('hset', keys.workersSeen, names[0] ?? '', 'nonsense');
  await mine(start, [{ worker: names[0] ?? '', best: 5 }]);
  assert.equal(
    await look.command('hget', keys.workersSeen, names[0] ?? ''),
    `${start * 1000}:${start * 1000}:5`,
  );
});

test("a miner's ring lasts a day at first and its window once he has come again; the pool's last for ever", async (t) => {
  const { look, mine } = await setUp(t);
  const ttls = async () =>
    Promise.all(
      (['1m', '10m', '1h'] as const).map(async (name) =>
        Math.round(Number(await look.command('ttl', keys.minerSeries('A', name))) / 60),
      ),
    );
  await mine(start, [{}]);
  assert.deepEqual(await ttls(), [1_440, 1_440, 1_440]);
  await mine(start + 600, [{}]);
  assert.deepEqual(await ttls(), [1_440, 30 * 1_440, 1_440]);
  await mine(start + 3_600, [{}]);
  assert.deepEqual(await ttls(), [1_440, 30 * 1_440, 365 * 1_440]);
  for (const name of ['1m', '10m', '1h'] as const) {
    assert.equal(await look.command('ttl', keys.series(name)), -1);
  }
});

test('once an hour workers that have been away for 30 days are forgotten, however many there are', async (t) => {
  const { look, open, setClock } = await setUp(t);
  const [old, young] = [(start - 30 * day - 1) * 1000, (start - 29 * day) * 1000];
  const fields = Array.from({ length: 3_000 }, (_, i) => [
    `w${i}`,
    i % 3 === 0 ? `1:${young}:5` : `1:${old}:5`,
  ]);
  await look.send('hset', [keys.workersSeen, ...fields.flat(), 'odd', 'nonsense']);
  open(look, { flushMillis: 5 });
  await until(
    'the old ones are gone',
    async () => (await look.command('hlen', keys.workersSeen)) === 1_000,
  );
  await look.command('hset', keys.workersSeen, 'late', `1:${old}:5`);
  await look.command('hset', keys.workersSeen, 'mark', `1:${start * 1000}:5`);
  setClock(start + 3_599);
  const other = open(look);
  other.share({ worker: 'B' });
  await other.close();
  assert.equal(await look.command('hexists', keys.workersSeen, 'late'), 1);
  setClock(start + 3_601);
  await until(
    'it is gone as well',
    async () => (await look.command('hexists', keys.workersSeen, 'late')) === 0,
  );
  assert.equal(await look.command('hexists', keys.workersSeen, 'mark'), 1);
});

test('above mostWorkers newcomers get no entry and no rings, others and the pool are counted on; it is said', async (t) => {
  const { look, log, mine, series } = await setUp(t);
  const change = { mostWorkers: 2 };
  await mine(start, [{ worker: 'A' }, { worker: 'B' }], change);
  await mine(start, [{ worker: 'A' }, { worker: 'C' }], change);
  await mine(start, [{ worker: 'D' }], change);
  assert.deepEqual(Object.keys(await hashOf(look, keys.workersSeen)).sort(), ['A', 'B']);
  assert.equal(await look.command('exists', keys.minerSeries('C', '1m')), 0);
  assert.deepEqual(await series(keys.minerSeries('A', '1m'), '1m'), [[1_699_999_980, 32]]);
  assert.deepEqual(await series(keys.series('1m'), '1m'), [[1_699_999_980, 80]]);
  assert.ok(log.count(/\[warning\].*testcoin:workersSeen is full/) > 0);
});

test('more miners, workers and minutes than one call takes are all written', async (t) => {
  const { look, mine, series } = await setUp(t);
  const many = Array.from({ length: 450 }, (_, i) => ({ worker: `M${i}`, difficulty: 1 }));
  const rigs = Array.from({ length: 1_200 }, (_, i) => ({ worker: `A.${i}`, difficulty: 1 }));
  const minutes = Array.from({ length: 1_000 }, (_, i) => ({
    worker: 'long',
    difficulty: 1,
    at: start - i * minute,
  }));
  await mine(start, [...many, ...rigs, ...minutes]);
  assert.equal(await look.command('hlen', keys.workersSeen), 1_651);
  assert.equal((await series(keys.series('1m'), '1m')).at(-1)?.[1], 1_651);
  for (const i of [0, 199, 200, 449]) {
    assert.deepEqual(await series(keys.minerSeries(`M${i}`, '1m'), '1m'), [[1_699_999_980, 1]]);
  }
  assert.equal((await series(keys.minerSeries('long', '1m'), '1m')).length, 1_000);
  const hours = await series(keys.minerSeries('long', '1h'), '1h');
  assert.equal(
    hours.reduce((sum, [, difficulty]) => sum + (difficulty ?? 0), 0),
    1_000,
  );
});

test('what is gathered while Redis is away is written when it is back', async (t) => {
  const { server, look, open, series } = await setUp(t);
  const statistics = open(look, { flushMillis: 5 });
  statistics.share({ difficulty: 1 });
  await until('it is written', async () => (await series(keys.series('1m'), '1m')).length === 1);
  await server.kill('SIGKILL');
  await until('the connection is lost', () => !look.ready);
  for (let i = 0; i < 100; i += 1) statistics.share({ difficulty: 2, at: start - i * minute });
  await server.restart();
  await until('Redis is back', () => look.ready);
  await until(
    'it is written',
    async () => (await series(keys.minerSeries('A', '1m'), '1m')).length === 100,
  );
  assert.equal(
    (await series(keys.series('1h'), '1h')).reduce((sum, p) => sum + (p[1] ?? 0), 0),
    201,
  );
});

test('a write whose answer is lost is not repeated', async (t) => {
  const { server, open, series } = await setUp(t);
  const network = await badNetworkStandIn(t, server.port);
  const connection = await connectFor(t, { port: network.port });
  const statistics = open(connection, { flushMillis: 5 });
  const sum = async () => (await series(keys.series('1m'), '1m')).at(-1)?.[1];
  statistics.share({ difficulty: 1 });
  await until('it is written', async () => (await sum()) === 1);
  network.loseNextScriptReply();
  statistics.share({ difficulty: 2 });
  await until('an answer is lost', () => network.lost === 1);
  statistics.share({ difficulty: 4 });
  await until('the next one is written', async () => Number(await sum()) > 3);
  assert.equal(await sum(), 7);
});

test('a write that may or may not have been done is given up, but what it knew of workers is written', async (t) => {
  const { look, open, series } = await setUp(t);
  let doubts = 1;
  const statistics = open(
    {
      ...look,
      ready: true,
      send: async (...words) => {
        if (doubts === 0) return look.send(...words);
        doubts -= 1;
        throw new RedisError('REDIS_DOWN', 'gone', { trouble: 'transient', mayHaveRun: true });
      },
    },
    { flushMillis: 5 },
  );
  statistics.share({ difficulty: 1, best: 500 });
  await until(
    'the worker is written',
    async () => (await look.command('hexists', keys.workersSeen, 'A.x')) === 1,
  );
  const seen = { 'A.x': `${start * 1000}:${start * 1000}:500` };
  assert.deepEqual(await hashOf(look, keys.workersSeen), seen);
  assert.deepEqual(await series(keys.series('1m'), '1m'), []);
});

test('a key that holds something else is left alone and named, and the others are written', async (t) => {
  const { look, log, mine, series } = await setUp(t);
  await look.command('sadd', keys.minerSeries('A', '10m'), 'mine');
  await look.command('set', keys.workersSeen, 'text');
  await mine(start, [{ worker: 'A' }, { worker: 'B' }]);
  assert.deepEqual(await look.command('smembers', keys.minerSeries('A', '10m')), ['mine']);
  assert.equal(await look.command('get', keys.workersSeen), 'text');
  for (const key of [keys.minerSeries('A', '1m'), keys.minerSeries('B', '1m')]) {
    assert.deepEqual(await series(key, '1m'), [[1_699_999_980, 16]]);
  }
  assert.deepEqual(await series(keys.series('10m'), '10m'), [[1_699_999_800, 32]]);
  assert.equal(log.count(/\[error\].*testcoin:(workersSeen|miner:A:10m) does not hold/), 1);
});

test('a text, or a ring cut short, in the place of a ring gives way to a ring', async (t) => {
  const { look, mine, series } = await setUp(t);
  await look.command('set', keys.series('1m'), 'text');
  await look.command('set', keys.series('1h'), '\0\0\0\0\0\0\0\u0001');
  await mine(start, [{}]);
  assert.deepEqual(await series(keys.series('1m'), '1m'), [[1_699_999_980, 16]]);
  assert.deepEqual(await series(keys.series('1h'), '1h'), [[1_699_999_200, 16]]);
});

test('ending does not wait for a Redis that hangs', async (t) => {
  const { server, open } = await setUp(t);
  const connection = await connectFor(t, { port: server.port }, memoryLog(), 30_000);
  const statistics = open(connection);
  statistics.share({});
  await server.kill('SIGSTOP');
  t.after(() => server.kill('SIGCONT'));
  const begin = Date.now();
  await statistics.close();
  assert.ok(Date.now() - begin < 6_000, 'a hanging Redis is answered for after 30 s');
});

test('with hashTag statistics work on a Cluster', async (t) => {
  const { port, look } = await clusterFor(t);
  const connection = await connectFor(t, { port: 1, cluster: [{ host: '127.0.0.1', port }] });
  const tagged = coinKeys('testcoin', true);
  const statistics = createStatistics({
    connection,
    keys: tagged,
    log: memoryLog(),
    now: () => millis(start * 1000),
    addressOf: addressPart,
    flushMillis: 5,
  });
  t.after(() => statistics.close());
  statistics.share(sampleShare({ worker: 'A.x', time: start * 1000 }));
  const key = '{testcoin}:miner:A:1m';
  await until('it is written', async () => (await look.command('exists', key)) === 1);
  const [point] = (await readSeries(connection, key, '1m', start)).slice(-1);
  assert.deepEqual(point, { time: 1_699_999_980, difficulty: 16 });
});
