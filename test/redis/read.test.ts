import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldsOf, readHash, readSet } from '../../libs/redis/read.ts';
import { connectFor, redisFor } from './testbed.ts';

test('fields named __proto__ and constructor arrive like any other', async (t) => {
  const { port } = await redisFor(t);
  const connection = await connectFor(t, { port });
  await connection.command(
    'HSET',
    'h',
    '__proto__',
    '1',
    'constructor',
    '2',
    '7',
    '3',
    'ü"\'',
    '4',
  );
  const fields = await readHash(connection, 'h');
  assert.deepEqual(
    new Set(fields),
    new Set([
      ['__proto__', '1'],
      ['constructor', '2'],
      ['7', '3'],
      ['ü"\'', '4'],
    ]),
  );
  assert.equal((await readHash(connection, 'absent')).size, 0);
});

test('a set is read whole, and an absent one is empty', async (t) => {
  const { port } = await redisFor(t);
  const connection = await connectFor(t, { port });
  await connection.command('SADD', 's', 'a', 'b');
  assert.deepEqual((await readSet(connection, 's')).sort(), ['a', 'b']);
  assert.deepEqual(await readSet(connection, 'absent'), []);
});

test('a wrong type rejects with RedisError', async (t) => {
  const { port } = await redisFor(t);
  const connection = await connectFor(t, { port });
  await connection.command('SET', 's', 'text');
  await assert.rejects(readHash(connection, 's'), { code: 'REDIS_WRONGTYPE' });
});

test('both shapes of a HGETALL reply are understood, and nothing else', () => {
  assert.deepEqual(
    [...fieldsOf(['a', '1', 'b', '2'])],
    [
      ['a', '1'],
      ['b', '2'],
    ],
  );
  assert.deepEqual([...fieldsOf({ a: '1' })], [['a', '1']]);
  assert.equal(fieldsOf(null).size, 0);
});
