import { type Dice, dice } from './dice.ts';
import { type Mortal, mortal } from './mortal.ts';
import { PayGround } from './payGround.ts';
import {
  resolveUnsent,
  runOnce,
  runUntilQuiet,
  type Scene,
  type SendMode,
  setScene,
  spoiled,
} from './payScenes.ts';
import type { Suite, SuiteRun, Tally } from './suite.ts';

// The payment process is killed at every point of its path, in both ways of sending, and a new one takes over (half
// of them are killed as well). In the end everybody has been paid once.

const both = (name: string): readonly string[] => [`before ${name}`, `after ${name}`];
const everywhere: readonly (readonly [Scene, readonly string[]])[] = [
  ['takeOver', ['step takenOver', ...both('payTakeOver')]],
  ['orphan', ['step suspected', 'step orphaned', ...both('orphanBlock')]],
  ['hold', ['step held', ...both('payNote')]],
  ['refuse', ['step released', ...both('payRelease')]],
  ['pay', ['step credited', 'step intended', 'step journaled', 'step sent', 'step settled']],
  ['pay', ['payLease', 'creditBlock', 'payIntent', 'payMark', 'paySettle'].flatMap(both)],
  [
    'pay',
    ['smembers', 'hgetall', 'getblock', 'decodescript', 'gettransaction', 'getbalance'].flatMap(
      both,
    ),
  ],
];
const pointsOf: Readonly<Record<SendMode, readonly (readonly [Scene, readonly string[]])[]>> = {
  raw: [
    ...everywhere,
    ['pay', ['step built', 'step signed']],
    ['pay', ['createrawtransaction', 'fundrawtransaction'].flatMap(both)],
    ['pay', ['signrawtransactionwithwallet', 'decoderawtransaction'].flatMap(both)],
    ['pay', ['testmempoolaccept', 'lockunspent', 'sendrawtransaction'].flatMap(both)],
    ['refuse', both('gettxout')],
  ],
  sendmany: [
    ...everywhere,
    ['pay', ['step sending']],
    ['pay', ['getblockcount', 'getblockhash', 'sendmany'].flatMap(both)],
    ['lose', both('listsinceblock')],
  ],
};

export const failPoints: Suite = {
  name: 'failPoints',
  counts: 'kills at each point of the payment path in each mode of sending',
  long: 25,
  short: 1,
  async run(run, tally) {
    const turns: Turn[] = [];
    for (const mode of ['raw', 'sendmany'] as const) {
      for (const [scene, points] of pointsOf[mode]) {
        for (const point of points) {
          for (let turn = 0; turn < run.count; turn++) turns.push({ mode, scene, point, turn });
        }
      }
    }
    await playTurns(turns, run, tally);
    const reached = new Set(turns.map(({ mode, point }) => `${mode}: ${point}`));
    tally.count('points', reached.size);
    for (const point of reached) {
      tally.check(
        (tally.figures.get(`hits ${point}`) ?? 0) > 0,
        () => `no turn came by the point "${point}"`,
      );
      tally.figures.delete(`hits ${point}`);
    }
  },
};

interface Turn {
  readonly mode: SendMode;
  readonly scene: Scene;
  readonly point: string;
  readonly turn: number;
}

/** A chain carries some hundred turns; then, or after a failure, the rest goes on on a new one. */
async function playTurns(turns: readonly Turn[], run: SuiteRun, tally: Tally): Promise<void> {
  const queue = [...turns];
  while (queue.length > 0) {
    const ground = await PayGround.open();
    try {
      while (queue.length > 0 && ground.blocksLeft > 4) {
        const turn = queue.shift();
        if (turn === undefined) break;
        const failures = tally.failures.length;
        const label = `${turn.mode}: ${turn.point} #${turn.turn}`;
        await playTurn(ground, turn, label, dice(run.seed).apart(label), tally);
        tally.count('turns');
        if (tally.failures.length > failures) break;
      }
    } finally {
      await ground.close();
    }
  }
}

async function playTurn(
  ground: PayGround,
  turn: Turn,
  label: string,
  throws: Dice,
  tally: Tally,
): Promise<void> {
  const scene = await setScene(ground, turn.scene, throws);
  const client = ground.client();
  const daemon = spoiled(client, turn.mode, turn.scene);
  const { connection } = ground.redis;

  const victim = mortal(connection, daemon, (point) => (point === turn.point ? 'die' : 'live'));
  await live(ground, victim, scene.between, 4);
  if (victim.isDead) {
    tally.count('kills');
    tally.count(`hits ${turn.mode}: ${turn.point}`);
  }

  // Half of the successors die too, anywhere.
  if (throws.chance(0.5)) {
    let calls = throws.between(1, 60);
    const successor = mortal(connection, daemon, () => (--calls === 0 ? 'die' : 'live'));
    await live(ground, successor, scene.between, 2);
    if (successor.isDead) tally.count('kills of successors');
  }

  await scene.mend();
  await live(
    ground,
    mortal(connection, daemon, () => 'live'),
    scene.between,
    3,
  );
  const payer = ground.payer({ connection, client: daemon });
  await runOnce(payer);
  await resolveUnsent(ground, () => payer.resolve({ what: 'unpaid' }), label, tally);
  const report = await runUntilQuiet(payer);
  tally.check(report.outcome === 'done', () => `${label}: the last run ended ${report.problem}`);
  await payer.stop();
  client.close();

  await ground.confirm();
  await ground.oracle.checkMoney(tally, label);
  await ground.oracle.checkShares(tally, label);
}

/** Runs a process until it dies, so many times at most. */
async function live(
  ground: PayGround,
  process: Mortal,
  between: () => Promise<void>,
  runs: number,
): Promise<void> {
  const payer = ground.payer(process);
  for (let i = 0; i < runs && !process.isDead; i++) {
    await runOnce(payer);
    if (!process.isDead) await between();
  }
  await payer.stop();
}
