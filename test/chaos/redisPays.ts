import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitForRedis } from '../../libs/redis/connection.ts';
import { slowDiskEnvironment } from '../../scripts/regtest/slowDisk.ts';
import { until } from '../support/until.ts';
import { type Dice, dice } from './dice.ts';
import { PayGround } from './payGround.ts';
import {
  oldDaemon,
  randomFinding,
  randomRound,
  randomScheme,
  resolveUnsent,
  runUntilQuiet,
  type SendMode,
} from './payScenes.ts';
import type { Suite, SuiteRun, Tally } from './suite.ts';

// kill -9 of Redis while blocks are credited and payments made, with both settings of its append-only file, and in the
// end on a slow disk, where it forgets seconds of what it has acknowledged. What it forgets is done again, and everybody
// is paid once.

type Fsync = 'always' | 'everysec';

/** Milliseconds that a slow disk takes longer. */
const slowness = 900;

export const redisPays: Suite = {
  name: 'redisPays',
  counts: 'kills of Redis while payments are made',
  long: 100,
  short: 6,
  async run(run, tally) {
    const slow = Math.floor(run.count / 3);
    await play(await PayGround.open(), 0, run.count - slow, ['always', 'everysec'], run, tally);
    if (slow === 0 || tally.failures.length > 0) return;
    const dir = await mkdtemp(join(tmpdir(), 'slow-disk-'));
    const env = slowDiskEnvironment(dir, slowness);
    if (env === undefined) run.say('Without a C compiler no disk can be made slow.');
    const ground = await PayGround.open(slow + 20, { env, args: ['--appendfsync', 'everysec'] });
    await play(ground, run.count - slow, run.count, ['everysec'], run, tally);
    await rm(dir, { recursive: true, force: true });
  },
};

async function play(
  ground: PayGround,
  first: number,
  last: number,
  settings: readonly Fsync[],
  run: SuiteRun,
  tally: Tally,
): Promise<void> {
  try {
    for (let turn = first; turn < last && tally.failures.length === 0; turn++) {
      const label = `kill #${turn}`;
      const throws = dice(run.seed).apart(label);
      await playTurn(ground, throws.pick(settings), label, throws, tally);
    }
  } finally {
    await ground.close();
  }
}

async function playTurn(
  ground: PayGround,
  fsync: Fsync,
  label: string,
  throws: Dice,
  tally: Tally,
): Promise<void> {
  const { connection, server } = ground.redis;
  const mode: SendMode = throws.chance(0.5) ? 'raw' : 'sendmany';
  const when = `${label} (${mode}, appendfsync ${fsync})`;
  await connection.command('CONFIG', 'SET', 'appendfsync', fsync);
  ground.scheme = randomScheme(throws);
  await ground.mine(randomRound(ground, throws));
  await ground.findMature(randomFinding(ground, throws));
  // A pool worker has what it needs to do this again; here it must not be forgotten.
  await until('what the pool has written is in the file', async () => {
    const info = String(await connection.command('INFO', 'persistence'));
    return /^aof_buffer_length:0\r$/m.test(info);
  });

  const client = ground.client();
  const daemon = mode === 'raw' ? client : oldDaemon(client);
  const payer = ground.payer({ connection, client: daemon });
  const running = payer.runOnce();
  // With "everysec" a payment waits three seconds for Redis' disk.
  await sleep(throws.between(0, fsync === 'always' || throws.chance(0.5) ? 120 : 3_600));
  await server.kill('SIGKILL');
  tally.count(`kills with ${fsync}`);
  if (throws.chance(0.5)) await running;
  await server.restart();
  await running;
  await waitForRedis(connection, AbortSignal.timeout(10_000));

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
