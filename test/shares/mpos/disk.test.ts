import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DiskLook, isSameRun, provesOnDisk } from '../../../libs/shares/mpos/disk.ts';

const look = (seconds: number, uptime: number, change: Partial<DiskLook> = {}): DiskLook => ({
  at: seconds * 1_000,
  uptime,
  always: false,
  flushMillis: 1_000,
  ...change,
});

test('an uptime that grew by the time that passed is the same run of the server', () => {
  assert.equal(isSameRun(look(100, 50), look(110, 60)), true);
  // Whole seconds: one may be missing.
  assert.equal(isSameRun(look(100, 50), look(110, 59)), true);
});

test('a server that was started again in between is another run, however young it was', () => {
  for (let uptime = 0; uptime < 12; uptime++) {
    for (let restartedAfter = 0; restartedAfter < 10; restartedAfter++) {
      const later = look(110, 10 - restartedAfter);
      assert.equal(isSameRun(look(100, uptime), later), false, `${uptime} ${restartedAfter}`);
    }
  }
});

test('a commit is on disk at once where each is flushed, else when a flush and its margin are over', () => {
  assert.equal(provesOnDisk(look(100, 50), look(100, 50, { always: true })), true);
  assert.equal(provesOnDisk(look(100, 50), look(103, 53)), false);
  assert.equal(provesOnDisk(look(100, 50), look(104, 54)), true);
  const slow = { flushMillis: 60_000 };
  assert.equal(provesOnDisk(look(100, 50, slow), look(160, 110, slow)), false);
});
