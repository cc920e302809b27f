// What a share, a new block and an idle miner cost: the real portal with one pool worker against a template as large as
// mainnet's. Compare ratios within one run: the absolute times are those of this machine.
import { setTimeout as sleep } from 'node:timers/promises';
import { own } from '../../libs/primitives/unknown.ts';
import {
  type BenchCoin,
  type BenchPool,
  type Cores,
  startBenchPool,
  startHelper,
} from './benchPool.ts';
import { type Figure, percentile, short, tableOf } from './figures.ts';
import { type Broadcast, closedLoop, logIn, openLoop, timeBroadcast } from './load.ts';
import { type BenchPart, say } from './part.ts';
import { cpuMicros, rssBytes } from './processFacts.ts';
import { standInAddress } from './standInDaemon.ts';

interface Sizes {
  readonly sha256Shares: number;
  readonly scryptShares: number;
  readonly pacedSeconds: number;
  readonly broadcasts: number;
}
const longForm: Sizes = {
  sha256Shares: 100_000,
  scryptShares: 20_000,
  pacedSeconds: 30,
  broadcasts: 15,
};
const shortForm: Sizes = {
  sha256Shares: 30_000,
  scryptShares: 4_000,
  pacedSeconds: 6,
  broadcasts: 5,
};

type MeasuredCoin = Exclude<BenchCoin, 'scryptJane'>;

const miners = 100;
const idleMiners = 5_000;
const firstMiners = 500;
/** First and last shares of one job that are compared. */
const edge = 5_000;
const warmUp: Readonly<Record<MeasuredCoin, number>> = { sha256: 10_000, scrypt: 500 };
const pacedRate = 300;
/** The generator must reach this many times what it asks of the pool, or it is what was measured. */
const wantedHeadroom = 5;

interface ShareCost {
  readonly micros: number;
  readonly sharesPerSecond: number;
  /** Of the first and last shares in the job, microseconds. */
  readonly first: number;
  readonly last: number;
}

async function shareCost(pool: BenchPool, coin: MeasuredCoin, shares: number): Promise<ShareCost> {
  const crowd = await logIn(pool.port[coin], miners, standInAddress);
  await closedLoop(crowd, warmUp[coin]);
  // A fresh job, so that the measured shares are its first ones.
  const told = new Promise<void>((resolve) => {
    const last = crowd.at(-1);
    if (last !== undefined) last.onJob = () => resolve();
  });
  await pool.newBlock(coin);
  await told;
  await sleep(100);
  const span = Math.min(edge, Math.floor(shares / 2));
  let atFirst = 0;
  let atLast = 0;
  const before = cpuMicros(pool.pid);
  const seconds = await closedLoop(
    crowd,
    shares,
    new Map([
      [span, () => (atFirst = cpuMicros(pool.pid))],
      [shares - span, () => (atLast = cpuMicros(pool.pid))],
    ]),
  );
  const after = cpuMicros(pool.pid);
  for (const miner of crowd) miner.close();
  return {
    micros: (after - before) / shares,
    sharesPerSecond: shares / seconds,
    first: (atFirst - before) / span,
    last: (after - atLast) / span,
  };
}

async function responseTimes(pool: BenchPool, seconds: number): Promise<readonly number[]> {
  const crowd = await logIn(pool.port.sha256, miners, standInAddress);
  await openLoop(crowd, pacedRate, 1);
  const times = await openLoop(crowd, pacedRate, seconds);
  for (const miner of crowd) miner.close();
  return times;
}

interface IdleCost {
  readonly bytes: number;
  readonly broadcasts: readonly Broadcast[];
}

async function idleCost(pool: BenchPool, rounds: number): Promise<IdleCost> {
  // The first ones make the process grow for good; what later ones add is theirs.
  const first = await logIn(pool.port.sha256, firstMiners, standInAddress);
  await sleep(2_000);
  const before = rssBytes(pool.pid);
  const crowd = await logIn(pool.port.sha256, idleMiners, standInAddress);
  await sleep(2_000);
  const bytes = (rssBytes(pool.pid) - before) / idleMiners;
  for (const miner of first) miner.close();
  await sleep(500);
  const broadcasts: Broadcast[] = [];
  for (let round = 0; round < rounds; round++) {
    await pool.prepareBlock('sha256');
    broadcasts.push(await timeBroadcast(crowd, () => pool.announce()));
  }
  for (const miner of crowd) miner.close();
  await sleep(500);
  return { bytes, broadcasts };
}

interface Yardstick {
  readonly sharesPerSecond: number;
  readonly broadcasts: readonly Broadcast[];
}

/** The same load on a server with nothing behind it. */
async function yardstick(core: number | undefined, rounds: number): Promise<Yardstick> {
  const echo = await startHelper('echoProcess.js', core);
  const port = Number(own(echo.hello, 'port'));
  const crowd = await logIn(port, miners, standInAddress);
  await closedLoop(crowd, 20_000);
  const shares = 60_000;
  const seconds = await closedLoop(crowd, shares);
  for (const miner of crowd) miner.close();
  await sleep(200);
  const idle = await logIn(port, idleMiners, standInAddress);
  // As long as a notify on a chain with 2,000 transactions.
  const branch = Array.from({ length: 11 }, () => 'ab'.repeat(32));
  const params = ['2', 'cd'.repeat(32), 'ef'.repeat(60), 'ef'.repeat(80), branch];
  const job = [...params, '20000000', '17034219', '66000000', true];
  const line = `${JSON.stringify({ id: null, method: 'mining.notify', params: job })}\n`;
  const broadcasts: Broadcast[] = [];
  for (let round = 0; round < rounds; round++) {
    broadcasts.push(await timeBroadcast(idle, () => echo.tell(line)));
  }
  for (const miner of idle) miner.close();
  await echo.stop();
  return { sharesPerSecond: shares / seconds, broadcasts };
}

