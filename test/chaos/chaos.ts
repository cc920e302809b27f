// `npm run test:chaos [-- --short] [--only NAME] [--seed N] [--count N]`: does what must not harm, so many times, and
// says what held. Ends with 1 when something did not.
import { randomInt } from 'node:crypto';
import { failPoints } from './failPoints.ts';
import { model } from './model.ts';
import { mposKills } from './mposKills.ts';
import { mposOutage } from './mposOutage.ts';
import { redisKills } from './redisKills.ts';
import { redisPays } from './redisPays.ts';
import { reorgs } from './reorgs.ts';
import { rpcFaultSuite } from './rpcFaults.ts';
import { runSuite, type Suite } from './suite.ts';
import { switching } from './switching.ts';
import { twoPayers } from './twoPayers.ts';
import { workerKills } from './workerKills.ts';

const suites: readonly Suite[] = [
  workerKills,
  redisKills,
  failPoints,
  rpcFaultSuite,
  reorgs,
  twoPayers,
  redisPays,
  mposKills,
  mposOutage,
  switching,
  model,
];

interface Wish {
  readonly short: boolean;
  readonly only: string | undefined;
  readonly seed: number;
  readonly count: number | undefined;
}

function readWish(args: readonly string[]): Wish {
  const wordAfter = (name: string): string | undefined => {
    const at = args.indexOf(name);
    return at === -1 ? undefined : args[at + 1];
  };
  const count = wordAfter('--count');
  return {
    short: args.includes('--short'),
    only: wordAfter('--only'),
    seed: Number(wordAfter('--seed') ?? randomInt(1, 2 ** 31)),
    count: count === undefined ? undefined : Number(count),
  };
}

async function main(): Promise<void> {
  const wish = readWish(process.argv.slice(2));
  const chosen = suites.filter(({ name }) => wish.only === undefined || name === wish.only);
  if (chosen.length === 0 || !Number.isSafeInteger(wish.seed)) {
    console.error(
      `Usage: chaos [--short] [--only ${suites.map(({ name }) => name).join('|')}] [--seed N] [--count N]`,
    );
    process.exitCode = 2;
    return;
  }
  let passed = 0;
  let failed = 0;
  for (const suite of chosen) {
    const count = wish.count ?? (wish.short ? suite.short : suite.long);
    const tally = await runSuite(suite, {
      seed: wish.seed,
      count,
      say: (line) => console.log(line),
    });
    passed += tally.passed;
    failed += tally.failures.length;
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

await main();
