import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OncePer } from '../../libs/log/oncePer.ts';
import { millis } from '../../libs/primitives/units.ts';

test('equal messages pass once in the interval, others are not held back, and the end of trouble resets', () => {
  let now = 0;
  const said = new OncePer(60_000, () => millis(now));
  assert.equal(said.allows('redis'), true);
  now = 59_999;
  assert.equal(said.allows('redis'), false);
  assert.equal(said.allows('daemon'), true);
  now = 60_000;
  assert.equal(said.allows('redis'), true);
  assert.equal(said.clear('redis'), true);
  assert.equal(said.clear('redis'), false);
  assert.equal(said.allows('redis'), true);
});
