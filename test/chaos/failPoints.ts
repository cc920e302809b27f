import { type Dice, dice } from './dice.ts';
import { type Mortal, mortal } from './mortal.ts';
import { PayGround } from './payGround.ts';
import {
  randomScheme,
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
    ['mute', both('payFee')],
  ],
};

export const failPoints = failPointsIn('raw', 'sendmany');

export function failPointsIn(...modes: readonly SendMode[]): Suite {
  return {
    name: 'failPoints',
    counts: `kills at each point of the payment path (${modes.join(', ')})`,
    long: 25,
    short: 1,
    async run(run, tally) {
      const points = modes.flatMap((mode) =>
        pointsOf[mode].flatMap(([scene, names]) => names.map((point) => ({ mode, scene, point }))),
      );
      tally.count('points', points.length);
      const turns = points.flatMap((point) =>
        Array.from({ length: run.count }, (_, turn) => ({ ...point, turn })),
      );
      const reached = await playTurns(turns, run, tally);
      for (const { mode, point } of points) {
        tally.check(
          reached.has(`${mode} ${point}`),
          () => `${mode}: no turn came by the point "${point}"`,
        );
      }
    },
  };
}

interface Turn {
  readonly mode: SendMode;
  readonly scene: Scene;
  readonly point: string;
  readonly turn: number;
}

/** A chain carries some hundred turns; then, or after a failure, the rest goes on on a new one. */
async function playTurns(
  turns: readonly Turn[],
  run: SuiteRun,
  tally: Tally,
): Promise<ReadonlySet<string>> {
  const reached = new Set<string>();
  const queue = [...turns];
  while (queue.length > 0) {
    const ground = await PayGround.open();
    try {
      while (queue.length > 0 && ground.blocksLeft > 4) {
        const turn = queue.shift();
        if (turn === undefined) break;
        const failures = tally.failures.length;
        const label = `${turn.mode}: ${turn.point} #${turn.turn}`;
        const hit = await playTurn(ground, turn, label, dice(run.seed).apart(label), tally);
        if (hit) reached.add(`${turn.mode} ${turn.point}`);
        tally.count('turns');
        if (tally.failures.length > failures) break;
      }
    } finally {
      await ground.close();
    }
  }
  return reached;
}

/** True if the process came by the point, and died there. */

async function playTurn(
  ground: PayGround,
  turn: Turn,
  label: string,
  throws: Dice,
  tally: Tally,
): Promise<boolean> {
  ground.scheme = randomScheme(throws);
  tally.count(ground.scheme);
  const scene = await setScene(ground, turn.scene, throws);
  const client = ground.client();
  const daemon = spoiled(client, turn.mode, turn.scene);
  const { connection } = ground.redis;

  const victim = mortal(connection, daemon, (point) => (point === turn.point ? 'die' : 'live'));
  await live(ground, victim, scene.between, 4);
  if (victim.isDead) tally.count('kills');

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
  return victim.isDead;
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
