// A server of our own for tests and the demonstration: a process with a folder and a loopback port, that can be killed
// and started again.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../libs/primitives/errors.ts';
import { type ChildOptions, type RunningChild, startChild } from './processes.ts';

export interface PrivateServer {
  readonly port: number;
  /** Of the running server; undefined while it is down. */
  readonly pid: number | undefined;
  readonly dir: string;
  /** Ends the server and removes its folder, unless that is to be kept. Harmless when called again. */
  stop(): Promise<void>;
  /** Sends a signal. For SIGKILL, SIGTERM and SIGINT it resolves when the server is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and folder, after ending it if it still runs. */
  restart(): Promise<void>;
}

export interface ServerPlace {
  readonly port: number;
  readonly dir: string;
}

/** `child` serves there; `launch` starts it anew, `forget` is called when it is not needed any more. */
export function privateServer(
  { port, dir }: ServerPlace,
  child: RunningChild,
  launch: () => Promise<RunningChild>,
  forget: () => void,
): PrivateServer {
  let running = child;
  return {
    port,
    dir,
    get pid() {
      return running.running ? running.pid : undefined;
    },
    async stop() {
      await running.stop();
      forget();
    },
    kill: (signal) => running.kill(signal),
    async restart() {
      await running.stop();
      running = await launch();
    },
  };
}

export interface Readiness {
  /** What its log says when it serves. */
  readonly words: string;
  /** Milliseconds until then, at most. */
  readonly within: number;
  /** The code of the error when it does not come to that. */
  readonly code: string;
}

/** Resolves when the server serves. Rejects like `startChild`, or with the error named. */
export async function launchServer(
  options: ChildOptions,
  { words, within, code }: Readiness,
): Promise<RunningChild> {
  const { command, logFile } = options;
  const before = textOf(logFile).length;
  const child = await startChild(options);
  // Its own log, not its port, says that it serves: on a taken port somebody else's server would answer.
  const deadline = Date.now() + within;
  for (;;) {
    const log = textOf(logFile).slice(before);
    if (child.running && log.includes(words)) return child;
    if (!child.running || Date.now() > deadline) {
      await child.kill('SIGKILL');
      throw new CodedError(
        code,
        `${command} did not start (${child.ending ?? 'no answer'}): ${log.slice(-2_000).trim()}`,
      );
    }
    await sleep(5);
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
