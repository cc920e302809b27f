// Honest miners on a pool that is attacked: each attack alone, then all of them together. What counts is what the
// honest ones notice.
import { setTimeout as sleep } from 'node:timers/promises';
import { own } from '../../libs/primitives/unknown.ts';
import { type AttackName, attackNames } from './attackNames.ts';
import { type AttackPool, startAttackPool } from './attackPool.ts';
import { type Cores, type Helper, startHelper } from './benchPool.ts';
import { percentile, textTable } from './figures.ts';
import { HonestCrowd } from './honestMiners.ts';
import { standInAddress } from './standInDaemon.ts';

export interface AttackSizes {
  readonly honest: number;
  /** Of all honest miners together. */
  readonly sharesPerSecond: number;
  /** Connections that each attack keeps open or makes at a time. */
  readonly connections: Readonly<Record<AttackName, number>>;
  /** Seconds of each attack alone, and of all together. */
  readonly alone: number;
  readonly together: number;
  /** In the block template. */
  readonly transactions: number;
}

export const longForm: AttackSizes = {
  honest: 1_000,
  sharesPerSecond: 200,
  connections: {
    'connect and close': 100,
    'byte by byte': 1_000,
    'idle sockets': 20_000,
    'invalid shares': 50,
    'login flood': 50,
    'duplicates and replays': 50,
    'subscribe storm': 50,
    'broken messages': 50,
  },
  alone: 15,
  together: 40,
  transactions: 2_000,
};

export const shortForm: AttackSizes = {
  honest: 200,
  sharesPerSecond: 200,
  connections: {
    'connect and close': 20,
    'byte by byte': 200,
    'idle sockets': 2_000,
    'invalid shares': 20,
    'login flood': 20,
    'duplicates and replays': 20,
    'subscribe storm': 20,
    'broken messages': 20,
  },
  alone: 1.5,
  together: 5,
  transactions: 200,
};

/** What the honest miners saw of one attack, and what it cost the pool. */
export interface Round {
  readonly name: string;
  readonly shares: number;
  readonly rejected: readonly string[];
  readonly stale: number;
  readonly dropped: number;
  /** Milliseconds from the news of a block to a miner's new job. */
  readonly notify: readonly number[];
  /** Jobs that never came. */
  readonly missedJobs: number;
  readonly answer: readonly number[];
  readonly rpcPerSecond: number;
  /** Calls in those requests. */
  readonly callsPerSecond: number;
  /** Bytes, of both pool workers. */
  readonly rss: number;
  /** Part of a core that the pool workers used. */
  readonly cpu: number;
  readonly attackers: {
    readonly connections: number;
    readonly closedByPool: number;
    readonly messages: number;
  };
}

/** Milliseconds from block to block, longer while jobs of the last one are on their way. */
const blockEvery = 1_000;
const patience = 5_000;
/** Connections of one process: below any usual limit of open files. */
const perProcess = 10_000;

export async function runAttacks(
  sizes: AttackSizes,
  cores: Cores | undefined,
  say: (text: string) => void,
): Promise<readonly Round[]> {
  const pool = await startAttackPool({ cores, transactions: sizes.transactions });
  const crowd = new HonestCrowd();
  try {
    await crowd.logIn(sizes.honest, pool.easyPort, standInAddress);
    crowd.start(sizes.sharesPerSecond);
    const rounds: Round[] = [];
    const round = async (name: string, attacks: readonly AttackName[], seconds: number) => {
      say(`${name} …`);
      const seen = await attackRound({ pool, crowd, sizes, cores }, name, attacks, seconds);
      rounds.push(seen);
      for (const fault of missed(seen, true)) say(`  ${fault}`);
    };
    await round('nothing', [], sizes.alone);
    for (const name of attackNames) await round(name, [name], sizes.alone);
    await round('all together', attackNames, sizes.together);
    return rounds;
  } catch (error) {
    say(pool.log(20));
    throw error;
  } finally {
    crowd.stop();
    await pool.stop();
  }
}

interface Ground {
  readonly pool: AttackPool;
  readonly crowd: HonestCrowd;
  readonly sizes: AttackSizes;
  readonly cores: Cores | undefined;
}

let sources = 0;

