import { test } from 'node:test';
import { buildRig, newAddress, rigMiner, takesMiners } from '../support/rig.ts';
import { until } from '../support/until.ts';

/** Difficulties at which a share takes a handful of hashes. */
const varDiff = {
  minDiff: 1e-6,
  maxDiff: 1,
  targetTime: 15,
  retargetTime: 90,
  variancePercent: 30,
};

test('a miner that asks for a higher difficulty is credited at it from its first share on', async (t) => {
  const rig = await buildRig(t, {
    forks: 1,
    pool: { jobRebroadcastTimeout: 600, paymentProcessing: { enabled: false } },
    ports: { diff: 2e-6, varDiff },
  });
  await takesMiners(rig.start(), 1);
  const worker = `${await newAddress(rig.litecoin)}.rig`;
  const miner = rigMiner(t, rig, worker, {
    // Below the difficulty of regtest, and a power of two, so that Redis' decimal text is exact.
    password: `d=${2 ** -16}`,
    blockPart: 0,
  });
  await until('it has its difficulty', () => miner.difficulty === 2 ** -16);
  for (let share = 0; share < 4; share++) await until('a share is taken', () => miner.mine());
  await until('the round has four shares of that difficulty', async () => {
    const credited = await rig.redis.hget('litecoin:shares:roundCurrent', worker);
    return Number(credited) === 4 * 2 ** -16;
  });
});
