import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { installRoot } from '../../libs/primitives/installRoot.ts';

/** Node of that major version as npm has it; it takes no place in this installation. */
function fetchNode(t: TestContext, major: number): string {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = mkdtempSync(join(tmpdir(), 'nomp-node-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const install = ['install', '--prefix', folder, '--no-save', '--no-package-lock', '--no-audit'];
  const { status, stderr } = spawnSync('npm', [...install, `${name}@${major}`], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, `npm gives no ${name}@${major}: ${stderr}`);
  return join(folder, 'node_modules', name, 'bin', 'node');
}

/** The built code of this installation beside a native addon that is yet to be built. */
function withoutAddon(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'nomp-build-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of ['scripts', 'dist']) mkdirSync(join(folder, name));
  copyFileSync(
    join(installRoot, 'scripts', 'buildNative.mjs'),
    join(folder, 'scripts', 'buildNative.mjs'),
  );
  const shared = ['libs', 'package.json', 'test', 'coins'];
  for (const name of [...shared, 'dist/libs', 'dist/test']) {
    symlinkSync(join(installRoot, name), join(folder, name));
  }
  mkdirSync(join(folder, 'node_modules'));
  for (const name of readdirSync(join(installRoot, 'node_modules'))) {
    // Its addon is for one version of Node alone, and must stay the one of this installation.
    if (name === 'bignum') continue;
    symlinkSync(join(installRoot, 'node_modules', name), join(folder, 'node_modules', name));
  }
  return folder;
}

for (const major of [22, 24]) {
  test(`Node ${major} builds the native hashes with the plain command, and each gives its real header's hash`, (t) => {
    const node = fetchNode(t, major);
    const root = withoutAddon(t);
    const run = (args: string[]) => {
      const flags = ['--preserve-symlinks', '--preserve-symlinks-main'];
      const { status, stdout, stderr } = spawnSync(node, [...flags, ...args], {
        cwd: root,
        encoding: 'utf8',
        // The runner of this test must not take the inner one for its own.
        env: { ...process.env, NODE_TEST_CONTEXT: undefined },
      });
      return { status, output: stdout + stderr };
    };
    assert.match(run(['--version']).output, new RegExp(`^v${major}\\.`));
    assert.deepEqual(run(['scripts/buildNative.mjs']), { status: 0, output: '' });
    assert.ok(existsSync(join(root, 'dist', 'native', 'pow.node')));
    const proof = run(['--test', 'dist/test/algos/algorithms.test.js']);
    assert.equal(proof.status, 0, proof.output);
    assert.match(proof.output, /# fail 0|ℹ fail 0/);
  });
}
