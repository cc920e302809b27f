import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as crypto from 'node:crypto';
import { test } from 'node:test';
import { algorithmNames, createAlgorithm } from '../../libs/algos/algorithms.ts';
import { reversed } from '../../libs/primitives/hex.ts';
import { millis } from '../../libs/primitives/units.ts';
import { type PowVector, powVectors } from './vectors.ts';

const vectors = powVectors();
const minable = vectors.filter(({ header }) => header.length === 80);

const litecoin = vectorOf('scrypt');
const bitcoin = vectorOf('sha256');

function vectorOf(algorithm: string): PowVector {
  const vector = vectors.find((candidate) => candidate.algorithm === algorithm);
  assert.ok(vector);
  return vector;
}

/** The header with other nonces: the last byte counts. */
function manyOf(header: Buffer, count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) => {
    const copy = Buffer.from(header);
    copy.writeUInt8(index, 79);
    return copy;
  });
}

for (const { title, algorithm, header, hash } of minable) {
  test(`gives the known hash for ${title}`, async () => {
    const created = createAlgorithm(algorithm, {});
    assert.deepEqual(created.hash(header), hash);
    assert.deepEqual(await created.hashAsync(header), hash);
    const together = await Promise.all([1, 2, 3].map(() => created.hashAsync(header)));
    assert.deepEqual(together, [hash, hash, hash]);
  });
}

test('every algorithm that a coin file may use has a vector', () => {
  const proved = new Set(minable.map(({ algorithm }) => algorithm));
  assert.deepEqual(
    algorithmNames.filter((name) => !proved.has(name)),
    [],
  );
});

test("all of NOMP's algorithms are there but hefty1", () => {
  const nomp =
    'sha256 scrypt scrypt-og scrypt-jane scrypt-n sha1 c11 x11 x13 x15 nist5 quark keccak blake neoscrypt skein groestl fugue shavite3 qubit';
  const later = 'x16r x16rv2 groestlmyriad lyra2rev2 yescrypt';
  assert.deepEqual([...algorithmNames].sort(), `${nomp} ${later}`.split(' ').sort());
});

for (const name of ['hefty1', 'lbry']) {
  test(`${name} is refused with its reason`, () => {
    assert.notEqual(vectorOf(name).header.length, 80);
    assert.throws(() => createAlgorithm(name, {}), {
      name: 'AlgorithmError',
      code: 'ALGORITHM_UNKNOWN',
      message: new RegExp(`^The algorithm ${name} cannot be mined here: .*header`),
    });
  });
}

test('an unknown name is answered with the nearest and the list of known ones', () => {
  const cases = [
    ['x12', 'x11'],
    ['sha256d', 'sha256'],
    ['SCRYPT', 'scrypt'],
    ['scryptn', 'scrypt-n'],
    ['script', 'scrypt'],
  ] as const;
  for (const [typed, meant] of cases) {
    assert.throws(() => createAlgorithm(typed, {}), {
      code: 'ALGORITHM_UNKNOWN',
      message: new RegExp(`"${typed}"\\. Did you mean "${meant}"\\? Known: sha256, scrypt, .*x11`),
    });
  }
  assert.throws(() => createAlgorithm('cryptonight', {}), {
    code: 'ALGORITHM_UNKNOWN',
    message: /^There is no algorithm "cryptonight"\. Known: /,
  });
});

test('on a chain with several algorithms a block is named by its header, whatever its work', () => {
  const header = Buffer.alloc(80, 7);
  const powHash = Buffer.alloc(32, 1);
  const once = crypto.createHash('sha256').update(header).digest();
  const twice = crypto.createHash('sha256').update(once).digest();
  for (const name of ['skein', 'qubit', 'groestl']) {
    const algorithm = createAlgorithm(name, { namedByHeader: true });
    assert.deepEqual(algorithm.blockHash(header, powHash), twice, name);
    assert.deepEqual(createAlgorithm(name, {}).blockHash(header, powHash), powHash, name);
  }
  assert.throws(() => createAlgorithm('skein', { namedByHeader: 'yes' }), {
    code: 'ALGORITHM_PARAMS',
  });
});

