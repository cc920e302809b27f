import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BanStore } from '../../libs/cluster/banStore.ts';
import { createLogger } from '../../libs/log/logger.ts';
import { millis } from '../../libs/primitives/units.ts';
import { openRedis, waitForRedis } from '../../libs/redis/connection.ts';
import { startRedis } from '../../scripts/regtest/redisServer.ts';
import { cleanUp } from '../support/cleanup.ts';

test('bans come back after a restart until their time is over; what cannot be read is removed', async (t) => {
  const server = await startRedis();
  cleanUp(t, () => server.stop());
  const lines: string[] = [];
  const log = createLogger(
    { level: 'debug', colors: false, format: 'text' },
    { write: (line) => void lines.push(line) },
  );
  const redis = openRedis({ host: '127.0.0.1', port: server.port }, log);
  cleanUp(t, () => redis.close());
  await waitForRedis(redis, AbortSignal.timeout(10_000));
  let now = 1_000_000;
  const open = () => new BanStore(redis, log, () => millis(now));

  const short = { ip: '192.0.2.1', until: 1_010_000, why: 'by the operator' };
  const long = {
    ip: '2001:db8:0:1::/64',
    until: 1_900_000,
    why: '60 % of 500 shares were invalid',
  };
  await open().save(short);
  await open().save(long);
  await redis.command(
    'HSET',
    'nomp:bans',
    '198.51.100.1',
    'garbage',
    '198.51.100.2',
    '{"until":"1"}',
  );
  assert.deepEqual(
    (await open().load()).sort((a, b) => a.until - b.until),
    [short, long],
  );
  assert.equal(await redis.command('HLEN', 'nomp:bans'), 2);

  now = 1_010_000;
  assert.deepEqual(await open().load(), [long]);
  await open().save({ ...long, until: 0 });
  assert.deepEqual(await open().load(), []);

  await server.kill('SIGKILL');
  await open().save(long);
  assert.ok(lines.some((line) => line.includes('[warning]') && line.includes(long.ip)));
});
