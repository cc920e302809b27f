import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Lease, LeaseLost } from '../../libs/payments/lease.ts';
import { Ledger } from '../../libs/payments/ledger.ts';
import { proportional } from '../../libs/payments/rewards.ts';
import { millis, satoshis } from '../../libs/primitives/units.ts';
import { coinKeys } from '../../libs/redis/keys.ts';
import type { RedisServerOptions } from '../../scripts/regtest/redisServer.ts';
import { until } from '../support/until.ts';
import { openTestRedis, type TestRedis } from './support.ts';

const keys = coinKeys('litecoin');

async function redisFor(t: TestContext, options?: RedisServerOptions): Promise<TestRedis> {
  const redis = await openTestRedis(options);
  t.after(() => redis.close());
  return redis;
}

const leaseIn = ({ connection }: TestRedis) => new Lease(connection, keys, 30_000);
const ledgerOf = ({ connection }: TestRedis, lease: Lease) =>
  new Ledger({ connection, keys, lease, decimals: 8, now: () => millis(1_000) });
const epochIn = async (redis: TestRedis) => (await redis.hash(keys.pay('lease')))['epoch'] ?? '';
const numberIn = async (redis: TestRedis) => Number.parseInt(await epochIn(redis), 10);

const [blockHash, txHash] = ['a'.repeat(64), 'f'.repeat(64)];
const block = { member: `${blockHash}:${txHash}:7`, blockHash, txHash, height: 7 };

/** A block that waits to be credited. */
async function leavePending(redis: TestRedis): Promise<void> {
  await redis.command('SADD', keys.blocksPending, block.member);
  await redis.command('HSET', keys.round(7), 'alice', '1');
}

/** kill -9, and back as its last SAVE was. */
async function crash({ server, connection }: TestRedis): Promise<void> {
  await server.kill('SIGKILL');
  await server.restart();
  await until('Redis answers', () =>
    connection.command('PING').then(
      () => true,
      () => false,
    ),
  );
}

const forgetful = { args: ['--appendonly', 'no'] };

test('a lease is one process at a time, and passes on when it runs out or is given up', async (t) => {
  const redis = await redisFor(t);
  const [first, other] = [leaseIn(redis), leaseIn(redis)];
  assert.equal(await first.take(), true);
  assert.equal(await other.take(), false);
  assert.equal(await first.take(), true);
  await first.leave();
  assert.equal(await other.take(), true);
  assert.equal(await first.take(), false);
  await assert.rejects(first.renew(), LeaseLost);
  await redis.command('HSET', keys.pay('lease'), 'until', '1');
  assert.equal(await first.take(), true);
  await assert.rejects(other.renew(), LeaseLost);
});

test('each new holder has a higher epoch, and keeping the lease keeps it', async (t) => {
  const redis = await redisFor(t);
  const [first, other] = [leaseIn(redis), leaseIn(redis)];
  await first.take();
  assert.equal(await numberIn(redis), 1);
  const epoch = await epochIn(redis);
  await first.take();
  await first.renew();
  assert.equal(await epochIn(redis), epoch);
  await first.leave();
  await other.take();
  assert.equal(await numberIn(redis), 2);
  await other.leave();
  await first.take();
  assert.equal(await numberIn(redis), 3);
});

test('the epoch of an earlier version, a bare number, is counted on', async (t) => {
  const redis = await redisFor(t);
  await redis.command('HSET', keys.pay('lease'), 'epoch', '41');
  await leaseIn(redis).take();
  assert.equal(await numberIn(redis), 42);
});

test('a holder whom a crashed Redis has forgotten can write nothing beside the next one of the same number', async (t) => {
  const redis = await redisFor(t, forgetful);
  const [earlier, forgotten, next] = [leaseIn(redis), leaseIn(redis), leaseIn(redis)];
  await leavePending(redis);
  await earlier.take();
  await earlier.leave();
  await redis.command('SAVE');
  await forgotten.take();
  const number = await numberIn(redis);
  await crash(redis);
  assert.equal(await next.take(), true);
  assert.equal(await numberIn(redis), number, 'the counter repeats');

  const credit = (lease: Lease) =>
    ledgerOf(redis, lease).creditBlock(block, satoshis(100n), proportional);
  await assert.rejects(credit(forgotten), LeaseLost);
  assert.deepEqual(await redis.hash(keys.balances), {});
  await assert.rejects(forgotten.renew(), LeaseLost);
  assert.equal((await credit(next)).kind, 'credited');
});

test('a holder whom a crashed Redis has forgotten must begin anew, also when nobody came in between', async (t) => {
  const redis = await redisFor(t, forgetful);
  const lease = leaseIn(redis);
  await leavePending(redis);
  await redis.command('SAVE');
  await lease.take();
  await crash(redis);
  await assert.rejects(lease.renew(), LeaseLost);
  const ledger = ledgerOf(redis, lease);
  await assert.rejects(ledger.creditBlock(block, satoshis(100n), proportional), LeaseLost);
  assert.equal(await lease.take(), true);
  const outcome = await ledger.creditBlock(block, satoshis(100n), proportional);
  assert.equal(outcome.kind, 'credited');
});