test('no name of Object.prototype is an algorithm', () => {
  for (const name of ['__proto__', 'constructor', 'toString', '']) {
    assert.throws(() => createAlgorithm(name, {}), { code: 'ALGORITHM_UNKNOWN' });
  }
});

test('multipliers are what miners of each algorithm expect', () => {
  const expected = new Map([
    ...['scrypt', 'scrypt-og', 'scrypt-jane', 'scrypt-n', 'yescrypt'].map(
      (name) => [name, 65536] as const,
    ),
    ...['keccak', 'blake', 'groestl', 'groestlmyriad', 'fugue', 'lyra2rev2'].map(
      (name) => [name, 256] as const,
    ),
    ...['x16r', 'x16rv2'].map((name) => [name, 256] as const),
    ['neoscrypt', 32],
  ]);
  for (const name of algorithmNames) {
    assert.equal(createAlgorithm(name, {}).multiplier, expected.get(name) ?? 1, name);
  }
});

test('the coinbase is hashed once for keccak, fugue and groestl, else twice', () => {
  const coinbase = Buffer.from('01000000', 'hex');
  const once = crypto.createHash('sha256').update(coinbase).digest();
  const twice = crypto.createHash('sha256').update(once).digest();
  for (const name of algorithmNames) {
    const isOnce = ['keccak', 'fugue', 'groestl'].includes(name);
    assert.deepEqual(createAlgorithm(name, {}).coinbaseHash(coinbase), isOnce ? once : twice, name);
    const normal = createAlgorithm(name, { normalHashing: true });
    assert.deepEqual(normal.coinbaseHash(coinbase), twice, name);
  }
});

test("a block's name is SHA-256d of its header where the chain says so", () => {
  const { header, hash } = litecoin;
  const genesis = reversed(
    Buffer.from('12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2', 'hex'),
  );
  const byHeader = new Set([
    ...['scrypt', 'scrypt-og', 'scrypt-jane', 'scrypt-n', 'blake', 'neoscrypt', 'sha1'],
    ...['groestlmyriad', 'lyra2rev2', 'yescrypt'],
  ]);
  for (const name of algorithmNames) {
    const expected = byHeader.has(name) ? genesis : hash;
    assert.deepEqual(createAlgorithm(name, {}).blockHash(header, hash), expected, name);
  }
  const pos = createAlgorithm('scrypt', { reward: 'POS' });
  assert.deepEqual(pos.blockHash(header, hash), hash);
});

test('scrypt takes nValue and rValue', async () => {
  const { header } = litecoin;
  const options = [
    [2, 1],
    [256, 1],
    [128, 8],
    [64, 3],
    [8192, 1],
  ] as const;
  for (const [N, r] of options) {
    const expected = crypto.scryptSync(header, header, 32, { N, r });
    const algorithm = createAlgorithm('scrypt', { nValue: N, rValue: r });
    assert.deepEqual(algorithm.hash(header), expected, `N ${N}, r ${r}`);
    assert.deepEqual(await algorithm.hashAsync(header), expected, `N ${N}, r ${r}`);
  }
});

test('many scrypt hashes at once come back to their own headers', async () => {
  const headers = manyOf(litecoin.header, 21);
  const expected = headers.map((header) =>
    crypto.scryptSync(header, header, 32, { N: 1024, r: 1 }),
  );
  const algorithm = createAlgorithm('scrypt', {});
  const hashes = await Promise.all(headers.map((header) => algorithm.hashAsync(header)));
  assert.deepEqual(hashes, expected);
});

