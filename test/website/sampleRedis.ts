import type { RedisConnection } from '../../libs/redis/connection.ts';
import { hashOf } from './support.ts';

// A pool's keys as the original NOMP and this pool write them, with figures that can be reckoned by hand.

/** 2026-11-24 12:00:00 UTC. */
export const sampleSeconds = 1_795_521_600;
export const sampleMillis = sampleSeconds * 1000;

export const alice = 'LTpYZG19YmfvY2bBDYtCKpunVRw7nVgRHW';
export const bob = 'LYWKqJhtPeGyBAw7WC8R3F7ovxtzAiubdM';

/** Shares of the last minutes: alice.rig1 3 × 64, alice.rig2 one of 128, bob one of 64 and an invalid one of 32. */
export async function fillShares(redis: RedisConnection, seconds = sampleSeconds): Promise<void> {
  const share = (ago: number, worker: string, difficulty: number) => {
    const at = seconds - ago;
    return [at, `${difficulty}:${worker}:${at * 1000 + 7}`] as const;
  };
  const shares = [
    share(10, `${alice}.rig1`, 64),
    share(60, `${alice}.rig1`, 64),
    share(200, `${alice}.rig1`, 64),
    share(30, `${alice}.rig2`, 128),
    share(40, bob, 64),
    share(41, bob, -32),
    // Before the window of 300 seconds.
    share(301, bob, 1_000_000),
  ];
  await redis.send('zadd', ['litecoin:hashrate', ...shares.flat()]);
  await redis.send('hset', [
    ...['litecoin:shares:roundCurrent', `${alice}.rig1`, '600', `${alice}.rig2`, '150.5'],
    ...[bob, '249.5'],
  ]);
  await redis.send('hset', [
    ...['litecoin:stats', 'validShares', '12345', 'invalidShares', '67', 'validBlocks', '5'],
    ...['totalPaid', '123.45678901'],
  ]);
}

/**
 * Blocks 1000 (orphaned, of an older pool), 1001 (kicked), 1002 (confirmed, of an older pool), 1003 (confirmed) and
 * 1004 (pending, found by alice.rig1 with half the expected work).
 */
export async function fillBlocks(redis: RedisConnection): Promise<void> {
  const member = (n: number) => `${hashOf(n)}:${hashOf(n + 50_000)}:${n}`;
  await redis.command('sadd', 'litecoin:blocksOrphaned', member(1_000));
  await redis.command('sadd', 'litecoin:blocksKicked', member(1_001));
  await redis.command('sadd', 'litecoin:blocksConfirmed', member(1_002), member(1_003));
  await redis.command('sadd', 'litecoin:blocksPending', member(1_004));
  const facts = [
    [1_003, 'confirmed', bob, sampleMillis - 7_200_000, '1.5', ''],
    [1_004, 'accepted', `${alice}.rig1`, sampleMillis - 3_600_000, '0.5', '42'],
  ] as const;
  for (const [height, state, finder, time, effort, confirmations] of facts) {
    await redis.command('zadd', 'litecoin:blk:index', height, hashOf(height));
    await redis.send('hset', [
      ...[`litecoin:blk:${hashOf(height)}`, 'state', state, 'height', height],
      ...['txHash', hashOf(height + 50_000), 'finder', finder, 'time', time],
      ...['reward', '625000000', 'networkDifficulty', '2000', 'effort', effort],
      ...(confirmations === '' ? [] : ['confirmations', confirmations]),
    ]);
  }
  // The round of the pending block: 600 of 1000 are alice's.
  await redis.send('hset', ['litecoin:shares:round1004', `${alice}.rig1`, '600', bob, '400']);
}

export async function fillMoney(redis: RedisConnection): Promise<void> {
  await redis.command(
    'hset',
    'litecoin:balances',
    `${alice}.rig1`,
    '0.29',
    `${alice}.rig2`,
    '0.01',
  );
  await redis.command('hset', 'litecoin:payouts', `${alice}.rig1`, '12.5', bob, '3');
  await redis.command(
    'lpush',
    'litecoin:payments',
    // As z-nomp wrote them.
    JSON.stringify({
      time: sampleMillis - 90_000_000,
      txid: hashOf(1),
      shares: 5,
      paid: 1.5,
      miners: 1,
    }),
    JSON.stringify({
      ...{ time: sampleMillis - 60_000, txid: hashOf(2), paid: '2.75', fee: '0.0001', miners: 2 },
      amounts: { [alice]: '2.5', [bob]: '0.25' },
      batch: 'b',
    }),
  );
  const paid = (time: number, n: number, amount: string) =>
    JSON.stringify({ time, txid: hashOf(n), amount });
  await redis.command(
    'lpush',
    `litecoin:miner:${alice}:payments`,
    paid(sampleMillis - 90_000_000, 1, '1.5'),
    paid(sampleMillis - 120_000, 3, '0.2'),
    paid(sampleMillis - 60_000, 2, '2.5'),
  );
  await redis.command(
    'hset',
    'litecoin:workersSeen',
    `${alice}.rig1`,
    `${sampleMillis - 86_400_000}:${sampleMillis - 10_000}:99999.5`,
    `${alice}.old`,
    `${sampleMillis - 86_400_000}:${sampleMillis - 80_000_000}:5`,
    `${alice}.idle`,
    `${sampleMillis - 86_400_000}:${sampleMillis - 1_800_000}:7`,
  );
}

export async function fillAll(redis: RedisConnection): Promise<void> {
  await fillShares(redis);
  await fillBlocks(redis);
  await fillMoney(redis);
}
