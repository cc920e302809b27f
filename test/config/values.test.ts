import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  boolean,
  choice,
  decimal,
  number,
  plainDecimal,
  port,
  text,
  whole,
  wordOr,
} from '../../libs/config/values.ts';
import { errorOf, read } from './readSchema.ts';

test('a number as text is the wrong type', () => {
  assert.equal(
    errorOf(number({ above: 0 }), '"32"'),
    'error x:1:1 f: must be a number above 0, got "32"',
  );
  assert.equal(
    errorOf(port(), '"80"'),
    'error x:1:1 f: must be a whole number from 1 to 65535, got "80"',
  );
  assert.equal(errorOf(boolean(), '"true"'), 'error x:1:1 f: must be true or false, got "true"');
});

test('whole numbers are whole, safe, and within their limits', () => {
  assert.equal(read(port(), '65535').value, 65535);
  for (const bad of ['0', '65536', '1.5', '-1', '1e999']) assert.match(errorOf(port(), bad), /got/);
  assert.equal(read(whole(), '9007199254740991').value, 9007199254740991);
  assert.match(errorOf(whole(), '9007199254740992'), /a whole number, got 9007199254740992/);
});

test('numbers may be tiny but not infinite', () => {
  assert.equal(read(number({ above: 0 }), '1e-10').value, 1e-10);
  assert.match(errorOf(number({ above: 0 }), '0'), /above 0, got 0/);
  assert.match(errorOf(number(), '1e999'), /a number, got 1e999/);
  assert.match(errorOf(number({ min: 0, max: 1 }), '1.1'), /a number from 0 to 1, got 1.1/);
});

test('a decimal arrives as its exact text', () => {
  assert.equal(read(decimal('coins'), '0.01').value, '0.01');
  assert.equal(read(decimal('coins'), '1e-3').value, '0.001');
  assert.equal(
    read(decimal('coins'), '12345678901234567.12345678').value,
    '12345678901234567.12345678',
  );
  assert.match(errorOf(decimal('coins'), '-1'), /at least 0, got -1/);
  assert.match(errorOf(decimal('coins'), '"1"'), /got "1"/);
});

test('exponents move the point exactly', () => {
  const cases = {
    '70': '70',
    '0.10': '0.1',
    '1.5E+2': '150',
    '123e-5': '0.00123',
    '1.230e1': '12.3',
    '0e5': '0',
    '0.000': '0',
    '100e-2': '1',
    '1e8': '100000000',
  };
  for (const [written, plain] of Object.entries(cases)) assert.equal(plainDecimal(written), plain);
  assert.equal(plainDecimal('1e400'), undefined);
  assert.equal(plainDecimal('1e-400'), undefined);
  assert.equal(plainDecimal('1e'), undefined);
  assert.equal(plainDecimal('-1'), undefined);
});

test('a secret is never shown, of whatever type it is', () => {
  const secret = text({ secret: true, filled: true });
  assert.equal(
    errorOf(secret, '12345678'),
    'error x:1:1 f: must be a text that is not empty, got a number',
  );
  assert.match(errorOf(secret, '["hunter2"]'), /got a list$/);
});

test('text that looks like credentials is not shown', () => {
  const host = text({ pattern: /^[a-z]+$/, expected: 'a host name' });
  assert.match(errorOf(host, '"user:hunter2@host"'), /got a text$/);
  assert.match(errorOf(host, '"redis://:hunter2"'), /got a text$/);
  assert.match(errorOf(host, '"UP"'), /got "UP"$/);
});

test('a wrong choice names the choices and the nearest one', () => {
  assert.equal(
    errorOf(choice(['debug', 'warning']), '"warn"'),
    'error x:1:1 f: must be one of "debug", "warning", got "warn"',
  );
  assert.match(errorOf(choice(['debug', 'warning']), '"warnin"'), /\(did you mean "warning"\?\)$/);
});

test('a word or a number', () => {
  const forks = wordOr('auto', whole({ min: 1 }));
  assert.equal(read(forks, '"auto"').value, 'auto');
  assert.equal(read(forks, '3').value, 3);
  assert.match(errorOf(forks, '"3"'), /"auto" or a whole number of at least 1, got "3"/);
  assert.match(errorOf(forks, '0'), /got 0/);
});
