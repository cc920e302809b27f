import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { dice } from './dice.ts';
import { kill, ShareGround } from './shareGround.ts';
import type { Suite } from './suite.ts';

// kill -9 and SIGSTOP of Redis under load, at any instant, with both settings of its append-only file; now and then a
// pool worker dies while Redis is away.

const settleEvery = 8;

export const redisKills: Suite = {
  name: 'redis',
  counts: 'kills and stops of Redis',
  long: 200,
  short: 8,
  async run(run, tally) {
    const throws = dice(run.seed);
    const ground = await ShareGround.open();
    try {
      await ground.startPortal();
      for (let done = 0; done < run.count && tally.failures.length === 0; ) {
        const fsync = (done / settleEvery) % 2 === 0 ? 'always' : 'everysec';
        await setFsync(ground.redis.port, fsync);
        await ground.startCrew();
        const until = Math.min(run.count, done + settleEvery);
        for (; done < until; done++) {
          await sleep(throws.between(50, 900));
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
          await ground.flowing();
        }
        await ground.stopCrew();
        run.say(`${done} times, ${ground.oracle.acknowledged} shares acknowledged`);
        await ground.oracle.check(tally, `after ${done}, appendfsync ${fsync}`);
      }
      tally.count('acknowledged shares', ground.oracle.acknowledged);
    } finally {
      await ground.close();
    }
  },
};

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
