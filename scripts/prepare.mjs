// What `npm test`, `npm run demo` and `npm run bench` need before they can run: npm packages, Debian packages, a build.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The file by which one sees that a Debian package is there. */
const proofs = {
  'redis-server': '/usr/bin/redis-server',
  litecoind: '/usr/lib/litecoin/litecoind',
  chromium: '/usr/bin/chromium',
  'mariadb-server': '/usr/sbin/mariadbd',
  'python3-zmq': '/usr/lib/python3/dist-packages/zmq',
  haproxy: '/usr/sbin/haproxy',
  openssl: '/usr/bin/openssl',
};

/** `debian`: packages that are needed. `ask`: ask on a terminal before anything is installed. */
export async function prepare({ debian, ask }) {
  installNpmPackages();
  await installDebianPackages(debian, ask);
  run(process.execPath, [join(root, 'scripts', 'build.mjs'), '--if-needed']);
}

/** Runs a command in the installation's folder and ends this process if it fails. */
export function run(command, args, env = process.env) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env });
  if (status === 0) return;
  console.error(`"${command} ${args.join(' ')}" failed${error ? `: ${error.message}` : ''}.`);
  process.exit(status ?? 1);
}

function installNpmPackages() {
  // npm writes this file last, so it is older than the lockfile when an installation is missing or out of date.
  const installed = statSync(join(root, 'node_modules', '.package-lock.json'), {
    throwIfNoEntry: false,
  });
  const wanted = statSync(join(root, 'package-lock.json'));
  if (installed !== undefined && installed.mtimeMs >= wanted.mtimeMs) return;
  run('npm', ['ci', '--no-audit', '--no-fund']);
}

async function installDebianPackages(names, ask) {
  const missing = names.filter((name) => !existsSync(proofs[name]));
  if (missing.length === 0) return;
  const sudo = process.getuid?.() === 0 ? [] : ['sudo'];
  const install = [...sudo, 'apt-get', 'install', '-y', '--no-install-recommends', ...missing];
  if (!existsSync('/usr/bin/apt-get')) {
    console.error(
      `These programs are missing: ${missing.join(', ')}. Install them, then try again.`,
    );
    process.exit(1);
  }
  if (ask && process.stdin.isTTY && !(await agrees(install.join(' ')))) {
    console.error(`Without ${missing.join(' and ')} this cannot run. Nothing was installed.`);
    process.exit(1);
  }
  const [update, ...updateArgs] = [...sudo, 'apt-get', 'update'];
  run(update, updateArgs);
  // RUNLEVEL=1: the packages' own services are not started; we start our own on private ports.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const [command, ...args] = install;
  run(command, args, env);
}

async function agrees(command) {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`Missing Debian packages. Run "${command}"? [Y/n] `);
  terminal.close();
  return !/^n/i.test(answer.trim());
}
