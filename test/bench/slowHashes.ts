import { startBenchPool } from './benchPool.ts';
import { type Figure, percentile, tableOf } from './figures.ts';
import { logIn, openLoop, timeBroadcast } from './load.ts';
import { type BenchPart, say } from './part.ts';
import { standInAddress } from './standInDaemon.ts';

// Slow hashes must not hold up the miners: new blocks while 200 shares a second are hashed.

const sharesPerSecond = 200;
const submitters = 50;
const listeners = 100;

export const slowHashes: BenchPart = {
  name: 'slow',
  measures: `new jobs while ${sharesPerSecond} shares a second of scrypt and scrypt-jane are hashed`,
  async run({ isShort, cores }) {
    const rounds = isShort ? 4 : 20;
    // Its threads are part of what is asked: no core for the main thread alone.
    const pool = await startBenchPool(cores, ['scrypt', 'scryptJane']);
    const figures: Figure[] = [];
    try {
      for (const coin of ['scrypt', 'scryptJane'] as const) {
        const crowd = await logIn(pool.port[coin], submitters, standInAddress);
        const quiet = await logIn(pool.port[coin], listeners, standInAddress);
        const load = openLoop(crowd, sharesPerSecond, rounds * 0.6 + 1, true);
        const jobs: number[] = [];
        for (let round = 0; round < rounds; round++) {
          await pool.prepareBlock(coin);
          jobs.push((await timeBroadcast(quiet, () => pool.announce())).last);
        }
        const answers = await load;
        figures.push(
          {
            name: `${coin}: new block -> last of ${listeners} miners, worst of ${rounds}`,
            measured: Math.max(...jobs),
            unit: 'ms',
            mustReach: 100,
          },
          { name: `${coin}: response p99`, measured: percentile(answers, 0.99), unit: 'ms' },
        );
        for (const miner of [...crowd, ...quiet]) miner.close();
      }
    } finally {
      await pool.stop();
    }
    say(tableOf(figures));
    return figures.every(({ measured }) => Number.isFinite(measured));
  },
};
