import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RoundReader } from '../../../libs/website/data/roundReader.ts';
import { connectFor, redisFor } from '../../redis/testbed.ts';

test('every worker of a large round is read once, whatever its name, at each look', async (t) => {
  const server = await redisFor(t);
  const redis = await connectFor(t, { port: server.port });
  const wanted = new Map<string, number>();
  for (let i = 0; i < 5_000; i++) wanted.set(`worker${i}.ä:${i % 7}`, i + 0.25);
  wanted.set('__proto__', 1);
  await redis.send('hset', ['round', ...[...wanted].flat()]);
  await redis.send('hset', [
    'round',
    'nonsense',
    'x',
    'negative',
    '-1',
    '',
    '5',
    'two\nlines',
    '3',
  ]);
  const reader = new RoundReader();
  const look = async (most: number): Promise<Map<string, number>> => {
    const seen = new Map<string, number>();
    await reader.read(redis, 'round', most, (worker, shares) => {
      assert.ok(!seen.has(worker), worker);
      seen.set(worker, shares);
    });
    return seen;
  };
  for (let i = 0; i < 2; i++) {
    const seen = await look(100_000);
    seen.delete('two');
    assert.deepEqual(seen, wanted);
  }
  await redis.command('hset', 'round', '__proto__', '2.5');
  assert.equal((await look(100_000)).get('__proto__'), 2.5);
  assert.equal((await look(10)).size, 10);
  await redis.command('del', 'round');
  assert.equal((await look(10)).size, 0);
});
