// Builds dist/native/pow.node: the proof-of-work hashes of the `multi-hashing` package and our own C code behind one
// Node-API addon, and the addon of `bignum` (which the tests compare with) where Node's own headers are at hand. Nothing is downloaded.
// Does nothing when the addon is up to date. Without a C compiler it says so and succeeds: sha256 and scrypt work without.
// NOMP_NO_NATIVE=1 skips it. CC and CXX choose the compilers.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');
const hashing = join(modules, 'multi-hashing', 'src');
const own = join(root, 'libs', 'algos', 'native');
const target = join(root, 'dist', 'native');
const addon = join(target, 'pow.node');
const stampFile = join(target, 'pow.stamp');
const require = createRequire(import.meta.url);

if (process.env.NOMP_NO_NATIVE !== '1') {
  await buildPow();
  buildBignum();
}

async function buildPow() {
  // The package's C code breaks the aliasing rules: without this flag scrypt and lyra2 give wrong hashes.
  const flags = ['-fPIC', '-fno-strict-aliasing', '-fvisibility=hidden', '-std=gnu11'];
  // Never multi-hashing/src itself: a stdint.h for another compiler lies there.
  const include = [
    join(modules, 'node-api-headers', 'include'),
    join(hashing, 'crypto'),
    join(hashing, 'sha3'),
    join(hashing, 'scryptjane'),
  ].flatMap((folder) => ['-I', folder]);
  const link =
    process.platform === 'darwin'
      ? ['-bundle', '-undefined', 'dynamic_lookup']
      : ['-shared', '-Wl,-Bsymbolic'];
  const ours = cFiles(own).map((file) => ({ file, flags: ['-O3', '-Wall', '-Wextra'] }));
  const theirs = packageFiles().map((file) => ({ file, flags: ['-O2', '-w'] }));

  const units = [...ours, ...theirs].map(({ file, flags }) => [basename(file), ...flags]);
  const stamp = stampOf([flags, link, units, process.platform, process.arch], include);
  if (existsSync(addon) && readIfThere(stampFile) === stamp) return;

  const compiler = findCompiler([process.env.CC, 'cc', 'gcc', 'clang']);
  if (compiler === undefined) {
    rmSync(addon, { force: true });
    console.warn(
      'No C compiler was found, so only sha256 and scrypt coins can be mined. For the other algorithms install one (Debian: apt-get install gcc libc6-dev), then run "npm run build" again.',
    );
    return;
  }
  mkdirSync(target, { recursive: true });
  const work = mkdtempSync(join(target, 'build-'));
  try {
    const objects = await compileAll([...ours, ...theirs], (source, object) => [
      compiler,
      [...flags, ...source.flags, ...include, '-c', source.file, '-o', object],
      work,
    ]);
    const built = join(work, 'pow.node');
    await run(compiler, [...link, ...objects, '-o', built]);
    // Renamed, not overwritten: a running pool may have the old file mapped.
    renameSync(built, addon);
    require(addon);
    writeFileSync(stampFile, stamp);
  } catch (error) {
    rmSync(addon, { force: true });
    console.warn(
      `The native hashes could not be built, so only sha256 and scrypt coins can be mined. The compiler said:\n${error.message}\nWhen that is mended (Debian: apt-get install gcc libc6-dev), run "npm run build" again.`,
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The package's sources that our addon needs (scrypt and scrypt-jane's frame are our own). */
function packageFiles() {
  const algorithms =
    'blake c11 fugue groestl keccak lyra2re neoscrypt nist5 quark qubit sha1 shavite3 skein x11 x13 x15 x16r x16rv2';
  // The helpers are included by the others; hefty1 is wrong.
  const left = ['aes_helper.c', 'hamsi_helper.c', 'md_helper.c', 'sph_hefty1.c'];
  return [
    ...algorithms.split(' ').map((name) => join(hashing, `${name}.c`)),
    ...cFiles(join(hashing, 'sha3')).filter((file) => !left.includes(basename(file))),
    ...['lyra2.c', 'sponge.c', 'sha256.c'].map((name) => join(hashing, 'crypto', name)),
    ...['yescrypt-best.c', 'yescryptcommon.c'].map((name) =>
      join(hashing, 'crypto', 'yescrypt', name),
    ),
  ];
}

function cFiles(folder) {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.c'))
    .map((name) => join(folder, name));
}

/** Changes with anything that the addon is made of. */
function stampOf(settings, include) {
  const hash = createHash('sha256').update(JSON.stringify(settings));
  const headers = include.filter((argument) => argument !== '-I');
  for (const folder of [own, hashing, ...headers]) {
    for (const file of readdirSync(folder, { recursive: true }).sort()) {
      if (!/\.[ch]$/.test(file)) continue;
      hash.update(relative(root, join(folder, file))).update(readFileSync(join(folder, file)));
    }
  }
  return hash.digest('hex');
}

function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function findCompiler(names) {
  return names.find(
    (name) => name && spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
  );
}

/** As many compilers at once as there are cores. Gives the object files; throws with the compiler's first words. */
async function compileAll(sources, commandFor) {
  const waiting = sources.map((source, index) => ({ source, index }));
  const objects = [];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const name = `${next.index}.o`;
      const [compiler, args, folder] = commandFor(next.source, name);
      await run(compiler, args, folder);
      objects[next.index] = join(folder, name);
    }
  };
  const workers = Array.from({ length: availableParallelism() }, worker);
  const results = await Promise.allSettled(workers);
  const failed = results.find(({ status }) => status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return objects;
}

function run(command, args, cwd = root) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    let words = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      words += text;
    });
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve();
      else reject(new Error(words.split('\n').slice(0, 12).join('\n') || `status ${status}`));
    });
  });
}

