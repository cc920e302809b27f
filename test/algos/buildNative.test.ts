import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { installRoot } from '../../libs/primitives/installRoot.ts';

/** An installation that shares everything with this one but dist/. */
function emptyInstallation(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'nomp-build-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'scripts'));
  copyFileSync(
    join(installRoot, 'scripts', 'buildNative.mjs'),
    join(folder, 'scripts', 'buildNative.mjs'),
  );
  for (const name of ['libs', 'node_modules']) {
    symlinkSync(join(installRoot, name), join(folder, name));
  }
  return folder;
}

function build(root: string, env: NodeJS.ProcessEnv) {
  return spawnSync(process.execPath, [join(root, 'scripts', 'buildNative.mjs')], {
    env,
    encoding: 'utf8',
  });
}

test('an addon that is up to date is left as it is, without a word', () => {
  const addon = join(installRoot, 'dist', 'native', 'pow.node');
  const before = statSync(addon).mtimeMs;
  const { status, stdout, stderr } = build(installRoot, process.env);
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
  assert.equal(statSync(addon).mtimeMs, before);
});

test('without a C compiler the build succeeds and says which coins are left', (t) => {
  const root = emptyInstallation(t);
  const { status, stderr } = build(root, { PATH: '' });
  assert.equal(status, 0);
  assert.match(stderr, /^No C compiler was found, so only sha256 and scrypt coins can be mined\./);
  assert.equal(existsSync(join(root, 'dist', 'native', 'pow.node')), false);
});

test('a compiler that fails is quoted, the build succeeds, and nothing half built is left', (t) => {
  const root = emptyInstallation(t);
  const { status, stderr } = build(root, { ...process.env, CC: process.execPath });
  assert.equal(status, 0);
  assert.match(stderr, /could not be built, .* The compiler said:\n.*bad option/);
  assert.equal(existsSync(join(root, 'dist', 'native', 'pow.node')), false);
});

test('NOMP_NO_NATIVE=1 skips the build', (t) => {
  const root = emptyInstallation(t);
  const { status, stdout, stderr } = build(root, { ...process.env, NOMP_NO_NATIVE: '1' });
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
  assert.equal(existsSync(join(root, 'dist')), false);
});
