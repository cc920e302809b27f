import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coinKeys } from '../../libs/redis/keys.ts';
import { readLive, tellLive } from '../../libs/redis/liveCounters.ts';
import { connectFor, redisFor } from './testbed.ts';

const keys = coinKeys('testcoin');
const fork = (connections: number) => ({ connections, workers: connections * 2, shares: 0.5 });

test('the counters of all forks are added; a fork that has not told for 15 s is left out', async (t) => {
  const server = await redisFor(t);
  const redis = await connectFor(t, { port: server.port });
  const now = 1_795_521_600_000;
  await tellLive(redis, keys, 0, fork(10), now - 16_000);
  await tellLive(redis, keys, 1, fork(3), now - 14_000);
  await tellLive(redis, keys, 2, fork(4), now);
  assert.deepEqual(await readLive(redis, keys, now), { connections: 7, workers: 14, shares: 1 });
});

test('what is no counter counts nothing', async (t) => {
  const server = await redisFor(t);
  const redis = await connectFor(t, { port: server.port });
  const told = JSON.stringify({ time: 1_000, connections: -1, workers: 'many', shares: null });
  await redis.send('hset', [keys.live, '0', told, '1', 'null', '2', '{', '3', '{"time":"1000"}']);
  assert.deepEqual(await readLive(redis, keys, 1_000), { connections: 0, workers: 0, shares: 0 });
});
