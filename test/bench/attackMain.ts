// `npm run bench:attack [-- --short]`.
import { availableParallelism } from 'node:os';
import { messageOf } from '../../libs/primitives/errors.ts';
import { limits, longForm, missed, runAttacks, shortForm, tableOfRounds } from './attackBench.ts';
import { pin } from './processFacts.ts';

const usage = `Usage: npm run bench:attack [-- --short]

  --short   200 honest miners and 2,000 idle sockets, within 40 seconds`;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function main(args: readonly string[]): Promise<number> {
  if (args.some((arg) => arg !== '--short')) {
    say(usage);
    return args.includes('--help') ? 0 : 1;
  }
  const sizes = args.includes('--short') ? shortForm : longForm;
  const hasTwoCores = availableParallelism() >= 2 && pin(process.pid, 1);
  say(
    `${sizes.honest} honest miners, ${sizes.sharesPerSecond} shares a second, a block each second`,
  );
  const rounds = await runAttacks(sizes, hasTwoCores ? { pool: 0, rest: 1 } : undefined, say);
  say(`\n${tableOfRounds(rounds)}\n`);
  say(
    `Asked for: rejects < ${limits.rejects} %, dropped ${limits.dropped}, notify p99 < ${limits.notify} ms, RPC requests <= ${limits.rpcPerSecond}/s. Master and pool workers share one core; CPU and RSS are the workers'.`,
  );
  const faults = rounds.flatMap((round) => missed(round, true));
  for (const fault of faults) say(`MISSED ${fault}`);
  return faults.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  say(`The bench failed: ${messageOf(error)}`);
  process.exitCode = 1;
}
