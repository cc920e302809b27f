// `npm run bench [-- --short] [--only PART]`: what things cost, part by part, the real portal and all else on loopback.
import { availableParallelism } from 'node:os';
import { messageOf } from '../../libs/primitives/errors.ts';
import { readWish } from '../support/wish.ts';
import { hashes } from './hashes.ts';
import { mposFigures } from './mposFigures.ts';
import { type BenchPart, say } from './part.ts';
import { poolFigures } from './poolFigures.ts';
import { pin } from './processFacts.ts';
import { slowHashes } from './slowHashes.ts';
import { websiteFigures } from './websiteFigures.ts';

const parts: readonly BenchPart[] = [poolFigures, hashes, slowHashes, websiteFigures, mposFigures];

const usage = `Usage: npm run bench [-- --short] [--only PART]

  --short      fewer repetitions
  --only PART  one part of:
${parts.map(({ name, measures }) => `    ${name.padEnd(10)} ${measures}`).join('\n')}`;

async function main(args: readonly string[]): Promise<number> {
  const asked = readWish(args);
  const wanted = parts.filter(({ name }) => asked?.only === undefined || name === asked.only);
  if (asked === undefined || wanted.length === 0) {
    say(usage);
    return args.includes('--help') ? 0 : 1;
  }
  // The pool gets a core of its own, everything else the other one.
  const hasTwoCores = availableParallelism() >= 2 && pin(process.pid, 1);
  const wish = {
    isShort: asked.short,
    cores: hasTwoCores ? { pool: 0, rest: 1 } : undefined,
  };
  let isWhole = true;
  for (const part of wanted) {
    say(`== ${part.name}: ${part.measures}`);
    isWhole = (await part.run(wish)) && isWhole;
  }
  return isWhole ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  say(`The bench failed: ${messageOf(error)}`);
  process.exitCode = 1;
}
