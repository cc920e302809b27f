import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../libs/primitives/units.ts';
import { createRetry } from '../../libs/redis/retry.ts';
import { memoryLog } from '../support/memoryLog.ts';
import { until } from '../support/until.ts';
import { connectFor, redisFor } from './testbed.ts';

async function setUp(t: TestContext) {
  const server = await redisFor(t);
  const connection = await connectFor(t, { port: server.port });
  const log = memoryLog();
  const stop = new AbortController();
  const retry = createRetry({ connection, log, now: systemClock, signal: stop.signal });
  return { server, connection, log, stop, retry };
}

test('work that fails because Redis is down is done when it is back', async (t) => {
  const { server, connection, log, retry } = await setUp(t);
  await server.kill('SIGKILL');
  const done = retry(
    () => connection.command('SET', 'done', 'yes'),
    () => 'A thing waits',
  );
  await until('it is said', () => log.count(/\[warning\].*A thing waits: Redis at/) === 1);
  await server.restart();
  assert.equal(await done, 'OK');
  assert.equal(await connection.command('GET', 'done'), 'yes');
});

test('a wrong type is said as an error at once, once, and the work is done after the repair', async (t) => {
  const { connection, log, retry } = await setUp(t);
  await connection.command('SET', 'list', 'text');
  let tries = 0;
  const done = retry(
    () => {
      tries += 1;
      return connection.command('RPUSH', 'list', 'item');
    },
    () => 'A thing waits',
  );
  await until('it was tried several times', () => tries >= 3);
  assert.equal(log.count(/\[error\].*A thing waits until .* repaired: .*WRONGTYPE/), 1);
  assert.equal(log.lines.length, 1);
  await connection.command('DEL', 'list');
  assert.equal(await done, 1);
});

test('an error that is not of Redis is thrown at once', async (t) => {
  const { retry } = await setUp(t);
  let tries = 0;
  const broken = retry(
    () => {
      tries += 1;
      return Promise.reject(new TypeError('a fault of ours'));
    },
    () => 'A thing waits',
  );
  await assert.rejects(broken, TypeError);
  assert.equal(tries, 1);
});

test('the signal ends the trying with the last error', async (t) => {
  const { server, connection, stop, retry } = await setUp(t);
  await server.kill('SIGKILL');
  const done = retry(
    () => connection.command('PING'),
    () => 'A thing waits',
  );
  const ended = assert.rejects(done, { code: 'REDIS_DOWN', mayHaveRun: false });
  stop.abort();
  await ended;
});

test('the signal ends a try that hangs, and it counts as perhaps done', async (t) => {
  const { server, connection, stop, retry } = await setUp(t);
  await server.kill('SIGSTOP');
  const done = retry(
    () => connection.command('PING'),
    () => 'A thing waits',
  );
  const ended = assert.rejects(done, { code: 'REDIS_DOWN', mayHaveRun: true });
  stop.abort();
  await ended;
});

test('work that begins after the signal is still tried once', async (t) => {
  const { connection, stop, retry } = await setUp(t);
  stop.abort();
  const pong = await retry(
    () => connection.command('PING'),
    () => 'A thing waits',
  );
  assert.equal(pong, 'PONG');
});
