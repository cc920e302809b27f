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

test('of ever new messages no more than a thousand pass in the interval, and the next ones after it', () => {
  let now = 0;
  const said = new OncePer(60_000, () => millis(now));
  const passed = (from: number): number =>
    Array.from({ length: 3_000 }, (_, at) => said.allows(`miner ${from + at}`)).filter(Boolean)
      .length;
  assert.equal(passed(0), 1_000);
  now = 59_999;
  assert.equal(passed(10_000), 0);
  now = 60_000;
  assert.equal(passed(20_000), 1_000);
});