function median(broadcasts: readonly Broadcast[], which: keyof Broadcast): number {
  return percentile(
    broadcasts.map((broadcast) => broadcast[which]),
    0.5,
  );
}

export const poolFigures: BenchPart = {
  name: 'pool',
  measures: 'shares, new blocks and idle miners',
  run: ({ isShort, cores }) => measure(isShort ? shortForm : longForm, cores),
};

async function measure(sizes: Sizes, cores: Cores | undefined): Promise<boolean> {
  say('The load generator against a server with nothing behind it …');
  const floor = await yardstick(cores?.pool, sizes.broadcasts);
  say('Starting the pool with a template of 2,000 transactions, 2.4 MB …');
  const pool = await startBenchPool(cores);
  try {
    // First, while the process has no garbage of others to reuse.
    say(`${idleMiners} idle miners, ${sizes.broadcasts} new blocks …`);
    const idle = await idleCost(pool, sizes.broadcasts);
    say(`${sizes.sha256Shares} sha256 shares of ${miners} miners …`);
    const sha256 = await shareCost(pool, 'sha256', sizes.sha256Shares);
    say(`${sizes.scryptShares} scrypt shares …`);
    const scrypt = await shareCost(pool, 'scrypt', sizes.scryptShares);
    say(`${pacedRate} shares a second for ${sizes.pacedSeconds} s …`);
    const times = await responseTimes(pool, sizes.pacedSeconds);
    return report({ floor, sha256, scrypt, times, idle, pinned: cores !== undefined });
  } finally {
    await pool.stop();
  }
}

interface Results {
  readonly floor: Yardstick;
  readonly sha256: ShareCost;
  readonly scrypt: ShareCost;
  readonly times: readonly number[];
  readonly idle: IdleCost;
  readonly pinned: boolean;
}

function report({ floor, sha256, scrypt, times, idle, pinned }: Results): boolean {
  const headroom = floor.sharesPerSecond / sha256.sharesPerSecond;
  const figures: Figure[] = [
    {
      name: `CPU for a sha256 share, ${miners} miners`,
      measured: sha256.micros,
      unit: 'µs',
      mustReach: 60,
      aim: 20,
    },
    { name: `  first ${edge} shares of a job`, measured: sha256.first, unit: 'µs' },
    { name: `  last ${edge} shares of a job`, measured: sha256.last, unit: 'µs' },
    {
      name: 'CPU for a scrypt share',
      measured: scrypt.micros,
      unit: 'µs',
      mustReach: 450,
      aim: 100,
    },
    { name: `response p50 at ${pacedRate} shares/s`, measured: percentile(times, 0.5), unit: 'ms' },
    {
      name: `response p99 at ${pacedRate} shares/s`,
      measured: percentile(times, 0.99),
      unit: 'ms',
      mustReach: 15,
      aim: 6,
    },
    { name: 'new block -> first miner', measured: median(idle.broadcasts, 'first'), unit: 'ms' },
    {
      name: `new block -> last of ${idleMiners} miners`,
      measured: median(idle.broadcasts, 'last'),
      unit: 'ms',
      mustReach: 60,
      aim: 25,
    },
    { name: '  bare writes to as many', measured: median(floor.broadcasts, 'last'), unit: 'ms' },
    {
      name: 'memory for an idle miner',
      measured: idle.bytes / 1024,
      unit: 'KiB',
      mustReach: 8,
      aim: 5,
    },
  ];
  say(`\n${tableOf(figures)}\n`);
  say(`sha256: ${short(sha256.sharesPerSecond)} shares/s, each miner waiting for its answer`);
  say(`scrypt: ${short(scrypt.sharesPerSecond)} shares/s`);
  say(
    `load generator: ${short(floor.sharesPerSecond)} shares/s on the bare server, ${short(headroom)} times as many`,
  );
  if (headroom < wantedHeadroom) {
    say(
      `It should be ${wantedHeadroom} times: shares/s are the generator's as much as the pool's. CPU times stand.`,
    );
  }
  if (!pinned)
    say('The pool had no core of its own (no taskset, or one core): times are unsteady.');
  const rounded = (value: number) => Math.round(value * 100) / 100;
  say(
    JSON.stringify({
      sha256Micros: rounded(sha256.micros),
      sha256FirstMicros: rounded(sha256.first),
      sha256LastMicros: rounded(sha256.last),
      sha256SharesPerSecond: rounded(sha256.sharesPerSecond),
      scryptMicros: rounded(scrypt.micros),
      scryptSharesPerSecond: rounded(scrypt.sharesPerSecond),
      responseP50Millis: rounded(percentile(times, 0.5)),
      responseP99Millis: rounded(percentile(times, 0.99)),
      newBlockFirstMillis: rounded(median(idle.broadcasts, 'first')),
      newBlockLastMillis: rounded(median(idle.broadcasts, 'last')),
      bareWritesLastMillis: rounded(median(floor.broadcasts, 'last')),
      idleMinerKiB: rounded(idle.bytes / 1024),
      generatorHeadroom: rounded(headroom),
      pinned,
    }),
  );
  return figures.every(({ measured }) => Number.isFinite(measured));
}
