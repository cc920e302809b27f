import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { slowDiskEnvironment } from '../../scripts/regtest/slowDisk.ts';
import { type Dice, dice } from './dice.ts';
import { kill, ShareGround } from './shareGround.ts';
import type { Suite, SuiteRun, Tally } from './suite.ts';

// kill -9 and SIGSTOP of Redis under load, at any instant, with both settings of its append-only file, and in the end
// on a slow disk, where it forgets what it has acknowledged; now and then a pool worker dies while Redis is away.

const settleEvery = 8;
/** Milliseconds that a slow disk takes longer. */
const slowness = 900;

export const redisKills: Suite = {
  name: 'redis',
  counts: 'kills and stops of Redis',
  long: 200,
  short: 8,
  async run(run, tally) {
    const throws = dice(run.seed);
    const onSlowDisk = Math.floor(run.count / 2);
    const ground = await ShareGround.open();
    try {
      await hurt(ground, run.count - onSlowDisk, throws, ['always', 'everysec'], run, tally);
    } finally {
      await ground.close();
    }
    if (onSlowDisk === 0 || tally.failures.length > 0) return;
    const dir = await mkdtemp(join(tmpdir(), 'slow-disk-'));
    const environment = slowDiskEnvironment(dir, slowness);
    if (environment === undefined) run.say('Without a C compiler no disk can be made slow.');
    const slowGround = await ShareGround.open(environment);
    try {
      await hurt(slowGround, onSlowDisk, throws, ['everysec'], run, tally);
    } finally {
      await slowGround.close();
      await rm(dir, { recursive: true, force: true });
    }
  },
};

async function hurt(
  ground: ShareGround,
  count: number,
  throws: Dice,
  settings: readonly string[],
  run: SuiteRun,
  tally: Tally,
): Promise<void> {
  await setFsync(ground.redis.port, settings[0] ?? 'always');
  await ground.startPortal();
  for (let done = 0; done < count && tally.failures.length === 0; ) {
    const fsync = settings[(done / settleEvery) % settings.length] ?? 'always';
    await setFsync(ground.redis.port, fsync);
    await ground.startCrew();
    const until = Math.min(count, done + settleEvery);
    for (; done < until; done++) {
      await sleep(throws.between(50, 900));
      await once(ground, fsync, throws, tally);
      await ground.flowing();
    }
    await ground.stopCrew();
    run.say(`${done} times, ${ground.oracle.acknowledged} shares acknowledged`);
    await ground.oracle.check(tally, `after ${done}, appendfsync ${fsync}`);
  }
  tally.count('acknowledged shares', ground.oracle.acknowledged);
}

async function once(ground: ShareGround, fsync: string, throws: Dice, tally: Tally): Promise<void> {
  const killsWorker = throws.chance(0.15);
  if (throws.chance(0.6)) {
    await ground.redis.kill('SIGKILL');
    tally.count(`kills with appendfsync ${fsync}`);
    await sleep(throws.between(0, 1_200));
    if (killsWorker) tally.count('pool workers', await killWorker(ground, throws.pick));
    await ground.redis.restart();
    await setFsync(ground.redis.port, fsync);
  } else {
    await ground.redis.kill('SIGSTOP');
    tally.count('stops');
    await sleep(throws.between(50, 2_000));
    if (killsWorker) tally.count('pool workers', await killWorker(ground, throws.pick));
    await ground.redis.kill('SIGCONT');
  }
}

async function killWorker(
  ground: ShareGround,
  pick: (pids: readonly number[]) => number,
): Promise<number> {
  const pids = await ground.pidsOf('pool');
  return pids.length > 0 && kill(pick(pids)) ? 1 : 0;
}

async function setFsync(port: number, fsync: string): Promise<void> {
  const redis = new Redis({ port, host: '127.0.0.1' });
  redis.on('error', () => undefined);
  await redis.config('SET', 'appendfsync', fsync);
  redis.disconnect();
}
