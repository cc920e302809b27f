import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRecord, own, parseJson } from '../../libs/primitives/unknown.ts';

test('own never gives what Object.prototype put there', () => {
  assert.equal(own({}, 'toString'), undefined);
  assert.equal(own({}, '__proto__'), undefined);
  const parsed = parseJson('{"__proto__": 1, "a": 2}');
  assert.ok(isRecord(parsed));
  assert.equal(own(parsed, '__proto__'), 1);
  assert.equal(own(parsed, 'a'), 2);
});

test('isRecord takes objects, and neither lists nor null', () => {
  assert.equal(isRecord({}), true);
  for (const other of [null, undefined, [], 'text', 1]) assert.equal(isRecord(other), false);
});

test('parseJson gives undefined for what is no JSON, and does not throw', () => {
  assert.equal(parseJson('{'), undefined);
  assert.equal(parseJson(''), undefined);
  assert.equal(parseJson('null'), null);
});
