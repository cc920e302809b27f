import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRedisSafety, parseInfo, risksOf } from '../../libs/redis/safety.ts';
import { memoryLog } from '../support/memoryLog.ts';
import { connectFor, redisFor } from './testbed.ts';

test('a Redis with AOF, appendfsync always and noeviction gets no warning', async (t) => {
  const { port } = await redisFor(t);
  const connection = await connectFor(t, { port });
  const log = memoryLog();
  await checkRedisSafety(connection, log);
  assert.deepEqual(log.lines, []);
});

test('a Redis without AOF that evicts keys is warned of twice', async (t) => {
  const { port } = await redisFor(t, {
    args: ['--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru'],
  });
  const connection = await connectFor(t, { port });
  const log = memoryLog();
  await checkRedisSafety(connection, log);
  assert.equal(log.count(/\[warning\].*appendonly yes/), 1);
  assert.equal(log.count(/\[warning\].*maxmemory-policy allkeys-lru/), 1);
  assert.equal(log.lines.length, 2);
});

test('appendfsync everysec is warned of', async (t) => {
  const { port } = await redisFor(t, { args: ['--appendfsync', 'everysec'] });
  const connection = await connectFor(t, { port });
  const log = memoryLog();
  await checkRedisSafety(connection, log);
  assert.equal(log.count(/\[warning\].*appendfsync everysec/), 1);
});

test('where CONFIG is forbidden the rest is still checked', async (t) => {
  const { port } = await redisFor(t, {
    args: ['--appendonly', 'no', '--rename-command', 'CONFIG', ''],
  });
  const connection = await connectFor(t, { port });
  const log = memoryLog();
  await checkRedisSafety(connection, log);
  assert.equal(log.count('appendonly yes'), 1);
  assert.equal(log.lines.length, 1);
});

test('a Redis that is away is said, not thrown', async (t) => {
  const server = await redisFor(t);
  const connection = await connectFor(t, { port: server.port });
  await server.kill('SIGKILL');
  const log = memoryLog();
  await checkRedisSafety(connection, log);
  assert.equal(log.count(/could not be checked/), 1);
});

test('INFO is read line by line, and facts it does not tell are no risk', () => {
  const info = parseInfo('# Memory\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n');
  assert.equal(info.get('maxmemory_policy'), 'noeviction');
  assert.deepEqual(risksOf(info, undefined), []);
  assert.deepEqual(risksOf(parseInfo(null), undefined), []);
});
