import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { millis } from '../../../libs/primitives/units.ts';
import { isRecord, own, parseJson } from '../../../libs/primitives/unknown.ts';
import { until } from '../../support/until.ts';
import { alice, bob, fillAll, sampleMillis, sampleSeconds } from '../sampleRedis.ts';
import { hashOf, type Site, siteFor, sse } from '../support.ts';

const now = () => millis(sampleMillis);
const sampleSite = (t: TestContext): Promise<Site> => siteFor(t, { fill: fillAll, now });

// One share of difficulty 1 of scrypt is 2^32 / 2^16 = 65536 hashes; the window is 300 seconds.
const perShare = 65_536 / 300;

test('/api/stats has the fields and types of the original', async (t) => {
  const site = await sampleSite(t);
  assert.deepEqual(await site.json('/api/stats'), {
    time: sampleSeconds,
    global: { workers: 3, hashrate: 384 * perShare },
    algos: { scrypt: { workers: 3, hashrate: 384 * perShare, hashrateString: '83.89 KH' } },
    pools: {
      litecoin: {
        name: 'litecoin',
        symbol: 'LTC',
        algorithm: 'scrypt',
        poolStats: {
          validShares: '12345',
          validBlocks: '5',
          invalidShares: '67',
          totalPaid: '123.45678901',
        },
        blocks: { pending: 1, confirmed: 2, orphaned: 2 },
        workers: {
          [`${alice}.rig1`]: { shares: 192, invalidshares: 0, hashrateString: '41.94 KH' },
          [bob]: { shares: 64, invalidshares: 32, hashrateString: '13.98 KH' },
          [`${alice}.rig2`]: { shares: 128, invalidshares: 0, hashrateString: '27.96 KH' },
        },
        hashrate: 384 * perShare,
        workerCount: 3,
        hashrateString: '83.89 KH',
      },
    },
  });
});

test('counters that Redis does not have are the number 0', async (t) => {
  const site = await siteFor(t);
  const stats = await site.json('/api/stats');
  const pools = isRecord(stats) ? own(stats, 'pools') : undefined;
  const pool = isRecord(pools) ? own(pools, 'litecoin') : undefined;
  assert.deepEqual(isRecord(pool) && own(pool, 'poolStats'), {
    validShares: 0,
    validBlocks: 0,
    invalidShares: 0,
    totalPaid: 0,
  });
});

test('each tick is written to statHistory as the original writes it, and old ones are trimmed', async (t) => {
  const site = await siteFor(t, {
    now,
    fill: async (redis) => {
      await fillAll(redis);
      const entry = (time: number) => {
        const blocks = { pending: 1, confirmed: 1, orphaned: 0 };
        return JSON.stringify({
          time,
          pools: { litecoin: { hashrate: 5, workerCount: 2, blocks } },
        });
      };
      await redis.command(
        'zadd',
        'statHistory',
        sampleSeconds - 43_201,
        entry(sampleSeconds - 43_201),
      );
      await redis.command('zadd', 'statHistory', sampleSeconds - 600, entry(sampleSeconds - 600));
      await redis.command('zadd', 'statHistory', sampleSeconds - 500, 'not JSON at all');
    },
  });
  await until(
    'the old entry is gone and the new one is there',
    async () => (await site.redis.command('zcard', 'statHistory')) === 3,
  );
  const newest = await site.redis.command('zrevrange', 'statHistory', 0, 0, 'WITHSCORES');
  assert.ok(Array.isArray(newest));
  assert.equal(newest[1], String(sampleSeconds));
  assert.deepEqual(parseJson(String(newest[0])), await site.json('/api/stats'));
  const history = async () => {
    const entries = await site.json('/api/pool_stats');
    return Array.isArray(entries) && entries.length === 2;
  };
  await until('the entries of the past are read', history);
  assert.deepEqual(await site.json('/api/pool_stats'), [
    {
      time: sampleSeconds - 600,
      pools: {
        litecoin: {
          hashrate: 5,
          workerCount: 2,
          blocks: { pending: 1, confirmed: 1, orphaned: 0 },
        },
      },
    },
    {
      time: sampleSeconds,
      pools: {
        litecoin: {
          hashrate: 384 * perShare,
          workerCount: 3,
          blocks: { pending: 1, confirmed: 2, orphaned: 2 },
        },
      },
    },
  ]);
});

