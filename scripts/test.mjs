// `npm test`: installs and builds what is missing, checks types and style, runs every test file.
// With arguments: only the test files whose path contains one of them (node scripts/test.mjs jobs stratum).
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, root, run } from './prepare.mjs';

await prepare({
  debian: [
    'redis-server',
    'litecoind',
    'mariadb-server',
    'chromium',
    'python3-zmq',
    'haproxy',
    'openssl',
  ],
  ask: false,
});
const wanted = process.argv.slice(2);
if (wanted.length === 0) {
  run('npx', ['biome', 'check', '.']);
  run('npx', ['tsc', '--noEmit']);
}

const notTests = new Set(['bench', 'chaos', 'fuzz', 'support']);
const files = testFiles(join(root, 'dist', 'test')).filter(
  (file) => wanted.length === 0 || wanted.some((part) => file.includes(part)),
);
if (files.length === 0) {
  console.error('There is no test file to run.');
  process.exit(1);
}
// Test files start real daemons: two at a time is what two cores can carry.
const { status } = spawnSync(
  process.execPath,
  ['--test', '--test-concurrency=2', '--test-timeout=240000', '--test-reporter=spec', ...files],
  { cwd: root, stdio: 'inherit' },
);
process.exit(status ?? 1);

function testFiles(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return notTests.has(entry.name) ? [] : testFiles(path);
      return entry.name.endsWith('.test.js') ? [path] : [];
    })
    .sort();
}