test('a header may be reused as soon as hashAsync has returned', async () => {
  const algorithm = createAlgorithm('scrypt', {});
  const headers = manyOf(litecoin.header, 5);
  const hashes = Promise.all(
    headers.map((header) => {
      const hash = algorithm.hashAsync(header);
      header.fill(0);
      return hash;
    }),
  );
  const [first] = manyOf(litecoin.header, 1);
  assert.ok(first);
  assert.deepEqual((await hashes)[0], algorithm.hash(first));
  assert.equal(new Set((await hashes).map((hash) => hash.toString('hex'))).size, 5);
});

test('a header that is not 80 bytes is an error, not a crash', async () => {
  for (const name of algorithmNames) {
    const algorithm = createAlgorithm(name, {});
    for (const size of [0, 79, 81, 112]) {
      assert.throws(() => algorithm.hash(Buffer.alloc(size)), RangeError, `${name} ${size}`);
      await assert.rejects(algorithm.hashAsync(Buffer.alloc(size)), RangeError, `${name} ${size}`);
    }
  }
});

test('keccak with normalHashing hashes twice, with the time behind the header', () => {
  // Worked out with a Keccak-256 written for this test alone, which gives Maxcoin's genesis hash.
  const expected = 'de9dd1b14c443962741bbd049e3af64884acaedd76bc4a85593ba97950750737';
  const { header, hash } = vectorOf('keccak');
  const normal = createAlgorithm('keccak', { normalHashing: true });
  assert.equal(reversed(normal.hash(header)).toString('hex'), expected);
  assert.deepEqual(createAlgorithm('keccak', { normalHashing: false }).hash(header), hash);
});

test('scrypt-jane is refused when a hash would take more than 512 MiB', () => {
  // YACoin's own rule reaches nFactor 22 (1 GiB) on 2030-05-13T00:21:52Z.
  const at = (seconds: number) => () => millis(seconds * 1000);
  const before = createAlgorithm('scrypt-jane', {}, at(1904862111));
  assert.deepEqual(before.hash(vectorOf('scrypt-jane').header), vectorOf('scrypt-jane').hash);
  assert.throws(() => createAlgorithm('scrypt-jane', {}, at(1904862112)), {
    code: 'ALGORITHM_PARAMS',
    message: /nFactor is 22 at 2030-05-13T00:21:52.000Z: one hash would take 1 GiB/,
  });
  const late = Buffer.from(vectorOf('scrypt-jane').header);
  late.writeUInt32LE(1904862112, 68);
  assert.throws(() => before.hash(late), { code: 'ALGORITHM_PARAMS' });
});

test('without the addon sha256 and scrypt still hash rightly, and the others say what is missing', () => {
  const module = new URL('../../libs/algos/algorithms.js', import.meta.url).href;
  const program = `
    const { algorithmNames, createAlgorithm } = await import(${JSON.stringify(module)});
    const hash = async (name, hex) => {
      const algorithm = createAlgorithm(name, {});
      const header = Buffer.from(hex, 'hex');
      const both = [algorithm.hash(header), await algorithm.hashAsync(header)];
      return both.map((bytes) => bytes.toString('hex'));
    };
    const missing = algorithmNames.filter((name) => {
      try { createAlgorithm(name, {}); return false; }
      catch (error) { return error.code === 'ALGORITHM_MISSING' && error.message.includes('npm run build'); }
    });
    console.log(JSON.stringify({
      sha256: await hash('sha256', '${bitcoin.header.toString('hex')}'),
      scrypt: await hash('scrypt', '${litecoin.header.toString('hex')}'),
      there: algorithmNames.filter((name) => !missing.includes(name)),
    }));`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', program],
    { env: { ...process.env, NOMP_NO_NATIVE: '1' }, encoding: 'utf8' },
  );
  assert.equal(stderr, '');
  const [sha256, scrypt] = [bitcoin, litecoin].map(({ hash }) => hash.toString('hex'));
  assert.deepEqual(JSON.parse(stdout), {
    sha256: [sha256, sha256],
    scrypt: [scrypt, scrypt],
    there: ['sha256', 'scrypt', 'scrypt-og', 'scrypt-n'],
  });
});
