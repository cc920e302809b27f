import { setTimeout as sleep } from 'node:timers/promises';
import { dice } from './dice.ts';
import { MposGround } from './mposGround.ts';
import { kill } from './shareGround.ts';
import type { Suite } from './suite.ts';

// kill -9 and SIGSTOP of MariaDB under load, at any instant, now and then with a pool worker beside it.

const settleEvery = 4;

export const mposKills: Suite = {
  name: 'mpos',
  counts: 'kills and stops of MariaDB under a pool in MPOS mode',
  long: 20,
  short: 3,
  async run(run, tally) {
    const throws = dice(run.seed);
    const ground = await MposGround.open();
    try {
      await ground.startPortal();
      for (let done = 0; done < run.count && tally.failures.length === 0; ) {
        await ground.startCrew();
        const end = Math.min(run.count, done + settleEvery);
        for (; done < end; done++) {
          await sleep(throws.between(50, 900));
          const stops = throws.chance(0.2);
          await ground.maria.kill(stops ? 'SIGSTOP' : 'SIGKILL');
          tally.count(stops ? 'stops' : 'kills');
          await sleep(throws.between(0, 1_500));
          if (throws.chance(0.4)) {
            const pids = await ground.poolWorkers();
            if (pids.length > 0 && kill(throws.pick(pids))) tally.count('pool workers');
          }
          if (stops) await ground.maria.kill('SIGCONT');
          else await ground.maria.restart();
          await ground.flowing();
        }
        await ground.stopCrew();
        run.say(`${done} times, ${ground.acknowledged} shares acknowledged`);
        await ground.check(tally, `after ${done}`);
      }
      tally.count('acknowledged shares', ground.acknowledged);
    } finally {
      await ground.close();
    }
  },
};
