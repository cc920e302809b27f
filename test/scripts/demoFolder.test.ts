import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { claimFolder, cleanFolder, notePids } from '../../scripts/demo/folder.ts';

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'demo-folder-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function sleeper(t: TestContext, cwd: string): Promise<ChildProcess> {
  const child = spawn('sleep', ['60'], { cwd, stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  return child;
}

test('a folder with anything else in it is left alone', async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, 'precious.txt'), 'x');
  await assert.rejects(claimFolder(dir), { code: 'DEMO_FOLDER' });
  await assert.rejects(cleanFolder(dir), { code: 'DEMO_FOLDER' });
  assert.ok(existsSync(join(dir, 'precious.txt')));
});

test('claiming empties the folder of an earlier run and marks it', async (t) => {
  const dir = join(folder(t), 'deep', 'demo');
  await claimFolder(dir);
  writeFileSync(join(dir, 'pool.log'), 'old');
  await claimFolder(dir);
  assert.equal(existsSync(join(dir, 'pool.log')), false);
  assert.ok(existsSync(join(dir, 'demo.pids.json')));
});

test('cleaning ends what works in the folder, and removes it', async (t) => {
  const dir = folder(t);
  mkdirSync(join(dir, 'redis'));
  const left = await sleeper(t, join(dir, 'redis'));
  notePids(dir, { redis: left.pid });
  const gone = once(left, 'exit');
  assert.deepEqual(await cleanFolder(dir), [left.pid]);
  assert.deepEqual(await gone, [null, 'SIGTERM']);
  assert.equal(existsSync(dir), false);
});

test('a noted number that belongs to another program by now is not touched', async (t) => {
  const dir = folder(t);
  const other = await sleeper(t, tmpdir());
  notePids(dir, { redis: other.pid });
  assert.deepEqual(await cleanFolder(dir), []);
  assert.equal(other.exitCode, null);
  assert.equal(other.signalCode, null);
});

test('a folder that another demonstration works in is not claimed', async (t) => {
  const dir = folder(t);
  const running = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)', 'demo.js'], {
    stdio: 'ignore',
  });
  t.after(() => running.kill('SIGKILL'));
  await once(running, 'spawn');
  writeFileSync(join(dir, 'demo.pids.json'), JSON.stringify({ demo: running.pid }));
  await assert.rejects(claimFolder(dir), { code: 'DEMO_RUNNING' });
});
