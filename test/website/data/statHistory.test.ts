import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRecord, own, parseJson } from '../../../libs/primitives/unknown.ts';
import type { PortalStats } from '../../../libs/website/data/portalStats.ts';
import { StatHistory } from '../../../libs/website/data/statHistory.ts';
import { connectFor, redisFor } from '../../redis/testbed.ts';

function statsAt(time: number, workerCount: number): PortalStats {
  const worker = { shares: 1, invalidshares: 0, hashrateString: '1.00 KH' };
  const workers = Array.from({ length: workerCount }, (_, i) => [`w${i}`, worker] as const);
  return {
    time,
    global: { workers: workerCount, hashrate: 5 },
    algos: {},
    pools: {
      litecoin: {
        ...{ name: 'litecoin', symbol: 'LTC', algorithm: 'scrypt' },
        poolStats: { validShares: '1', validBlocks: 0, invalidShares: 0, totalPaid: 0 },
        blocks: { pending: 0, confirmed: 0, orphaned: 0 },
        workers: Object.fromEntries(workers),
        ...{ hashrate: 5, workerCount, hashrateString: '0.01 KH' },
      },
    },
  };
}

test('an entry names the workers of a pool of up to a thousand: larger ones would fill Redis', async (t) => {
  const server = await redisFor(t);
  const redis = await connectFor(t, { port: server.port });
  const history = new StatHistory(redis, 1_000);
  for (const [time, count, named] of [
    [1, 1_000, 1_000],
    [2, 1_001, 0],
  ] as const) {
    await history.add(statsAt(time, count));
    const [text] = (await redis.command('zrangebyscore', 'statHistory', time, time)) as string[];
    const entry = parseJson(text ?? '');
    const pools = isRecord(entry) && own(entry, 'pools');
    const pool = isRecord(pools) && own(pools, 'litecoin');
    assert.ok(isRecord(pool));
    assert.equal(own(pool, 'workerCount'), count);
    assert.equal(Object.keys(own(pool, 'workers') as object).length, named);
  }
});

test('what was written before is taken in once, by time, over any number of entries', async (t) => {
  const server = await redisFor(t);
  const redis = await connectFor(t, { port: server.port });
  for (let time = 1; time <= 105; time++) {
    const text = JSON.stringify(statsAt(time, 1));
    await redis.command('zadd', 'statHistory', time, text);
  }
  const history = new StatHistory(redis, 100);
  await history.add(statsAt(110, 1));
  await history.add(statsAt(111, 1));
  const times = history.entries.map(({ time }) => time);
  assert.deepEqual(times, [...Array.from({ length: 95 }, (_, i) => i + 11), 110, 111]);
});
