import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MposGround } from '../chaos/mposGround.ts';
import { kill } from '../chaos/shareGround.ts';
import { Tally } from '../chaos/suite.ts';
import { cleanUp } from '../support/cleanup.ts';

test('MariaDB down under load: miners are answered, a dead worker’s shares are kept, and every share is one row when it is back', async (t) => {
  const ground = await MposGround.open({ blockPart: 0 });
  cleanUp(t, () => ground.close());
  await ground.startPortal();
  await ground.startCrew();
  await ground.flowing(20);
  const from = ground.portal.output.length;
  await ground.maria.kill('SIGTERM');
  await ground.portal.line(
    /\[warning\].*\d+ shares of litecoin wait in the spool: MySQL at 127\.0\.0\.1.*ECONNREFUSED/,
    { from },
  );
  await ground.flowing(50);
  const [victim = 0] = await ground.poolWorkers();
  assert.ok(kill(victim));
  await ground.portal.line(/takes miners/, { from });
  await ground.flowing(50);
  const said = ground.portal.output
    .slice(from)
    .split('\n')
    .filter((line) => line.includes('wait in the spool'));
  // Once a minute for each process: two workers, and the one that took a dead one's place.
  assert.ok(said.length <= 3, said.join('\n'));
  await ground.stopCrew();
  await ground.maria.restart();
  const tally = new Tally((line) => t.diagnostic(line));
  await ground.check(tally, 'after the outage');
  assert.deepEqual(tally.failures, []);
  assert.ok(ground.acknowledged > 6 * 120, `${ground.acknowledged}`);
  await ground.portal.line(/\[special\].*MySQL at .* works again/, { from });
});

test('MPOS’s database is down at the start: the pool mines, and its shares are in when it comes', async (t) => {
  const ground = await MposGround.open({ miners: 2, blockPart: 0.05 });
  cleanUp(t, () => ground.close());
  await ground.maria.kill('SIGKILL');
  await ground.startPortal();
  await ground.startCrew();
  await ground.flowing(30);
  await ground.stopCrew();
  await ground.portal.line(/wait in the spool/);
  await ground.maria.restart();
  const tally = new Tally((line) => t.diagnostic(line));
  await ground.check(tally, 'after the start');
  assert.deepEqual(tally.failures, []);
});
