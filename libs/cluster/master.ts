import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { algorithmNames } from '../algos/algorithms.ts';
import { formatProblem, type LoadedConfig, loadConfig } from '../config/loadConfig.ts';
import { complain, say } from '../log/console.ts';
import { ownDescriptorLimit } from '../primitives/descriptors.ts';
import { parseArguments, usage } from './args.ts';
import { checkServices } from './checkServices.ts';
import { loggerFor } from './childProcess.ts';
import { descriptorWarning } from './descriptorWarning.ts';
import { mposNotes } from './mposPools.ts';
import { Portal } from './portal.ts';
import { takenPorts } from './ports.ts';

/** The master: checks everything, then starts and watches the processes that do the work. */
export async function runMaster(args: readonly string[]): Promise<void> {
  const parsed = parseArguments(args);
  if (parsed.kind !== 'run') {
    if (parsed.kind === 'wrong') complain(parsed.message);
    say(usage);
    process.exitCode = parsed.kind === 'wrong' ? 1 : 0;
    return;
  }
  const dir = resolve(parsed.dir);
  const reload = () => loadConfig({ dir, skipInvalid: parsed.skipInvalid, algorithmNames });
  const loaded = reload();
  for (const problem of loaded.problems) complain(`${problem.severity}: ${formatProblem(problem)}`);
  const { portal, pools } = loaded;
  if (portal === undefined || blocksStart(loaded, parsed.skipInvalid)) {
    complain('Nothing was started: mend the errors above.');
    process.exitCode = 1;
    return;
  }
  const log = loggerFor(portal, pools);
  if (parsed.check) {
    const { ok, lines } = await checkServices(portal, pools);
    say(lines.join('\n'));
    process.exitCode = ok ? 0 : 1;
    return;
  }
  const refusals = await takenPorts(portal, pools);
  for (const refusal of refusals) log.error(refusal);
  if (refusals.length > 0) {
    process.exitCode = 1;
    return;
  }
  for (const note of mposNotes(pools)) log.warning(note);
  const fewDescriptors = descriptorWarning(ownDescriptorLimit());
  if (fewDescriptors !== undefined && pools.length > 0) log.warning(fewDescriptors);
  if (pools.length === 0) {
    log.warning(
      `No pool is enabled: ${join(dir, 'pool_configs')} has no .json file with "enabled": true.`,
    );
  }
  const dataDir = join(dir, 'data');
  mkdirSync(dataDir, { recursive: true });
  await new Portal(portal, pools, dataDir, reload, log).start();
}

function blocksStart(loaded: LoadedConfig, skipInvalid: boolean): boolean {
  return !skipInvalid && loaded.problems.some(({ severity }) => severity === 'error');
}
