import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isAlive, ownName } from '../../libs/shares/spoolOwner.ts';
import { until } from '../support/until.ts';

const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);

function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function nameOf(pid: number): string {
  return `${pid}-${statOf(pid)[19]}-${boot}`;
}

function pidOf({ pid }: ChildProcess): number {
  assert.ok(pid);
  return pid;
}

test('a process is its pid, its start and its boot', () => {
  assert.equal(ownName(), nameOf(process.pid));
  assert.ok(isAlive(ownName()));
});

test('a later process with the same pid, and one of another boot, is another', () => {
  const [pid, start, bootId] = ownName().split('-');
  assert.ok(!isAlive(`${pid}-${Number(start) + 1}-${bootId}`));
  assert.ok(!isAlive(`${pid}-${start}-00000000`));
  for (const name of ['', 'x', `${pid}`, `${pid}-${start}`, `-${start}-${bootId}`]) {
    assert.ok(!isAlive(name), name);
  }
});

test('a process is gone when it was killed', async () => {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const name = nameOf(pidOf(child));
  assert.ok(isAlive(name));
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok(!isAlive(name));
});

test('a dead process whose parent has not reaped it is gone', async (t) => {
  // The shell's child ends after the shell has become a program that asks for no child.
  const parent = spawn('sh', ['-c', 'sleep 0.1 & exec sleep 60']);
  t.after(() => parent.kill('SIGKILL'));
  await once(parent, 'spawn');
  const pid = pidOf(parent);
  const children = () => readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  await until('there is a child', () => children() !== '');
  const child = Number(children());
  await until('the child is a zombie', () => statOf(child)[0] === 'Z');
  assert.ok(!isAlive(nameOf(child)));
});
