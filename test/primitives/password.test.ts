import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { test } from 'node:test';
import { hashPassword, isPassword } from '../../libs/primitives/password.ts';

test('a hash fits its own password only, and two hashes of one password differ', async () => {
  const [one, two] = await Promise.all([hashPassword('pässword €'), hashPassword('pässword €')]);
  assert.notEqual(one, two);
  assert.equal(await isPassword('pässword €', one), true);
  assert.equal(await isPassword('pässword', one), false);
  assert.equal(await isPassword('', one), false);
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
  for (const hash of broken) assert.equal(await isPassword(hash, hash), false, hash);
});
