import { setTimeout as sleep } from 'node:timers/promises';
import { MposGround } from './mposGround.ts';
import type { Suite } from './suite.ts';

// MariaDB is away for minutes under load: miners are answered all the time, memory does not grow, the log says it once
// a minute, and every share is one row in the end.

const minute = 60_000;
/** Seconds after which the memory of the pool workers is what it will be. */
const settled = 20;
const mostGrowth = 24 * 1024 * 1024;

export const mposOutage: Suite = {
  name: 'mpos-outage',
  counts: 'minutes without MariaDB under a pool in MPOS mode',
  long: 5,
  short: 1,
  async run(run, tally) {
    const ground = await MposGround.open({ miners: 8, sharesPerSecond: 40, blockPart: 0 });
    try {
      await ground.startPortal();
      await ground.startCrew();
      await ground.maria.kill('SIGKILL');
      const from = ground.portal.output.length;
      const awayAt = Date.now();
      await sleep(settled * 1_000);
      const before = await ground.memory();
      while (Date.now() - awayAt < run.count * minute) {
        await ground.flowing();
        await sleep(500);
      }
      const growth = (await ground.memory()) - before;
      tally.check(
        growth < mostGrowth,
        () => `the pool workers grew by ${growth} bytes while MariaDB was away`,
      );
      tally.count('KiB grown', Math.round(growth / 1024));
      const lines = ground.portal.output.slice(from).split('\n');
      const said = lines.filter((line) => line.includes('wait in the spool')).length;
      const workers = (await ground.poolWorkers()).length;
      tally.check(
        said >= workers * run.count && said <= workers * (run.count + 1),
        () => `${workers} pool workers said it ${said} times in ${run.count} minutes`,
      );
      await ground.maria.restart();
      await ground.flowing();
      await ground.stopCrew();
      await ground.check(tally, 'after the outage');
      tally.count('acknowledged shares', ground.acknowledged);
    } finally {
      await ground.close();
    }
  },
};
