import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../libs/primitives/units.ts';
import { coinKeys } from '../../libs/redis/keys.ts';
import { createRedisRecorder } from '../../libs/shares/redisRecorder.ts';
import { connectFor, hashOf, redisFor } from '../redis/testbed.ts';
import { memoryLog } from '../support/memoryLog.ts';
import { sampleShare } from './sampleShare.ts';
import { dataDirFor } from './support/dataDir.ts';

// What goes wrong in every so manieth group only shows in many of them.

const keys = coinKeys('testcoin');

test('each of three hundred groups, one share each, is in Redis once: in the sum, in the count and in the hashrate', async (t) => {
  const server = await redisFor(t);
  const connection = await connectFor(t, { port: server.port });
  const recorder = createRedisRecorder({
    connection,
    keys,
    dataDir: await dataDirFor(t),
    writerId: 'writer-1',
    log: memoryLog(),
    now: systemClock,
    groupMillis: 1,
    gatherMillis: 1,
  });
  t.after(() => recorder.close());
  const time = Date.now();
  for (let i = 1; i <= 300; i++) {
    const share = sampleShare({ worker: `w${i}`, difficulty: i, time });
    // Waiting for Redis, too, in some of them: then the group comes to it alone.
    assert.ok(await new Promise<boolean>((resolve) => recorder.record(share, resolve)));
    if (i % 3 === 0) await recorder.applied();
  }
  await recorder.applied();
  const sums = await hashOf(connection, keys.roundCurrent);
  const wrong = Object.entries(sums).filter(([worker, sum]) => worker !== `w${sum}`);
  assert.deepEqual(wrong, []);
  assert.equal(Object.keys(sums).length, 300);
  assert.equal((await hashOf(connection, keys.stats))['validShares'], '300');
  assert.equal(await connection.command('zcard', keys.hashrate), 300);
});
