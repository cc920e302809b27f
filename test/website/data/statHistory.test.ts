import assert from 'node:assert/strict';
import { test } from 'node:test';
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
