import { secretsOf } from '../config/secrets.ts';
import type { PortalConfig } from '../config/types.ts';
import { parseToChild, type ToChild, type ToMaster } from '../ipc/messages.ts';
import { createLogger, hideInLogs, type RootLogger, severities } from '../log/logger.ts';
import { messageOf } from '../primitives/errors.ts';
import { type HandOff, handOffFrom } from './handOff.ts';

// What every child process does alike: greet the master, wait for `start`, end cleanly when told to or left alone.

/** A clean end may take this long, in milliseconds, before the process ends all the same. */
const patience = 9_000;

export type StartMessage = Extract<ToChild, { type: 'start' }>;

export interface RunningChild {
  onMessage(message: ToChild): void;
  /** A command of the operator: plain JSON data. Rejects with a sentence. */
  ask(command: string, params: readonly string[]): Promise<unknown>;
  stop(): Promise<void>;
}

export function tellMaster(message: ToMaster): void {
  if (process.connected) process.send?.(message);
}

/** Runs this process as a child of the master. `run` is called once, with the configuration. */
export function runChild(
  run: (start: StartMessage, handOff: HandOff, log: RootLogger) => RunningChild,
): void {
  let running: RunningChild | undefined;
  let log: RootLogger | undefined;
  let stopping = false;

  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), patience).unref();
    Promise.resolve(running?.stop()).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };

  process.on('message', (raw: unknown) => {
    const message = parseToChild(raw);
    if (message === undefined || stopping) return;
    if (message.type === 'stop') return stop();
    if (message.type === 'logLevel') return setLevel(log, message.level);
    if (message.type === 'ask') return answer(running, message);
    if (message.type !== 'start') return running?.onMessage(message);
    const handOff = handOffFrom(message.config);
    if (handOff === undefined || running !== undefined) return;
    log = loggerFor(handOff.portal, handOff.pools);
    running = run(message, handOff, log);
  });
  // The master is gone: nobody would steer, restart or stop this process any more.
  process.on('disconnect', stop);
  // A terminal's Ctrl-C reaches the whole group, but the master decides the order in which its children end.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', stop);
  tellMaster({ type: 'hello' });
}

/** Unknown levels are left alone: the master checks what the operator typed. */
export function setLevel(log: RootLogger | undefined, name: string): void {
  const level = severities.find((severity) => severity === name);
  if (level !== undefined) log?.setLevel(level);
}

function answer(running: RunningChild | undefined, ask: Extract<ToChild, { type: 'ask' }>): void {
  const { id, command, params } = ask;
  const asked =
    running?.ask(command, params) ?? Promise.reject(new Error('the process is still starting'));
  asked.then(
    (data) => tellMaster({ type: 'answer', id, error: undefined, data }),
    (error: unknown) =>
      tellMaster({ type: 'answer', id, error: messageOf(error), data: undefined }),
  );
}

/** The logger of a process, with every configured secret hidden from then on. */
export function loggerFor(portal: PortalConfig, pools: HandOff['pools']): RootLogger {
  for (const secret of secretsOf(portal, pools)) hideInLogs(secret);
  return createLogger({
    level: portal.logLevel,
    colors: portal.logColors && process.stdout.isTTY === true,
    format: portal.logFormat,
  });
}
