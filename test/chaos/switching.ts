import { createHash } from 'node:crypto';
import { startTestMiner, type TestMiner } from '../../scripts/regtest/testMiner.ts';
import { SwitchGround, type TwoCoins, twoCoins } from '../support/switchGround.ts';
import { until } from '../support/until.ts';
import type { Suite, SuiteRun, Tally } from './suite.ts';

// Many miners on the ports of a switch go from one chain to another and back, under load. Nobody may be dropped, and
// each share must be where its job says: what the miners saw acknowledged is held against both coins' rounds in Redis.

const moves = 10;
/** Of all miners together. */
const sharesPerSecond = 120;
const blockPart = 0.004;
const mostMillis = 1_000;
/** Milliseconds until a share that was acknowledged is in Redis. */
const patience = 30_000;

export const switching: Suite = {
  name: 'switching',
  counts: `miners that a switch moves from chain to chain ${moves} times`,
  long: 1_000,
  short: 200,
  async run(run, tally) {
    const ground = await SwitchGround.open({
      pool: {
        // All miners have one address: a few shares held against them would close every connection.
        banning: { enabled: true, checkThreshold: 50, invalidPercent: 5, time: 600 },
        paymentProcessing: { enabled: false },
      },
    });
    try {
      await ground.start();
      await moveThem(ground, run, tally);
    } finally {
      await ground.close();
    }
  },
};

async function moveThem(ground: SwitchGround, run: SuiteRun, tally: Tally): Promise<void> {
  const watch = new ChainWatch(ground);
  const crew = Array.from({ length: run.count }, (_, i) =>
    startTestMiner({
      port: ground.ports.multi,
      worker: `${keyOf(i)}.rig${i}`,
      algorithm: 'scrypt',
      sharesPerSecond: sharesPerSecond / run.count,
      blockPart,
    }),
  );
  const others = twoCoins.map((coin) =>
    startTestMiner({
      port: ground.ports[coin],
      worker: `${keyOf(coin.length)}.own-${coin}`,
      algorithm: 'scrypt',
      sharesPerSecond: 4,
      blockPart: 0,
    }),
  );
  const everybody = [...crew, ...others];
  try {
    await until('everybody has work', () =>
      everybody.every((miner) => miner.authorized && miner.job !== undefined),
    );
    const extranonces = everybody.map((miner) => miner.job?.extranonce1 ?? '');
    tally.check(
      new Set(extranonces).size === everybody.length,
      () => 'extranonces are given twice',
    );
    // The first 12 bits are of the fork.
    const forks = new Set(extranonces.map((extranonce) => extranonce.slice(0, 3)));
    tally.check(forks.size === 2, () => `miners are on ${forks.size} fork(s)`);

    let longest = 0;
    for (let move = 0; move < moves; move++) {
      const to = twoCoins[(move + 1) % 2] ?? 'litecoin';
      await sharesFlow(crew, run.count / 4);
      const start = performance.now();
      const answer = await ground.command('coinswitch', [to, 'multi']);
      tally.check(!answer.startsWith('error'), () => answer);
      await until(`everybody mines ${to}`, () => watch.allMine(crew, to), 10_000);
      const took = Math.round(performance.now() - start);
      longest = Math.max(longest, took);
      tally.check(took < mostMillis, () => `move ${move + 1} took ${took} ms`);
      for (const fork of forks) {
        const ofFork = crew.filter(({ job }) => job?.extranonce1.startsWith(fork) === true);
        await sharesFlow(ofFork, 5);
      }
      run.say(`move ${move + 1} to ${to}: ${took} ms, ${acknowledged(crew)} shares acknowledged`);
    }
    tally.count('longest move in ms', longest);
    const after = everybody.map((miner) => miner.job?.extranonce1);
    tally.check(
      after.every((extranonce, i) => extranonce === extranonces[i]),
      () => 'an extranonce1 was changed',
    );
  } finally {
    await Promise.all(everybody.map((miner) => miner.stop()));
  }

  const dropped = everybody.filter(({ connections }) => connections !== 1).length;
  tally.check(dropped === 0, () => `${dropped} miners were dropped`);
  for (const { worker, wronged } of everybody) {
    const bad = wronged.filter(({ reason }) => reason !== 'job not found');
    tally.check(bad.length === 0, () => `${worker} was told: ${bad[0]?.reason}`);
  }
  const late = everybody.reduce((sum, { wronged }) => sum + wronged.length, 0);
  tally.count('shares', acknowledged(everybody));
  tally.count('late shares answered 21', late);
  await checkBooks(ground, watch, everybody, tally);
  for (const [i, coin] of twoCoins.entries()) {
    const foreign = (await watch.sharesOf(others[i])).get(twoCoins[1 - i] ?? 'litecoin') ?? 0;
    tally.check(foreign === 0, () => `the miner on the pool's own port left ${coin}`);
  }
}

