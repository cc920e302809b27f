import { setTimeout as sleep } from 'node:timers/promises';
import { waitForRedis } from '../../libs/redis/connection.ts';
import { type Dice, dice } from './dice.ts';
import { PayGround } from './payGround.ts';
import {
  oldDaemon,
  randomRound,
  resolveUnsent,
  runUntilQuiet,
  type SendMode,
} from './payScenes.ts';
import type { Suite, Tally } from './suite.ts';

// kill -9 of Redis while blocks are credited and payments made, with both settings of its append-only file. What it
// forgets by that is done again, and everybody is paid once.

export const redisPays: Suite = {
  name: 'redisPays',
  counts: 'kills of Redis while payments are made',
  long: 100,
  short: 6,
  async run(run, tally) {
    const ground = await PayGround.open();
    try {
      for (let turn = 0; turn < run.count && tally.failures.length === 0; turn++) {
        const label = `kill #${turn}`;
        await playTurn(ground, label, dice(run.seed).apart(label), tally);
      }
    } finally {
      await ground.close();
    }
  },
};

async function playTurn(
  ground: PayGround,
  label: string,
  throws: Dice,
  tally: Tally,
): Promise<void> {
  const { connection, server } = ground.redis;
  const mode: SendMode = throws.chance(0.5) ? 'raw' : 'sendmany';
  const fsync = throws.chance(0.7) ? 'always' : 'everysec';
  const when = `${label} (${mode}, appendfsync ${fsync})`;
  await connection.command('CONFIG', 'SET', 'appendfsync', fsync);
  await ground.mine(randomRound(ground, throws));
  await ground.findMature();

  const client = ground.client();
  const daemon = mode === 'raw' ? client : oldDaemon(client);
  const payer = ground.payer({ connection, client: daemon });
  const running = payer.runOnce();
  // With "everysec" a payment waits two seconds for Redis' disk.
  await sleep(throws.between(0, fsync === 'always' || throws.chance(0.5) ? 120 : 2_400));
  await server.kill('SIGKILL');
  tally.count(`kills with ${fsync}`);
  if (throws.chance(0.5)) await running;
  await server.restart();
  await running;
  await waitForRedis(connection, AbortSignal.timeout(10_000));

  await connection.command('CONFIG', 'SET', 'appendfsync', 'always');
  await runUntilQuiet(payer);
  await resolveUnsent(ground, () => payer.resolve({ what: 'unpaid' }), when, tally);
  const report = await runUntilQuiet(payer);
  tally.check(report.outcome === 'done', () => `${when}: the last run ended ${report.problem}`);
  await payer.stop();
  client.close();
  await ground.confirm();
  await ground.oracle.checkMoney(tally, when);
  await ground.oracle.checkShares(tally, when);
}
