import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { isRecord, own } from '../../libs/primitives/unknown.ts';

// The addon itself, called with what TypeScript would not let through: it must throw, never end the process.

const addon: unknown = createRequire(import.meta.url)(
  join(installRoot, 'dist', 'native', 'pow.node'),
);

function call(name: string, ...args: readonly unknown[]): unknown {
  assert.ok(isRecord(addon));
  const found = own(addon, name);
  assert.ok(typeof found === 'function', name);
  return Reflect.apply(found, undefined, args);
}

const header = Buffer.alloc(80);
const out = Buffer.alloc(32);
const noBuffers = [undefined, null, 1, 'x', {}, [], new ArrayBuffer(80), Symbol('x'), () => out];

test('a hash whose header or result is no Buffer throws TypeError', () => {
  for (const value of noBuffers) {
    assert.throws(() => call('x11', value, out), TypeError);
    assert.throws(() => call('x11', header, value), TypeError);
    assert.throws(() => call('neoscryptAsync', value), TypeError);
    assert.throws(() => call('sha256d', value, out), TypeError);
    assert.throws(() => call('sha256d', header, value), TypeError);
    assert.throws(() => call('foldMerkle', value, out, out), TypeError);
    assert.throws(() => call('foldMerkle', out, value, out), TypeError);
    assert.throws(() => call('foldMerkle', out, out, value), TypeError);
  }
  assert.throws(() => call('x11'), TypeError);
});

test('headers of a wrong size, too many of them, or a short result throw RangeError', () => {
  for (const size of [0, 79, 81, 80 * 65]) {
    assert.throws(() => call('x11', Buffer.alloc(size), Buffer.alloc(32 * 65)), RangeError);
    assert.throws(() => call('yescryptAsync', Buffer.alloc(size)), RangeError);
  }
  assert.throws(() => call('x11', header, Buffer.alloc(31)), RangeError);
  assert.throws(() => call('x11', Buffer.alloc(160), Buffer.alloc(63)), RangeError);
});

test('parameters that are missing or out of range throw', () => {
  for (const params of [[], [1024], ['1024', 1], [1024, null], [1024n, 1]]) {
    assert.throws(() => call('scrypt', header, out, ...params), TypeError);
    assert.throws(() => call('scryptAsync', header, ...params), TypeError);
  }
  for (const params of [
    [0, 1],
    [1, 1],
    [1000, 1],
    [1024, 0],
    [1024, 65],
    [2 ** 22, 2],
    [2 ** 32, 1],
    [-2, 1],
    [1024, 1.5],
    [Number.NaN, 1],
    [Number.POSITIVE_INFINITY, 1],
  ]) {
    assert.throws(() => call('scrypt', header, out, ...params), RangeError, params.join());
    assert.throws(() => call('scryptAsync', header, ...params), RangeError, params.join());
  }
  for (const nFactor of [22, 30, 255, -1]) {
    assert.throws(() => call('scryptJane', header, out, nFactor), RangeError);
    assert.throws(() => call('scryptJaneAsync', header, nFactor), RangeError);
  }
});
