import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { cleanUp } from '../support/cleanup.ts';
import { startPortal } from '../support/portal.ts';

test('a NOMP 0.0.4 folder, as it was left, starts: its pools wait for their daemons, and it stops cleanly', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'nomp-'));
  cleanUp(t, () => rm(dir, { recursive: true, force: true }));
  await cp(join(installRoot, 'test', 'vectors', 'nomp-0.0.4'), dir, { recursive: true });
  const portal = startPortal(t, dir);
  await portal.line(/The portal runs: 2 pool\(s\)/);
  await portal.line(/\[litecoin \(thread 0\)\] No daemon answers/);
  await portal.line(/\[dogecoin \(thread 0\)\] No daemon answers/);
  assert.ok(!portal.output.includes('started again'), portal.output);
  portal.signal('SIGTERM');
  assert.equal(await portal.exit(), 0);
});
