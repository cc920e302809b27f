import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatProblem, loadConfig } from '../../libs/config/loadConfig.ts';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { parseJson } from '../../libs/primitives/unknown.ts';
import { type Dice, dice } from '../chaos/dice.ts';
import { algorithmNames, daemon, pool } from '../config/configFolder.ts';
import { mutateBytes, mutateText, mutateValue } from './mutate.ts';
import { type FuzzSuite, keepsContract } from './watch.ts';

// An operator's slips, in numbers: one file of a sound folder is broken, and loading says so instead of throwing.

const files = ['config.json', 'pool_configs/litecoin.json', 'coins/litecoin.json'] as const;

function soundFiles(): ReadonlyMap<string, string> {
  const old = join(installRoot, 'test', 'vectors', 'nomp-0.0.4');
  const varDiff = {
    minDiff: 8,
    maxDiff: 512,
    targetTime: 15,
    retargetTime: 90,
    variancePercent: 30,
  };
  const wide = pool({
    rewardRecipients: { LZz44iyF4zLCXJTU8RxztyyJZBntdS6fvv: 1.5 },
    paymentProcessing: { enabled: true, paymentInterval: 20, minimumPayment: 0.01, daemon },
    ports: { '3008': { diff: 8 }, '3032': { diff: 32, varDiff } },
    p2p: { enabled: true, host: '127.0.0.1', port: 19333 },
    banning: { enabled: true, time: 600, invalidPercent: 50 },
  });
  return new Map<string, string>([
    ['config.json', readFileSync(join(installRoot, 'config_example.json'), 'utf8')],
    ['pool_configs/litecoin.json', JSON.stringify(wide, null, 1)],
    ['coins/litecoin.json', readFileSync(join(old, 'coins', 'litecoin.json'), 'utf8')],
  ]);
}

function broken(text: string, throws: Dice): string | Buffer {
  const value = parseJson(text);
  if (value !== undefined && throws.chance(0.6)) return JSON.stringify(mutateValue(value, throws));
  return throws.chance(0.6) ? mutateText(text, throws) : mutateBytes(Buffer.from(text), throws);
}

function checkFolder(dir: string, skipInvalid: boolean): number {
  const { portal, pools, problems } = loadConfig({ dir, algorithmNames, skipInvalid });
  const errors = problems.filter(({ severity }) => severity === 'error');
  for (const problem of problems) {
    const line = formatProblem(problem);
    if (/\p{Cc}/u.test(line)) throw new Error(`it is no single plain line: ${line}`);
    if (problem.line < 1 || problem.column < 1) throw new Error(`it is nowhere: ${line}`);
  }
  if (errors.length === 0 && portal === undefined) throw new Error('no portal, and no reason why');
  if (errors.length > 0 && !skipInvalid && pools.length > 0)
    throw new Error('pools despite errors');
  return errors.length;
}

export const configText: FuzzSuite = {
  name: 'config',
  counts: 'broken configuration folders',
  long: 20_000,
  short: 400,
  async fuzz(run, tally, watch) {
    const throws = dice(run.seed).apart('config');
    const sound = soundFiles();
    const dir = mkdtempSync(join(tmpdir(), 'fuzz-config-'));
    try {
      for (const folder of ['pool_configs', 'coins']) mkdirSync(join(dir, folder));
      for (const [file, text] of sound) writeFileSync(join(dir, file), text);
      tally.check(checkFolder(dir, false) === 0, () => 'the unbroken folder has errors');
      for (let done = 0; done < run.count; done++) {
        if (done % 20 === 0) watch.at(done);
        const file = throws.pick(files);
        const text = sound.get(file) ?? '';
        const bytes = broken(text, throws);
        writeFileSync(join(dir, file), bytes);
        keepsContract(
          tally,
          () => `${file}: ${bytes.toString()}`,
          () =>
            tally.count('folders with errors', checkFolder(dir, throws.chance(0.5)) > 0 ? 1 : 0),
        );
        writeFileSync(join(dir, file), text);
      }
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
};
