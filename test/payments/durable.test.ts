import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitUntilDurable } from '../../libs/payments/durable.ts';
import { openTestRedis } from './support.ts';

test('a Redis that syncs once a second is given the time to do it, one that always does is not', async (t) => {
  const redis = await openTestRedis();
  t.after(() => redis.close());
  const taken = async () => {
    const start = performance.now();
    await waitUntilDurable(redis.connection);
    return performance.now() - start;
  };
  const info = String(await redis.command('INFO', 'server'));
  const [, major = '0', minor = '0'] = /redis_version:(\d+)\.(\d+)/.exec(info) ?? [];
  const hasWaitAof = Number(major) * 100 + Number(minor) >= 702;
  assert.ok((await taken()) < 1_000);
  await redis.command('CONFIG', 'SET', 'appendfsync', 'everysec');
  const everySecond = await taken();
  assert.ok(hasWaitAof ? everySecond < 5_000 : everySecond >= 2_900, `${everySecond}`);
});
