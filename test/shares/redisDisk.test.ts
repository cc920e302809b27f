import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { millis } from '../../libs/primitives/units.ts';
import { coinKeys } from '../../libs/redis/keys.ts';
import {
  createRedisDisk,
  provesSafe,
  type RedisKeeping,
  untilKept,
} from '../../libs/shares/redisDisk.ts';
import { connectFor, redisFor } from '../redis/testbed.ts';
import { memoryLog } from '../support/memoryLog.ts';
import { until } from '../support/until.ts';

const keys = coinKeys('testcoin');
const sequenceKey = keys.spoolSequence('w');

async function setUp(t: TestContext, ...args: string[]) {
  const server = await redisFor(t, { args });
  const connection = await connectFor(t, { port: server.port });
  const log = memoryLog();
  let clock = 1_000_000;
  const now = () => millis(clock);
  const disk = createRedisDisk({ connection, keys, sequenceKey, log, now });
  return {
    server,
    connection,
    now,
    log,
    safe: () => disk.safeSequence(),
    apply: (sequence: number) => connection.command('set', sequenceKey, sequence),
    pass: (milliseconds: number) => {
      clock += milliseconds;
    },
    /** The value of a field of INFO persistence. */
    info: async (field: string) => {
      const info = String(await connection.command('info', 'persistence'));
      return new RegExp(`^${field}:(.*)\r$`, 'm').exec(info)?.[1];
    },
  };
}

test('appendfsync always: what is applied is safe at once', async (t) => {
  const { safe, apply } = await setUp(t, '--appendfsync', 'always');
  assert.equal(await safe(), 0);
  await apply(5);
  assert.equal(await safe(), 5);
});

test('appendfsync everysec: safe after two seconds, and only what was there then', async (t) => {
  const { safe, apply, pass, info } = await setUp(t, '--appendfsync', 'everysec');
  await apply(5);
  assert.equal(await safe(), 0);
  pass(1_999);
  await apply(6);
  assert.equal(await safe(), 0);
  pass(1);
  await until('nothing is pending', async () => (await info('aof_pending_bio_fsync')) === '0');
  assert.equal(await safe(), 5);
  pass(2_000);
  await until('nothing is pending', async () => (await info('aof_pending_bio_fsync')) === '0');
  assert.equal(await safe(), 6);
});

test('a Redis that was restarted in between must prove it anew', async (t) => {
  const { server, connection, safe, apply, pass } = await setUp(t, '--appendfsync', 'everysec');
  await apply(5);
  await safe();
  await server.kill('SIGKILL');
  await server.restart();
  await until('it is back', () => connection.ready);
  pass(60_000);
  assert.equal(await safe(), 0);
  pass(2_000);
  assert.equal(await safe(), 5);
});

test('snapshots: safe after a save that began later', async (t) => {
  const { connection, safe, apply, pass, info } = await setUp(
    t,
    ...['--appendonly', 'no', '--save', '3600 1'],
  );
  await apply(5);
  assert.equal(await safe(), 0);
  pass(3_600_000);
  assert.equal(await safe(), 0);
  const last = await info('rdb_last_save_time');
  await until('the clock of saves has moved on', async () => {
    await connection.command('save');
    return (await info('rdb_last_save_time')) !== last;
  });
  assert.equal(await safe(), 5);
});

test('snapshots: a save that ran already when a group was applied does not make it safe, the next one does', async (t) => {
  const { connection, safe, apply, info } = await setUp(
    t,
    ...['--appendonly', 'no', '--save', '3600 1', '--rdb-key-save-delay', '300000'],
  );
  await apply(4);
  await connection.command('bgsave');
  await apply(5);
  assert.equal(await info('rdb_bgsave_in_progress'), '1');
  assert.equal(await safe(), 0);
  await until('the save has ended', async () => (await info('rdb_bgsave_in_progress')) === '0');
  assert.equal(await safe(), 0);
  const last = await info('rdb_last_save_time');
  await connection.command('config', 'set', 'rdb-key-save-delay', '0');
  await until('the clock of saves has moved on', async () => {
    await connection.command('save');
    return (await info('rdb_last_save_time')) !== last;
  });
  assert.equal(await safe(), 5);
});

test('without any persistence: safe after a minute, and it is said once', async (t) => {
  const { safe, apply, pass, log } = await setUp(t, '--appendonly', 'no', '--save', '');
  await apply(5);
  assert.equal(await safe(), 0);
  pass(59_999);
  assert.equal(await safe(), 0);
  pass(1);
  assert.equal(await safe(), 5);
  assert.equal(log.count(/\[warning\].*writes nothing to its disk.*appendonly yes/), 1);
});

test('a Redis that is away proves nothing', async (t) => {
  const { server, safe } = await setUp(t);
  await server.kill('SIGKILL');
  await assert.rejects(safe(), { code: 'REDIS_DOWN' });
});

test('a pending or failed fsync, and a save that ran already, prove nothing', () => {
  const good = {
    aof_pending_bio_fsync: '0',
    aof_last_write_status: 'ok',
    rdb_bgsave_in_progress: '0',
    rdb_last_save_time: '7',
  };
  const proves = (keeping: RedisKeeping, earlier: object, later: object, passed = 60_000) =>
    provesSafe(
      { at: 0, info: new Map(Object.entries({ ...good, ...earlier })) },
      { at: passed, info: new Map(Object.entries({ ...good, ...later })) },
      keeping,
    );
  assert.ok(proves('second', {}, {}));
  assert.ok(!proves('second', {}, { aof_pending_bio_fsync: '1' }));
  assert.ok(!proves('second', {}, { aof_last_write_status: 'err' }));
  assert.ok(!proves('second', {}, {}, 1_999));
  assert.ok(!proves('always', {}, { aof_last_write_status: 'err' }));
  assert.ok(proves('snapshot', {}, { rdb_last_save_time: '8' }));
  assert.ok(!proves('snapshot', { rdb_bgsave_in_progress: '1' }, { rdb_last_save_time: '8' }));
  assert.ok(!proves('snapshot', {}, {}));
  assert.ok(proves('system', {}, {}));
  assert.ok(!proves('never', {}, {}, 59_999));
});

test('with appendfsync everysec what is there is kept when a later look at the same run of Redis proves it', async (t) => {
  const { server, connection, now, apply } = await setUp(t, '--appendfsync', 'everysec');
  await apply(1);
  const startedAt = performance.now();
  let looks = 0;
  const isThere = async () => {
    looks += 1;
    // What came before a restart proves nothing.
    if (looks === 1) await server.restart();
    return true;
  };
  const options = { connection, key: sequenceKey, now: () => millis(performance.now()) };
  await until('Redis is there', () => connection.ready);
  const tries = async (): Promise<boolean> => {
    try {
      return await untilKept(isThere, options);
    } catch {
      await until('Redis is back', () => connection.ready);
      return tries();
    }
  };
  assert.equal(await tries(), true);
  assert.ok(performance.now() - startedAt >= 2_000);
  assert.ok(looks >= 3, `${looks} looks`);
  assert.equal(await untilKept(async () => false, { ...options, now }), false);
});
