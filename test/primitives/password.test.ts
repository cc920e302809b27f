import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { test } from 'node:test';
import { hashPassword, verifyPassword } from '../../libs/primitives/password.ts';

test('a hash fits its own password only, and two hashes of one password differ', async () => {
  const [one, two] = await Promise.all([hashPassword('pässword €'), hashPassword('pässword €')]);
  assert.notEqual(one, two);
  assert.equal(await verifyPassword('pässword €', one), true);
  assert.equal(await verifyPassword('pässword', one), false);
  assert.equal(await verifyPassword('', one), false);
});

test('the text after the salt is scrypt of the password with the cost before it', async () => {
  const [, n, r, p, salt, hash] = (await hashPassword('x')).split('$');
  const expected = scryptSync('x', Buffer.from(salt ?? '', 'base64'), 32, {
    N: Number(n),
    r: Number(r),
    p: Number(p),
    maxmem: 2 ** 27,
  });
  assert.equal(hash, expected.toString('base64'));
});

test('what is no hash fits no password', async () => {
  const salt = 'A'.repeat(24);
  const broken = [
    '',
    'x',
    'scrypt$1$1$1$$',
    `scrypt$3$8$1$${salt}$${'A'.repeat(44)}`,
    `scrypt$9999999$99$99$${salt}$${'A'.repeat(44)}`,
  ];
  for (const hash of broken) assert.equal(await verifyPassword(hash, hash), false, hash);
});

test('one spelling of an accented letter fits the other', async () => {
  assert.equal(await verifyPassword('cafe\u0301 1234', await hashPassword('caf\u00e9 1234')), true);
});

test('the second vector of RFC 7914 is verified', async () => {
  const key =
    'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640';
  const salt = Buffer.from('NaCl').toString('base64');
  const hash = `scrypt$1024$8$16$${salt}$${Buffer.from(key, 'hex').toString('base64')}`;
  assert.equal(await verifyPassword('password', hash), true);
});
