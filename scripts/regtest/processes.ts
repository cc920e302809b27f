// Child processes that end with us: by stop(), when this process exits, and when a signal ends it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Gets stdout and stderr, appended. */
  readonly logFile: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface RunningChild {
  readonly pid: number;
  /** True until the process is gone. */
  readonly running: boolean;
  /** "exit code 1", "signal SIGKILL", or undefined while it runs. */
  readonly ending: string | undefined;
  /** Sends a signal. For those that end a process for certain, or ask it to end, resolves when it is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** SIGTERM, and SIGKILL after `patience` milliseconds (10,000). Harmless when it is gone already. */
  stop(patience?: number): Promise<void>;
}

const endingSignals: ReadonlySet<NodeJS.Signals> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT']);
const parting = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const children = new Set<ChildProcess>();
let watching = false;

/** Rejects with the system's error (ENOENT, EACCES) if the command cannot be started. */
export async function startChild(options: ChildOptions): Promise<RunningChild> {
  const log = openSync(options.logFile, 'a');
  const child = spawn(options.command, options.args, {
    stdio: ['ignore', log, log],
    // A terminal's Ctrl-C must reach us alone: who ends first, and how, is ours to say.
    detached: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  closeSync(log);
  await once(child, 'spawn');
  const { pid } = child;
  if (pid === undefined) throw new Error(`${options.command} was started without a pid.`);
  watchOurEnd();
  children.add(child);
  child.once('exit', () => children.delete(child));
  child.on('error', () => undefined);

  return {
    pid,
    get running() {
      return isRunning(child);
    },
    get ending() {
      if (isRunning(child)) return undefined;
      return child.signalCode === null
        ? `exit code ${child.exitCode}`
        : `signal ${child.signalCode}`;
    },
    async kill(signal) {
      child.kill(signal);
      if (endingSignals.has(signal)) await gone(child);
    },
    async stop(patience = 10_000) {
      if (!isRunning(child)) return;
      // A stopped process does not hear SIGTERM.
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), patience);
      await gone(child);
      clearTimeout(force);
    },
  };
}

/** The end of a log file, for error messages. */
export function lastLines(file: string, count: number): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return '';
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function gone(child: ChildProcess): Promise<void> {
  if (isRunning(child)) await once(child, 'exit');
}

function watchOurEnd(): void {
  if (watching) return;
  watching = true;
  process.on('exit', killAll);
  for (const signal of parting) process.on(signal, endBySignal);
}

/** Without a listener of ours these signals would end this process before it could end its children. */
function endBySignal(signal: NodeJS.Signals): void {
  // Whoever else listens decides when this process ends; 'exit' comes then.
  if (process.listenerCount(signal) > 1) return;
  killAll();
  process.off(signal, endBySignal);
  process.kill(process.pid, signal);
}

function killAll(): void {
  for (const child of children) child.kill('SIGKILL');
}
