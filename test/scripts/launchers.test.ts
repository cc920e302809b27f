import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { installRoot } from '../../libs/primitives/installRoot.ts';

const run = promisify(execFile);

for (const launcher of ['init.js', 'scripts/cli.js']) {
  test(`${launcher} says what to do when the build is missing, with exit code 1`, async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'launcher-'));
    t.after(() => rm(dir, { recursive: true, force: true }));
    await cp(join(installRoot, 'package.json'), join(dir, 'package.json'));
    await cp(join(installRoot, launcher), join(dir, launcher), { recursive: true });
    await assert.rejects(run(process.execPath, [join(dir, launcher)]), (error: unknown) => {
      const { code, stderr } = error as { code: number; stderr: string };
      assert.equal(code, 1);
      assert.match(stderr, /npm ci && npm run build/);
      assert.ok(stderr.includes(dir));
      return true;
    });
  });
}
