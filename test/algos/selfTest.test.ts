import assert from 'node:assert/strict';
import { test } from 'node:test';
import { native } from '../../libs/algos/native.ts';
import { selfTest } from '../../libs/algos/selfTest.ts';
import { keccakNormal, table } from '../../libs/algos/table.ts';

function entryOf(name: string) {
  const entry = table.find((candidate) => candidate.name === name);
  assert.ok(entry);
  return entry;
}

test('accepts the code of every entry as it is built here', () => {
  for (const entry of [...table, keccakNormal]) {
    const hash = native?.hash(entry.native);
    assert.ok(hash, entry.name);
    selfTest(entry, hash);
  }
});

test('refuses a hash function that gives one wrong bit, by name', () => {
  for (const entry of table) {
    const hash = native?.hash(entry.native);
    assert.ok(hash);
    assert.throws(
      () =>
        selfTest(entry, (headers, out, ...params) => {
          hash(headers, out, ...params);
          out.writeUInt8(out.readUInt8(31) ^ 1, 31);
        }),
      { code: 'ALGORITHM_WRONG', message: new RegExp(`^The code for ${entry.name} is wrong`) },
    );
  }
});

test('refuses scrypt that is right alone and wrong side by side', () => {
  const hash = native?.hash('scrypt');
  assert.ok(hash);
  assert.throws(
    () =>
      selfTest(entryOf('scrypt'), (headers, out, ...params) => {
        hash(headers, out, ...params);
        if (headers.length > 80) out.writeUInt8(out.readUInt8(255) ^ 1, 255);
      }),
    { code: 'ALGORITHM_WRONG' },
  );
});

test('refuses a hash function that writes nothing', () => {
  assert.throws(() => selfTest(entryOf('x11'), () => undefined), { code: 'ALGORITHM_WRONG' });
});

test('refuses x16r that knows only one of its rounds', () => {
  const hash = native?.hash('x16r');
  const entry = entryOf('x16r');
  const genesis = Buffer.from(entry.vectors[0].header, 'hex');
  assert.ok(hash);
  assert.throws(() => selfTest(entry, (_headers, out) => hash(genesis, out)), {
    code: 'ALGORITHM_WRONG',
  });
});
