import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { type Child, Supervisor } from '../../libs/cluster/supervisor.ts';
import { createLogger } from '../../libs/log/logger.ts';

/** Stands in for a child process: it dies and obeys when the test says so. */
class ScriptedChild implements Child {
  readonly pid = 1;
  readonly sent: object[] = [];
  readonly signals: string[] = [];
  #exit: (code: number | null, signal: NodeJS.Signals | null) => void = () => undefined;

  send(message: object): void {
    this.sent.push(message);
  }

  kill(signal: NodeJS.Signals): void {
    this.signals.push(signal);
    this.exit(null, signal);
  }

  onExit(listener: (code: number | null, signal: NodeJS.Signals | null) => void): void {
    this.#exit = listener;
  }

  exit(code: number | null, signal: NodeJS.Signals | null = null): void {
    this.#exit(code, signal);
  }
}

function supervised() {
  const children: ScriptedChild[] = [];
  const lines: string[] = [];
  const events = new EventEmitter();
  const died: number[] = [];
  const supervisor = new Supervisor({
    name: 'pool worker 3',
    log: createLogger(
      { level: 'debug', colors: false, format: 'text' },
      { write: (line) => void lines.push(line) },
    ),
    spawn: () => {
      const child = new ScriptedChild();
      children.push(child);
      setImmediate(() => events.emit('spawned', child));
      return child;
    },
    onDied: () => void died.push(children.length),
    backOff: { first: 1, most: 4, healthyAfter: 60_000 },
  });
  return { supervisor, children, lines, events, died };
}

test('a child that dies is started again, and a crash loop is said as an error', async () => {
  const { supervisor, children, lines, events, died } = supervised();
  supervisor.start();
  await once(events, 'spawned');
  for (let i = 0; i < 5; i++) {
    const respawned = once(events, 'spawned');
    children.at(-1)?.exit(1);
    await respawned;
  }
  assert.equal(children.length, 6);
  assert.deepEqual(died, [1, 2, 3, 4, 5]);
  assert.match(lines[0] ?? '', /\[warning\].*pool worker 3 ended with exit code 1/);
  assert.match(lines.at(-1) ?? '', /\[error\].*crash loop/);
  const stopped = supervisor.stop(10_000);
  children.at(-1)?.exit(0);
  await stopped;
});

test('stop asks the child to end and starts none again', async () => {
  const { supervisor, children } = supervised();
  supervisor.start();
  const stopped = supervisor.stop(10_000);
  assert.deepEqual(children[0]?.sent, [{ type: 'stop' }]);
  children[0]?.exit(0);
  await stopped;
  assert.equal(children.length, 1);
});

test('a child that does not obey is killed when its time is over', async () => {
  const { supervisor, children } = supervised();
  supervisor.start();
  await supervisor.stop(1);
  assert.deepEqual(children[0]?.signals, ['SIGKILL']);
});