/** `bignum` for this Node version, if its headers and a C++ compiler are here. Everything works without it: quiet. */
function buildBignum() {
  const folder = join(modules, 'bignum');
  const built = join(folder, 'build', 'Release', 'bignum.node');
  const headers = nodeHeaders();
  const stamp = `${process.versions.modules} ${process.platform} ${process.arch}`;
  const bignumStamp = join(folder, 'build', 'stamp');
  if (existsSync(built) && readIfThere(bignumStamp) === stamp) return;
  if (headers === undefined || !existsSync(join(folder, 'bignum.cc'))) return;
  const compiler = findCompiler([process.env.CXX, 'c++', 'g++', 'clang++']);
  if (compiler === undefined) return;
  mkdirSync(dirname(built), { recursive: true });
  const standard = Number(process.versions.node.split('.')[0]) >= 23 ? '-std=c++20' : '-std=c++17';
  const link =
    process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared'];
  const temporary = `${built}.${process.pid}`;
  const { status } = spawnSync(
    compiler,
    [
      ...[
        '-O2',
        '-fPIC',
        '-w',
        standard,
        '-DNODE_GYP_MODULE_NAME=bignum',
        '-DBUILDING_NODE_EXTENSION',
      ],
      ...['-I', headers, '-I', join(modules, 'nan'), ...link],
      ...[join(folder, 'bignum.cc'), '-o', temporary],
    ],
    { stdio: 'ignore' },
  );
  if (status === 0) {
    renameSync(temporary, built);
    writeFileSync(bignumStamp, stamp);
  } else rmSync(temporary, { force: true });
}

/** Node's own C++ headers of exactly this version, with OpenSSL's beside them. */
function nodeHeaders() {
  const nodedir = process.env.npm_config_nodedir ?? process.config.variables.nodedir;
  const candidates = [
    ...(nodedir ? [join(nodedir, 'include', 'node')] : []),
    join(dirname(process.execPath), '..', 'include', 'node'),
  ];
  return candidates.find(
    (folder) =>
      existsSync(join(folder, 'openssl', 'bn.h')) &&
      (readIfThere(join(folder, 'node_version.h')) ?? '').includes(
        `#define NODE_MODULE_VERSION ${process.versions.modules}`,
      ),
  );
}
