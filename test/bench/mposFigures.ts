import { setTimeout as sleep } from 'node:timers/promises';
import { isRecord, own } from '../../libs/primitives/unknown.ts';
import { type MariaServer, startMaria } from '../../scripts/regtest/mariaServer.ts';
import { makeMposDatabase, poolUser } from '../support/mposTables.ts';
import { type BenchPool, startBenchPool } from './benchPool.ts';
import { type Figure, percentile, tableOf } from './figures.ts';
import { type LoadMiner, logIn, openLoop } from './load.ts';
import { type BenchPart, type BenchWish, say } from './part.ts';
import { cpuMicros, pin } from './processFacts.ts';
import { standInAddress } from './standInDaemon.ts';

// MPOS mode: shares at a steady rate from one pool worker into a real MariaDB whose every commit is on disk, and what
// waited while it was away.

const miners = 100;
const rate = 5_000;
const warmUpSeconds = 2;
const drainMillis = 120_000;

interface Results {
  readonly sharesPerSecond: number;
  readonly response: readonly number[];
  /** Milliseconds from the last answer until the last row is there. */
  readonly behind: number;
  readonly poolMicros: number;
  readonly drained: number;
}

export const mposFigures: BenchPart = {
  name: 'mpos',
  measures: `${rate} shares a second in MPOS mode, into a real MariaDB`,
  async run(wish) {
    const maria = await startMaria();
    try {
      await makeMposDatabase(maria, 'mpos');
      if (wish.cores !== undefined) pin(maria.pid, wish.cores.rest);
      const mposMode = {
        enabled: true,
        host: '127.0.0.1',
        port: maria.port,
        ...poolUser,
        database: 'mpos',
      };
      const fields = { mposMode, validateWorkerUsername: false };
      const pool = await startBenchPool(wish.cores, ['sha256'], fields);
      try {
        return report(await measure(wish, maria, pool));
      } finally {
        await pool.stop();
      }
    } finally {
      await maria.stop();
    }
  },
};

async function measure(wish: BenchWish, maria: MariaServer, pool: BenchPool): Promise<Results> {
  const crowd = await logIn(pool.port.sha256, miners, standInAddress);
  await openLoop(crowd, rate, warmUpSeconds);
  const before = await untilStill(maria);
  const cpu = cpuMicros(pool.pid);
  const seconds = wish.isShort ? 10 : 30;
  const startedAt = performance.now();
  const response = await openLoop(crowd, rate, seconds);
  const answeredAt = performance.now();
  await untilRows(maria, before + response.length);
  const storedAt = performance.now();
  const poolMicros = (cpuMicros(pool.pid) - cpu) / response.length;
  const drained = await outage(wish, maria, crowd);
  for (const miner of crowd) miner.close();
  return {
    sharesPerSecond: response.length / ((storedAt - startedAt) / 1_000),
    response,
    behind: storedAt - answeredAt,
    poolMicros,
    drained,
  };
}

/** Shares a second of what waited while the database was away, once it is back. */
async function outage(
  wish: BenchWish,
  maria: MariaServer,
  crowd: readonly LoadMiner[],
): Promise<number> {
  const before = await countRows(maria);
  await maria.kill('SIGKILL');
  const { length: waited } = await openLoop(crowd, rate, wish.isShort ? 10 : 30);
  await maria.restart();
  if (wish.cores !== undefined) pin(maria.pid, wish.cores.rest);
  // From the first row on: when the pool tries again is chance.
  await untilRows(maria, before + 1);
  const found = await countRows(maria);
  const startedAt = performance.now();
  await untilRows(maria, before + waited);
  return (before + waited - found) / ((performance.now() - startedAt) / 1_000);
}

async function countRows(maria: MariaServer): Promise<number> {
  const [row] = await maria.sql('mpos', 'SELECT COUNT(*) AS count FROM shares');
  return isRecord(row) ? Number(own(row, 'count')) : 0;
}

async function untilRows(maria: MariaServer, count: number): Promise<void> {
  const deadline = performance.now() + drainMillis;
  for (;;) {
    const rows = await countRows(maria);
    if (rows >= count) return;
    if (performance.now() > deadline) throw new Error(`MariaDB has ${rows} rows of ${count}.`);
    await sleep(20);
  }
}

/** Rows when no more come. */
async function untilStill(maria: MariaServer): Promise<number> {
  for (let last = -1; ; ) {
    const rows = await countRows(maria);
    if (rows === last) return rows;
    last = rows;
    await sleep(500);
  }
}

function report(results: Results): boolean {
  const { response, behind, poolMicros, drained, sharesPerSecond } = results;
  const figures: Figure[] = [
    { name: 'shares/s in MariaDB, sustained', measured: sharesPerSecond, unit: '/s' },
    { name: `response p50 at ${rate} shares/s`, measured: percentile(response, 0.5), unit: 'ms' },
    { name: `response p99 at ${rate} shares/s`, measured: percentile(response, 0.99), unit: 'ms' },
    { name: 'last answer -> last row', measured: behind, unit: 'ms', mustReach: 1_000 },
    { name: 'CPU of the pool worker for a share', measured: poolMicros, unit: 'µs' },
    { name: 'shares/s of what waited', measured: drained, unit: '/s' },
  ];
  say(`\n${tableOf(figures)}\n`);
  say(
    JSON.stringify({
      mposSharesPerSecond: Math.round(sharesPerSecond),
      mposDrainPerSecond: Math.round(drained),
    }),
  );
  return figures.every(({ measured }) => Number.isFinite(measured));
}