async function attackRound(
  { pool, crowd, sizes, cores }: Ground,
  name: string,
  attacks: readonly AttackName[],
  seconds: number,
): Promise<Round> {
  const attackers: Helper[] = [];
  for (const attack of attacks) {
    for (let left = sizes.connections[attack]; left > 0; left -= perProcess) {
      const args = [attack, Math.min(left, perProcess), pool.easyPort, pool.hardPort, sources];
      sources += 20_000;
      attackers.push(await startHelper('attacker.js', cores?.rest, args.map(String)));
    }
  }
  crowd.take();
  const before = await pool.rpc();
  const cpuBefore = pool.cpu();
  const startedAt = performance.now();
  for (const attacker of attackers) await attacker.ask('start');
  let rss = pool.rss();
  let missedJobs = 0;
  while (performance.now() - startedAt < seconds * 1_000) {
    await pool.prepareBlock();
    crowd.announced();
    pool.announce();
    const now = performance.now();
    const isWaiting = () => crowd.awaited > 0 && performance.now() < now + patience;
    while (performance.now() < now + blockEvery || isWaiting()) await sleep(20);
    missedJobs += crowd.awaited;
    rss = Math.max(rss, pool.rss());
  }
  const took = (performance.now() - startedAt) / 1_000;
  const after = await pool.rpc();
  const cpu = (pool.cpu() - cpuBefore) / 1e6 / took;
  const counts = { connections: 0, closedByPool: 0, messages: 0 };
  for (const attacker of attackers) {
    const said = await attacker.ask('stop');
    counts.connections += Number(own(said, 'connections'));
    counts.closedByPool += Number(own(said, 'closedByPool'));
    counts.messages += Number(own(said, 'messages'));
    await attacker.stop();
  }
  const tally = crowd.take();
  return {
    name,
    shares: tally.accepted + tally.rejected.length,
    rejected: tally.rejected,
    stale: tally.stale,
    dropped: tally.dropped,
    notify: tally.notify,
    missedJobs,
    answer: tally.answer,
    rpcPerSecond: (after.requests - before.requests) / took,
    callsPerSecond: (after.calls - before.calls) / took,
    rss,
    cpu,
    attackers: counts,
  };
}

export interface Limits {
  /** Percent of the honest shares. */
  readonly rejects: number;
  readonly dropped: number;
  /** 99 of 100 new jobs, ms. */
  readonly notify: number;
  readonly rpcPerSecond: number;
}

export const limits: Limits = { rejects: 0.1, dropped: 0, notify: 100, rpcPerSecond: 50 };

export function rejectPercent({ shares, rejected }: Round): number {
  return shares === 0 ? Number.NaN : (100 * rejected.length) / shares;
}

/** What a round misses, as sentences; `withTimes`: also what depends on the speed of the machine. */
export function missed(round: Round, withTimes: boolean): string[] {
  const faults: string[] = [];
  const percent = rejectPercent(round);
  if (!(percent < limits.rejects)) {
    faults.push(
      `${round.name}: ${percent.toFixed(2)} % of ${round.shares} honest shares were refused: ${round.rejected.slice(0, 3).join(' ')}`,
    );
  }
  if (round.dropped > limits.dropped)
    faults.push(`${round.name}: ${round.dropped} honest connections were dropped`);
  if (round.rpcPerSecond > limits.rpcPerSecond)
    faults.push(`${round.name}: ${round.rpcPerSecond.toFixed(0)} RPC requests a second`);
  if (!withTimes) return faults;
  const p99 = percentile(round.notify, 0.99);
  if (!(p99 < limits.notify)) faults.push(`${round.name}: new jobs p99 ${p99.toFixed(0)} ms`);
  if (round.missedJobs > 0)
    faults.push(`${round.name}: ${round.missedJobs} jobs did not come in ${patience / 1_000} s`);
  return faults;
}

export function tableOfRounds(rounds: readonly Round[]): string {
  const rows = [
    [
      'attack',
      'shares',
      'rejects',
      'stale',
      'dropped',
      'notify p50',
      'p99',
      'share p99',
      'RPC/s',
      'calls/s',
      'RSS',
      'CPU',
      'connections',
      'closed',
      'messages',
    ],
    ...rounds.map((round) => [
      round.name,
      String(round.shares),
      `${rejectPercent(round).toFixed(2)} %`,
      String(round.stale),
      String(round.dropped),
      `${percentile(round.notify, 0.5).toFixed(0)} ms`,
      `${percentile(round.notify, 0.99).toFixed(0)} ms`,
      `${percentile(round.answer, 0.99).toFixed(0)} ms`,
      round.rpcPerSecond.toFixed(1),
      round.callsPerSecond.toFixed(1),
      `${(round.rss / 2 ** 20).toFixed(0)} MiB`,
      `${(round.cpu * 100).toFixed(0)} %`,
      String(round.attackers.connections),
      String(round.attackers.closedByPool),
      String(round.attackers.messages),
    ]),
  ];
  return textTable(rows);
}