test('/api/live_stats sends the statistics at once and at each tick, as events without a name', async (t) => {
  const site = await siteFor(t, {
    fill: fillAll,
    website: { stats: { updateInterval: 0.2, historicalRetention: 100, hashrateWindow: 300 } },
  });
  const client = await sse(t, site.website.port, '/api/live_stats');
  await until('three events came', () => client.messages.length >= 3);
  for (const { type, id, data } of client.messages.slice(0, 3)) {
    assert.equal(type, 'message');
    assert.equal(id, undefined);
    const stats = parseJson(data);
    assert.ok(isRecord(stats));
    assert.deepEqual(Object.keys(stats), ['time', 'global', 'algos', 'pools']);
  }
});

test('/api/blocks lists pending and confirmed blocks by coin and height', async (t) => {
  const site = await sampleSite(t);
  const line = (n: number, rest: string) => `${hashOf(n)}:${hashOf(n + 50_000)}:${n}:${rest}`;
  assert.deepEqual(await site.json('/api/blocks'), {
    'litecoin-1004': line(1_004, `${alice}.rig1:${sampleMillis - 3_600_000}`),
    'litecoin-1003': line(1_003, `${bob}:${sampleMillis - 7_200_000}`),
    'litecoin-1002': line(1_002, ':'),
  });
});

test('/api/payments lists the payments and pending blocks of each pool', async (t) => {
  const site = await sampleSite(t);
  assert.deepEqual(await site.json('/api/payments'), [
    {
      name: 'litecoin',
      pending: {
        blocks: [
          `${hashOf(1_004)}:${hashOf(51_004)}:1004:${alice}.rig1:${sampleMillis - 3_600_000}`,
        ],
        confirms: { [hashOf(1_004)]: 42 },
      },
      payments: [
        { time: sampleMillis - 60_000, txid: hashOf(2), miners: 2, paid: 2.75 },
        { time: sampleMillis - 90_000_000, txid: hashOf(1), miners: 1, paid: 1.5 },
      ],
    },
  ]);
});

test('/api/worker_stats?<address> sums up one miner', async (t) => {
  const site = await sampleSite(t);
  assert.deepEqual(await site.json(`/api/worker_stats?${alice}.rig1`), {
    miner: alice,
    totalHash: 320 * perShare,
    totalShares: 750.5,
    // 600 of the 1000 shares of a round that is worth 6.25.
    immature: 3.75,
    balance: 0.3,
    paid: 12.5,
    workers: {
      [`${alice}.rig1`]: {
        name: `${alice}.rig1`,
        shares: 192,
        invalidshares: 0,
        hashrate: 192 * perShare,
        hashrateString: '41.94 KH',
      },
      [`${alice}.rig2`]: {
        name: `${alice}.rig2`,
        shares: 128,
        invalidshares: 0,
        hashrate: 128 * perShare,
        hashrateString: '27.96 KH',
      },
    },
    history: { litecoin: [] },
  });
  assert.equal((await site.get('/api/worker_stats')).status, 400);
  assert.equal((await site.get('/api/worker_stats?%E0%A4%A')).status, 400);
});

test('a pool of more than a thousand workers is told whole, and kept without their names: they would fill Redis', async (t) => {
  for (const [count, kept] of [
    [1_000, 1_000],
    [1_001, 0],
  ] as const) {
    const site = await siteFor(t, {
      now,
      fill: async (redis) => {
        const shares = Array.from({ length: count }, (_, i) => [
          sampleSeconds,
          `1:w${i}:${sampleMillis}`,
        ]);
        await redis.send('zadd', ['litecoin:hashrate', ...shares.flat()]);
      },
    });
    const told = await site.json('/api/stats');
    const [text] = (await site.redis.command('zrange', 'statHistory', -1, -1)) as string[];
    for (const [stats, wanted] of [
      [told, count],
      [parseJson(text ?? ''), kept],
    ] as const) {
      const pools = isRecord(stats) && own(stats, 'pools');
      const pool = isRecord(pools) && own(pools, 'litecoin');
      assert.ok(isRecord(pool));
      assert.equal(own(pool, 'workerCount'), count);
      assert.equal(Object.keys(own(pool, 'workers') as object).length, wanted);
    }
  }
});
