import { setTimeout as sleep } from 'node:timers/promises';
import { dice } from './dice.ts';
import { kill, type RoleName, ShareGround } from './shareGround.ts';
import type { Suite } from './suite.ts';

// kill -9 of pool workers, the payment process and the master under load, at any instant.

/** A process that dies more often is respawned too slowly to be worth waiting for. */
const killsOfOne = 3;

export const workerKills: Suite = {
  name: 'workers',
  counts: 'kills of pool workers, the payment process and the master',
  long: 1_000,
  short: 24,
  async run(run, tally) {
    const throws = dice(run.seed);
    const ground = await ShareGround.open();
    try {
      let kills = 0;
      const killed = (figure: string) => {
        kills += 1;
        tally.count(figure);
      };
      for (let life = 1; kills < run.count && tally.failures.length === 0; life++) {
        await ground.startPortal();
        await ground.startCrew();
        const left = { pool: 2 * killsOfOne, payments: killsOfOne };
        while (left.pool + left.payments > 0 && kills < run.count - 1) {
          await sleep(throws.between(20, 900));
          const role: RoleName =
            throws.between(1, left.pool + left.payments) > left.pool ? 'payments' : 'pool';
          const pids = await ground.pidsOf(role);
          if (pids.length === 0) continue;
          // Now and then both pool workers at once: then nobody is left to take shares.
          const victims = role === 'pool' && throws.chance(0.15) ? pids : [throws.pick(pids)];
          for (const pid of victims) {
            if (left[role] === 0 || !kill(pid)) continue;
            left[role] -= 1;
            killed(role === 'pool' ? 'pool workers' : 'payment processes');
          }
        }
        await sleep(throws.between(20, 900));
        const withChildren = throws.chance(0.5);
        await ground.killPortal(withChildren);
        killed(withChildren ? 'whole portals' : 'masters');
        await ground.stopCrew();
        run.say(`life ${life}: ${kills} kills, ${ground.oracle.acknowledged} shares acknowledged`);
        await ground.startPortal();
        await ground.oracle.check(tally, `life ${life}`);
        await ground.portal.stop();
      }
      tally.count('acknowledged shares', ground.oracle.acknowledged);
    } finally {
      await ground.close();
    }
  },
};
