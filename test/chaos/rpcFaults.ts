import type { DaemonClient } from '../../libs/daemon/types.ts';
import {
  type FaultyProxy,
  type RpcFault,
  rpcFaults,
  startFaultyProxy,
} from '../../scripts/regtest/faultyProxy.ts';
import { withCall } from '../support/daemonClient.ts';
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

// The wallet's daemon and the network in between misbehave in every way, at every call. Whatever answer comes or does
// not come, everybody is paid once.

/** Calls that move money come up more often than the others. */
const targets: Readonly<Record<SendMode, readonly string[]>> = {
  raw: [
    ...['sendrawtransaction', 'sendrawtransaction', 'sendrawtransaction', 'sendrawtransaction'],
    ...['createrawtransaction', 'fundrawtransaction', 'signrawtransactionwithwallet'],
    ...['decoderawtransaction', 'testmempoolaccept', 'getaddressinfo', 'getbalance'],
    ...['getblock', 'gettransaction', 'decodescript', 'listsinceblock'],
  ],
  sendmany: [
    ...['sendmany', 'sendmany', 'sendmany', 'sendmany', 'sendmany', 'listsinceblock'],
    ...['getblockcount', 'getblockhash', 'getbalance', 'getblock', 'gettransaction'],
  ],
};

/** Faults to which no answer comes. */
const silent: ReadonlySet<RpcFault> = new Set(['hang', 'blackHole', 'executedLate']);
/** Milliseconds after which such a call counts as unanswered. */
const patience = 250;

export const rpcFaultSuite: Suite = {
  name: 'rpcFaults',
  counts: `repetitions of each of ${rpcFaults.length} faults of the wallet's daemon`,
  long: 100,
  short: 3,
  async run(run, tally) {
    const turns = Array.from({ length: run.count }, (_, turn) =>
      rpcFaults.map((fault) => ({ fault, turn })),
    ).flat();
    await playTurns(turns, run, tally);
    for (const fault of rpcFaults) {
      tally.check(
        (tally.figures.get(fault) ?? 0) > 0,
        () => `no call came by the fault "${fault}"`,
      );
    }
  },
};

interface Turn {
  readonly fault: RpcFault;
  readonly turn: number;
}

async function playTurns(turns: readonly Turn[], run: SuiteRun, tally: Tally): Promise<void> {
  const queue = [...turns];
  while (queue.length > 0) {
    const ground = await PayGround.open();
    const lateness = dice(run.seed).apart('lateness');
    const proxy = await startFaultyProxy({
      port: ground.pair.a.rpcPort,
      lateness: () => lateness.between(0, 400),
    });
    try {
      while (queue.length > 0 && ground.blocksLeft > 2) {
        const turn = queue.shift();
        if (turn === undefined) break;
        const failures = tally.failures.length;
        await playTurn(
          ground,
          proxy,
          turn,
          dice(run.seed).apart(`${turn.fault} ${turn.turn}`),
          tally,
        );
        if (tally.failures.length > failures) break;
      }
    } finally {
      await proxy.close();
      await ground.close();
    }
  }
}

async function playTurn(
  ground: PayGround,
  proxy: FaultyProxy,
  { fault, turn }: Turn,
  throws: Dice,
  tally: Tally,
): Promise<void> {
  const mode: SendMode = throws.chance(0.5) ? 'raw' : 'sendmany';
  const target = throws.pick(targets[mode]);
  const label = `${mode}: ${fault} at ${target} #${turn}`;
  ground.scheme = randomScheme(throws);
  await ground.mine(randomRound(ground, throws));
  await ground.findMature(randomFinding(ground, throws));

  const direct = ground.client(proxy.port);
  const daemon = mode === 'raw' ? direct : oldDaemon(direct);
  // One such answer, or several in a row.
  let left = throws.chance(0.7) ? 1 : throws.between(2, 4);
  // On a busy machine a sound call takes its time too: only what may get no answer is given up early.
  const isHopeless = (method: string) => method === target && silent.has(fault) && left > 0;
  const client = impatient(daemon, isHopeless);
  const payer = ground.payer({ connection: ground.redis.connection, client });
  let skip = throws.chance(0.7) ? 0 : 1;
  proxy.fault = (method) => {
    if (method !== target || left === 0 || skip-- > 0) return undefined;
    left -= 1;
    tally.count(fault);
    return fault;
  };
  for (let run = 0; run < 3; run++) await payer.runOnce();
  proxy.fault = undefined;
  // Some take it up again before what is late has come, some after it.
  if (throws.chance(0.5)) await payer.runOnce();
  await proxy.settled();
  for (let run = 0; run < 2; run++) await payer.runOnce();

  await resolveUnsent(ground, () => payer.resolve({ what: 'unpaid' }), label, tally);
  const report = await runUntilQuiet(payer);
  tally.check(report.outcome === 'done', () => `${label}: the last run ended ${report.problem}`);
  await payer.stop();
  client.close();
  await ground.confirm();
  await ground.oracle.checkMoney(tally, label);
  await ground.oracle.checkShares(tally, label);
  tally.count('turns');
}

/** The same calls, some of them given up after a moment instead of minutes. */
function impatient(client: DaemonClient, isHopeless: (method: string) => boolean): DaemonClient {
  return withCall(client, (method, params, options) =>
    client.call(method, params, isHopeless(method) ? { ...options, timeout: patience } : options),
  );
}