/** Every acknowledged share is in the rounds of the coin that its job was of, and nothing else is. */
async function checkBooks(
  ground: SwitchGround,
  watch: ChainWatch,
  miners: readonly TestMiner[],
  tally: Tally,
): Promise<void> {
  const heard = await Promise.all(
    miners.map(async (miner) => ({ miner, shares: await watch.sharesOf(miner) })),
  );
  const difficulty = miners[0]?.acknowledged[0]?.difficulty ?? 1;
  for (const coin of twoCoins) {
    const isComplete = async () => {
      const credits = await ground.credits(coin);
      return heard.every(
        ({ miner, shares }) =>
          Math.round((credits.get(miner.worker) ?? 0) / difficulty) >= (shares.get(coin) ?? 0),
      );
    };
    await until(`the shares of ${coin} are in Redis`, isComplete, patience).catch(() => undefined);
    const credits = await ground.credits(coin);
    let total = 0;
    for (const { miner, shares } of heard) {
      const recorded = (credits.get(miner.worker) ?? 0) / difficulty;
      const seen = shares.get(coin) ?? 0;
      total += seen;
      tally.check(
        recorded > seen - 1e-3 && recorded < seen + miner.unanswered + 1e-3,
        () =>
          `${miner.worker} has ${recorded} shares of ${coin} for ${seen} acknowledged (${miner.unanswered} without an answer)`,
      );
    }
    const known = new Set(miners.map(({ worker }) => worker));
    const strangers = [...credits.keys()].filter((worker) => !known.has(worker));
    tally.check(strangers.length === 0, () => `${coin} has shares of ${strangers.join(', ')}`);
    tally.check(total > 0, () => `no share was for ${coin}`);
    tally.count(`shares of ${coin}`, total);
  }
}

/** Remembers on which chain each block is that jobs stand on. */
class ChainWatch {
  readonly #ground: SwitchGround;
  readonly #coins = new Map<string, TwoCoins>();

  constructor(ground: SwitchGround) {
    this.#ground = ground;
  }

  async #coinOf(prevHash: string): Promise<TwoCoins> {
    const known = this.#coins.get(prevHash);
    if (known !== undefined) return known;
    const coin = await this.#ground.coinOf(prevHash);
    this.#coins.set(prevHash, coin);
    return coin;
  }

  async allMine(miners: readonly TestMiner[], coin: TwoCoins): Promise<boolean> {
    const stands = new Set(miners.map(({ job }) => job?.prevHash));
    for (const prevHash of stands) {
      if (prevHash === undefined || (await this.#coinOf(prevHash)) !== coin) return false;
    }
    return true;
  }

  /** Acknowledged shares by the chain of their jobs. */
  async sharesOf(miner: TestMiner | undefined): Promise<Map<TwoCoins, number>> {
    const shares = new Map<TwoCoins, number>();
    for (const { prevHash } of miner?.acknowledged ?? []) {
      const coin = await this.#coinOf(prevHash);
      shares.set(coin, (shares.get(coin) ?? 0) + 1);
    }
    return shares;
  }
}

function acknowledged(miners: readonly TestMiner[]): number {
  return miners.reduce((sum, miner) => sum + miner.acknowledged.length, 0);
}

async function sharesFlow(miners: readonly TestMiner[], more: number): Promise<void> {
  const before = acknowledged(miners);
  await until('shares are acknowledged', () => acknowledged(miners) >= before + more);
}

/** The mining key of somebody. */
function keyOf(i: number): string {
  return createHash('ripemd160')
    .update(`miner ${i % 7}`)
    .digest('hex');
}
