// The demonstration's own folder, and the processes that an earlier run may have left behind there.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../libs/primitives/errors.ts';
import { isRecord, own, parseJson } from '../../libs/primitives/unknown.ts';

const pidFile = 'demo.pids.json';
const politeMillis = 8_000;

/** Notes which processes work in the folder: name -> pid. Its file marks the folder as ours. */
export function notePids(dir: string, pids: Readonly<Record<string, number | undefined>>): void {
  writeFileSync(join(dir, pidFile), `${JSON.stringify({ demo: process.pid, ...pids })}\n`);
}

/**
 * Ends what an earlier run left behind and empties the folder. Throws DEMO_RUNNING while another run is alive, and
 * DEMO_FOLDER for a folder with anything else in it.
 */
export async function claimFolder(dir: string): Promise<void> {
  if (demoOf(dir) !== undefined) {
    throw new CodedError(
      'DEMO_RUNNING',
      `A demonstration runs in ${dir} already: end it with Ctrl-C, or with "npm run demo -- --clean".`,
    );
  }
  await cleanFolder(dir);
  mkdirSync(dir, { recursive: true });
  notePids(dir, {});
}

/** Ends every process that a run noted, and removes the folder. Gives the pids of those that it had to end. */
export async function cleanFolder(dir: string): Promise<readonly number[]> {
  if (!existsSync(dir)) return [];
  if (readdirSync(dir).length > 0 && !existsSync(join(dir, pidFile))) {
    throw new CodedError(
      'DEMO_FOLDER',
      `${dir} is no folder of the demonstration (it has no ${pidFile}): it is left alone.`,
    );
  }
  const demo = demoOf(dir);
  // It ends its own children in good order; what is left after that is ended one by one.
  const ended = demo === undefined ? [] : await end([demo]);
  const left = leftovers(dir);
  await end(left);
  rmSync(dir, { recursive: true, force: true });
  return [...ended, ...left];
}

function notedPids(dir: string): Map<string, number> {
  const pids = new Map<string, number>();
  const noted = existsSync(join(dir, pidFile))
    ? parseJson(readFileSync(join(dir, pidFile), 'utf8'))
    : undefined;
  if (!isRecord(noted)) return pids;
  for (const name of Object.keys(noted)) {
    const pid = own(noted, name);
    if (typeof pid === 'number' && Number.isSafeInteger(pid) && pid > 1) pids.set(name, pid);
  }
  return pids;
}

/** The demonstration that works in this folder, if it is alive and not this one. */
function demoOf(dir: string): number | undefined {
  const pid = notedPids(dir).get('demo');
  if (pid === undefined || pid === process.pid) return undefined;
  return commandOf(pid)?.includes('demo') ? pid : undefined;
}

/** A number may belong to another program by now: ours have their working directory inside the folder. */
function leftovers(dir: string): number[] {
  const pids = [...notedPids(dir)].filter(([name]) => name !== 'demo').map(([, pid]) => pid);
  return pids.filter((pid) => {
    const cwd = workingDirectoryOf(pid);
    return cwd !== undefined && (cwd === dir || cwd.startsWith(dir + sep));
  });
}

async function end(pids: readonly number[]): Promise<readonly number[]> {
  for (const pid of pids) signal(pid, 'SIGTERM');
  const deadline = Date.now() + politeMillis;
  while (pids.some(isAlive) && Date.now() < deadline) await sleep(50);
  for (const pid of pids) if (isAlive(pid)) signal(pid, 'SIGKILL');
  return pids;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone.
  }
}

/** A zombie counts as gone: only its parent's wait is missing. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function workingDirectoryOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

function commandOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return undefined;
  }
}
