// `npm run bench [-- --short] [--only PART]`: what things cost, part by part, the real portal and all else on loopback.
import { availableParallelism } from 'node:os';
import { messageOf } from '../../libs/primitives/errors.ts';
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

/** Undefined for arguments that mean nothing. */
function partsWanted(args: readonly string[]): readonly BenchPart[] | undefined {
  const rest = args.filter((arg) => arg !== '--short');
  if (rest.length === 0) return parts;
  const [flag, name] = rest;
  const wanted = parts.filter((part) => part.name === name);
  return flag === '--only' && rest.length === 2 && wanted.length === 1 ? wanted : undefined;
}

async function main(args: readonly string[]): Promise<number> {
  const wanted = partsWanted(args);
  if (wanted === undefined) {
    say(usage);
    return args.includes('--help') ? 0 : 1;
  }
  // The pool gets a core of its own, everything else the other one.
  const hasTwoCores = availableParallelism() >= 2 && pin(process.pid, 1);
  const wish = {
    isShort: args.includes('--short'),
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
