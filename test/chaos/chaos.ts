// `npm run test:chaos [-- --short] [--only NAME] [--seed N] [--count N]`: does what must not harm, so many times, and
// says what held. Ends with 1 when something did not.
import { failPoints } from './failPoints.ts';
import { model } from './model.ts';
import { mposKills } from './mposKills.ts';
import { mposOutage } from './mposOutage.ts';
import { redisKills } from './redisKills.ts';
import { redisPays } from './redisPays.ts';
import { reorgs } from './reorgs.ts';
import { rpcFaultSuite } from './rpcFaults.ts';
import { runSuites, type Suite } from './suite.ts';
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

process.exitCode = await runSuites('chaos', suites, process.argv.slice(2));
