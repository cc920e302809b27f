import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passwordWords, wishesIn } from '../../libs/stratum/passwords.ts';

test('words stand between commas, semicolons and spaces: names in any case, values as they are', () => {
  const address = 'LcHKx9fPFY2YxZoTAYhqKnLfWAJWsXyZAb';
  assert.deepEqual(
    [...passwordWords(`x,d=1024;MD=5 m=solo, Doge=${address},d=2;a=b=c`)],
    [
      ['d', '1024'],
      ['md', '5'],
      ['m', 'solo'],
      ['doge', address],
      ['a', 'b=c'],
    ],
  );
  for (const password of ['', 'x', '=', '=5', 'x;y,z', ' ,;']) {
    assert.deepEqual([...passwordWords(password)], [], password);
  }
  assert.deepEqual(
    [...passwordWords('__proto__=1,constructor=')],
    [
      ['__proto__', '1'],
      ['constructor', ''],
    ],
  );
});

test('d=N and md=N are found among other words, if N is a number above 0', () => {
  const found: [string, number | undefined][] = [
    ['d=1024', 1024],
    ['x,d=0.5', 0.5],
    ['c=LTC;D=16;x', 16],
    ['d=1e3', 1000],
    ['x d=2', 2],
    ['', undefined],
    ['x', undefined],
    ['d=', undefined],
    ['d=0', undefined],
    ['d=-5', undefined],
    ['d=5x', undefined],
    ['d=0x10', undefined],
    ['id=5', undefined],
    ['d=1e999', undefined],
    ['d=NaN', undefined],
    ['d=Infinity', undefined],
  ];
  for (const [password, value] of found) {
    assert.equal(wishesIn(password).difficulty, value, password);
    assert.equal(wishesIn(password.replace(/d=/i, 'md=')).minimum, value, password);
  }
  assert.deepEqual(wishesIn('md=8,d=16'), {
    difficulty: 16,
    minimum: 8,
    solo: false,
    hasOthers: false,
  });
});

test('m=solo is found among other words of a password, and nowhere else', () => {
  for (const password of ['m=solo', 'x,m=solo', 'd=5;m=solo;x', 'x M=SOLO']) {
    assert.equal(wishesIn(password).solo, true, password);
  }
  for (const password of ['', 'x', 'solo', 'm=solos', 'am=solo', 'm=prop']) {
    assert.equal(wishesIn(password).solo, false, password);
  }
});

test('words that only the pool understands are told from those of the connection', () => {
  for (const password of ['', 'x', 'd=1', 'md=1,m=solo;d=2', 'm=prop']) {
    assert.equal(wishesIn(password).hasOthers, false, password);
  }
  for (const password of ['LTC=x', 'd=1,doge=', 'mm=solo']) {
    assert.equal(wishesIn(password).hasOthers, true, password);
  }
});
