// `npm run demo`: real litecoind nodes, a real pool, miners, and a payout that can be checked on the chain.
import { join, resolve } from 'node:path';
import { messageOf } from '../../libs/primitives/errors.ts';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { lastLines } from '../regtest/processes.ts';
import { claimFolder, cleanFolder } from './folder.ts';
import { logFiles, poolLog, setStage } from './stage.ts';
import { Story } from './story.ts';
import { createTimeline, type Timeline } from './timeline.ts';

const usage = `Usage: npm run demo [-- OPTIONS]

A mining pool from the first share to the first payout, on a private chain of two litecoind nodes.

  --check        end after the first payout: exit code 0 if all books agree to the satoshi, 1 if not
  --clean        end what an earlier run left behind and remove its folder
  --dir FOLDER   work in this folder (default: data/demo)
  --yes          install missing Debian packages without asking
  --help         this text`;

/** From the start to the confirmed payout, milliseconds. */
const timeLimit = 180_000;

interface Options {
  readonly kind: 'run' | 'check' | 'clean' | 'help';
  readonly dir: string;
}

function optionsOf(args: readonly string[]): Options | string {
  let kind: Options['kind'] = 'run';
  let dir = join(installRoot, 'data', 'demo');
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === '--check' || arg === '--clean' || arg === '--help') {
      kind = arg === '--check' ? 'check' : arg === '--clean' ? 'clean' : 'help';
    } else if (arg === '--dir') {
      const folder = args[++i];
      if (folder === undefined) return '--dir needs a folder.';
      dir = resolve(folder);
    } else if (arg !== '--yes') return `Unknown option "${arg}".`;
  }
  return { kind, dir };
}

async function run(options: Options, timeline: Timeline, signal: AbortSignal): Promise<number> {
  const { dir } = options;
  const deadline = Date.now() + timeLimit;
  const stops: (() => Promise<void>)[] = [];
  await claimFolder(dir);
  try {
    const stage = await setStage(dir, timeline, (stop) => stops.unshift(stop));
    const story = new Story(stage, timeline, signal, deadline);
    stops.unshift(() => story.stop());
    await story.untilPaid();
    if (options.kind === 'run') {
      await story.goOn();
      return 0;
    }
    const wrong = await story.check();
    if (wrong.length === 0) return 0;
    timeline.bad('The books do not agree:', wrong);
  } catch (error) {
    if (signal.aborted) return 130;
    timeline.bad(`The demonstration failed: ${messageOf(error)}`);
    timeline.plain(['', 'The end of the pool’s log:', lastLines(poolLog(dir), 30)]);
  } finally {
    timeline.event('Everything is being stopped');
    for (const stop of stops) {
      await stop().catch((error: unknown) => timeline.bad(`Stopping failed: ${messageOf(error)}`));
    }
  }
  timeline.plain(['', 'Logs:', ...logFiles(dir).map((file) => `  ${file}`)]);
  return 1;
}

async function main(args: readonly string[]): Promise<number> {
  const timeline = createTimeline();
  const options = optionsOf(args);
  if (typeof options === 'string') {
    timeline.bad(options);
    timeline.plain(['', usage]);
    return 1;
  }
  if (options.kind === 'help') {
    timeline.plain([usage]);
    return 0;
  }
  if (options.kind === 'clean') {
    const ended = await cleanFolder(options.dir);
    timeline.good(`${options.dir} is gone; ${ended.length} processes were ended.`);
    return 0;
  }
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // The second one does not wait: the children are killed when this process exits.
    process.on(name, () => (controller.signal.aborted ? process.exit(130) : controller.abort()));
  }
  return run(options, timeline, controller.signal);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  createTimeline().bad(messageOf(error));
  process.exitCode = 1;
}
