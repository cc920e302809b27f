import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bytesOf,
  integerOf,
  shown,
  TemplateError,
  writeHex,
} from '../../libs/jobs/templateFields.ts';

test('writeHex is strict where the decoder below it is not', () => {
  const target = Buffer.alloc(4);
  assert.equal(writeHex('00fFA1', target, 1), true);
  assert.deepEqual(target, Buffer.from([0, 0, 255, 161]));
  assert.equal(writeHex('', target, 0), true);
  for (const bad of ['0', '0g', 'g0', ' 0', '0\n', '\u01300', '0\u0130', '\u{1d7d8}', '\u00e9']) {
    assert.equal(writeHex(bad, target, 0), false, JSON.stringify(bad));
  }
});

test('writeHex never writes past its target', () => {
  assert.throws(() => writeHex('0011223344', Buffer.alloc(4), 0), RangeError);
});

test('an error names the field and shows the value, cut short', () => {
  assert.throws(
    () => integerOf('x'.repeat(1000), 'height', 0, 9),
    (error: unknown) =>
      error instanceof TemplateError &&
      error.message.startsWith('The block template\'s height must be an integer, not "xxx') &&
      error.message.length < 150,
  );
  assert.throws(() => bytesOf('0011', 'target', 3), /target must be 3 bytes of hex, not 2/);
});

test('shown gives a word for everything that JSON can hold', () => {
  assert.equal(shown(undefined), 'missing');
  assert.equal(shown(null), 'null');
  assert.equal(shown([1]), 'a list');
  assert.equal(shown({}), 'an object');
  assert.equal(shown(5), '5');
  assert.equal(shown('five'), '"five"');
});
