import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashPassword, verifyPassword } from '../../libs/website/passwordHash.ts';

test('a hash fits its password alone, and no two hashes are alike', async () => {
  const hash = await hashPassword('Grüße');
  assert.match(hash, /^scrypt\$32768\$8\$1\$/);
  assert.notEqual(hash, await hashPassword('Grüße'));
  assert.equal(await verifyPassword('Grüße', hash), true);
  assert.equal(await verifyPassword('grüße', hash), false);
  assert.equal(await verifyPassword('', hash), false);
});

test('the second vector of RFC 7914 is verified', async () => {
  const key =
    'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640';
  const salt = Buffer.from('NaCl').toString('base64');
  const hash = `scrypt$1024$8$16$${salt}$${Buffer.from(key, 'hex').toString('base64')}`;
  assert.equal(await verifyPassword('password', hash), true);
});

test('what is no hash, or would take all memory, fits nothing', async () => {
  for (const text of [
    '',
    'password',
    'scrypt$1$1$1$aaaaaaaa$',
    'scrypt$3$8$1$aaaaaaaa$aaaaaaaaaaaaaaaa',
  ]) {
    assert.equal(await verifyPassword('password', text), false, text);
  }
  const huge = `scrypt$99999999$8$1$${'a'.repeat(16)}$${'a'.repeat(44)}`;
  assert.equal(await verifyPassword('password', huge), false);
});
