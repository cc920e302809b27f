// `npm run build`: the native hashes, the TypeScript, then what the website serves. `--if-needed` does nothing when dist/ is newer than the sources.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const stamp = join(root, 'dist', '.built');
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

if (!existsSync(tsc)) {
  console.error(`The npm packages are missing. Run "npm ci" in ${root} first.`);
  process.exit(1);
}
if (process.argv.includes('--if-needed') && !isStale()) process.exit(0);

run([join(root, 'scripts', 'buildNative.mjs')]);
for (const folder of ['libs', 'test', 'scripts', 'website']) {
  rmSync(join(root, 'dist', folder), { recursive: true, force: true });
}
run([tsc, '-p', root]);
run([join(root, 'scripts', 'buildWebsite.mjs')]);
writeFileSync(stamp, new Date().toISOString());

function run(args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

function isStale() {
  if (!existsSync(stamp)) return true;
  const built = statSync(stamp).mtimeMs;
  const sources = [
    'package-lock.json',
    'tsconfig.json',
    'init.ts',
    'libs',
    'scripts',
    'test',
    'website',
  ];
  return sources.some((name) => newest(join(root, name)) > built);
}

function newest(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  return readdirSync(path).reduce(
    (latest, name) => Math.max(latest, newest(join(path, name))),
    stats.mtimeMs,
  );
}
