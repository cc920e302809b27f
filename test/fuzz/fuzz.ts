// `npm run fuzz [-- --short] [--only NAME] [--seed N] [--count N]`: feeds every edge with garbage and says what held. Ends
// with 1 when something did not.
import { randomInt } from 'node:crypto';
import { runSuite } from '../chaos/suite.ts';
import { suites } from './suites.ts';

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
  const { short, only, seed, count } = readWish(process.argv.slice(2));
  const chosen = suites.filter(({ name }) => only === undefined || name === only);
  const isCount = count === undefined || (Number.isSafeInteger(count) && count > 0);
  if (chosen.length === 0 || !Number.isSafeInteger(seed) || !isCount) {
    const names = suites.map(({ name }) => name).join('|');
    console.error(`Usage: fuzz [--short] [--only ${names}] [--seed N] [--count N]`);
    process.exitCode = 2;
    return;
  }
  console.log(`seed ${seed}`);
  let passed = 0;
  let failed = 0;
  for (const suite of chosen) {
    const tally = await runSuite(suite, {
      seed,
      count: count ?? (short ? suite.short : suite.long),
      say: (line) => console.log(line),
    });
    passed += tally.passed;
    failed += tally.failures.length;
  }
  console.log(`seed ${seed}: ${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

await main();
