import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { lastLines, startChild } from '../../scripts/regtest/processes.ts';
import { until } from '../support/until.ts';

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'processes-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Gone, or dead and only not yet waited for. */
function isGone(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}

/** A process that starts a child as tests do, then does what `then` says. */
function startParent(t: TestContext, dir: string, then: string) {
  const url = new URL('../../scripts/regtest/processes.js', import.meta.url).href;
  const code = `
    import { startChild } from ${JSON.stringify(url)};
    const child = await startChild({ command: 'sleep', args: ['60'], logFile: ${JSON.stringify(join(dir, 'log'))} });
    console.log(child.pid);
    ${then}`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => parent.kill('SIGKILL'));
  return parent;
}

async function firstLine(parent: ReturnType<typeof startParent>): Promise<string> {
  assert.ok(parent.stdout);
  const [line] = await once(createInterface({ input: parent.stdout }), 'line');
  return String(line);
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  test(`children end with a parent that ${signal} ends, which still dies of the signal`, async (t) => {
    const parent = startParent(t, folder(t), 'setInterval(() => undefined, 1000);');
    const pid = Number(await firstLine(parent));
    assert.equal(isGone(pid), false);
    parent.kill(signal);
    const [, endedBy] = await once(parent, 'exit');
    assert.equal(endedBy, signal);
    await until('the child is gone', () => isGone(pid));
  });
}

test('children end with a parent that exits by itself', async (t) => {
  const dir = folder(t);
  const parent = startParent(t, dir, 'process.exit(3);');
  const pid = Number(await firstLine(parent));
  await until('the child is gone', () => isGone(pid));
});

test('stop ends a child that was frozen, and says how it ended', async (t) => {
  const child = await startChild({
    command: 'sleep',
    args: ['60'],
    logFile: join(folder(t), 'log'),
  });
  assert.equal(child.ending, undefined);
  await child.kill('SIGSTOP');
  await child.stop();
  assert.equal(child.running, false);
  assert.equal(child.ending, 'signal SIGTERM');
});

test('a child that does not hear SIGTERM is killed after the patience', async (t) => {
  const logFile = join(folder(t), 'log');
  const deaf =
    "process.on('SIGTERM', () => undefined); console.log('ready'); setInterval(() => 0, 1000);";
  const child = await startChild({ command: process.execPath, args: ['-e', deaf], logFile });
  await until('it is ready', () => lastLines(logFile, 1) === 'ready');
  await child.stop(100);
  assert.equal(child.ending, 'signal SIGKILL');
});

test('a command that is not there is refused with ENOENT', async (t) => {
  const start = startChild({
    command: '/nonexistent/daemon',
    args: [],
    logFile: join(folder(t), 'log'),
  });
  await assert.rejects(start, { code: 'ENOENT' });
});
