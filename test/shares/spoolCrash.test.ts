import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../libs/primitives/units.ts';
import { coinKeys } from '../../libs/redis/keys.ts';
import { createRedisRecorder } from '../../libs/shares/redisRecorder.ts';
import { spoolRoot } from '../../libs/shares/spoolFolder.ts';
import { unfinishedSpools } from '../../libs/shares/spoolUnfinished.ts';
import { connectFor, hashOf, redisFor } from '../redis/testbed.ts';
import { memoryLog } from '../support/memoryLog.ts';
import { until } from '../support/until.ts';
import { dataDirFor } from './support/dataDir.ts';

// Processes and Redis are killed at random instants; what the processes printed before is the oracle.

const source = fileURLToPath(new URL('support/shareSource.js', import.meta.url));

interface Source {
  readonly child: ChildProcess;
  readonly acknowledged: string[];
}

async function startSource(t: TestContext, dataDir: string, port: number, name: string) {
  const child = spawn(process.execPath, [source, dataDir, String(port), name], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => child.kill('SIGKILL'));
  const started: Source = { child, acknowledged: [] };
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    started.acknowledged.push(...lines);
  });
  await once(child, 'spawn');
  return started;
}

/** Resolves when the source has had so many more shares acknowledged. */
function further(count: number, { acknowledged }: Source): Promise<boolean> {
  const known = acknowledged.length;
  return until('more shares flow', () => acknowledged.length >= known + count);
}

async function kill({ child }: Source): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'close');
}

/** Sequence and value of a deterministic dice, so that a failure can be played again. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test('workers and Redis killed at random instants under load: every acknowledged share is in Redis, and none twice', async (t) => {
  const seed = Date.now() >>> 0;
  t.diagnostic(`seed ${seed}`);
  const roll = dice(seed);
  const dataDir = await dataDirFor(t);
  const redis = await redisFor(t, { args: ['--appendfsync', 'everysec'] });
  const acknowledged = new Set<string>();
  for (let round = 0; round < 4; round += 1) {
    const sources = await Promise.all(
      [0, 1].map((fork) => startSource(t, dataDir, redis.port, `r${round}f${fork}`)),
    );
    await until('shares flow', () => sources.every((one) => one.acknowledged.length > 0));
    const outage = roll(3);
    if (outage === 1) await redis.kill('SIGSTOP');
    if (outage === 2) await redis.kill('SIGKILL');
    // One dies, the other may take its spool over while it lives on.
    const [first, second] = sources;
    assert.ok(first !== undefined && second !== undefined);
    await further(roll(1_000), first);
    await kill(first);
    await further(250 + roll(250), second);
    await kill(second);
    if (outage === 1) await redis.kill('SIGCONT');
    if (outage === 2) await redis.restart();
    for (const one of sources) for (const share of one.acknowledged) acknowledged.add(share);
  }
  assert.ok(acknowledged.size > 1_000, `only ${acknowledged.size} shares`);

  const log = memoryLog();
  const connection = await connectFor(t, { port: redis.port });
  const recorder = createRedisRecorder({
    connection,
    keys: coinKeys('testcoin'),
    dataDir,
    writerId: 'last',
    log,
    now: systemClock,
  });
  t.after(() => recorder.close());
  await recorder.applied();
  assert.equal(await unfinishedSpools(dataDir, 'testcoin'), 0);
  const sums = await hashOf(connection, 'testcoin:shares:roundCurrent');
  const lost = [...acknowledged].filter((share) => sums[share] === undefined);
  const doubled = Object.entries(sums).filter(([, sum]) => sum !== '1');
  assert.deepEqual(lost, []);
  assert.deepEqual(doubled, []);
  assert.equal(log.count('[error]'), 0, log.lines.join(''));
  await until(
    'no spool is left',
    async () => (await readdir(spoolRoot(dataDir, 'testcoin'))).length === 0,
  );
});
