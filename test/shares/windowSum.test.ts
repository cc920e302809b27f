import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../libs/primitives/units.ts';
import { WindowSum } from '../../libs/shares/windowSum.ts';

const at = (seconds: number) => millis(1_700_000_000_000 + seconds * 1_000);

test('what is older than the window is not counted any more', () => {
  const window = new WindowSum(10);
  window.add(1, at(0));
  window.add(2, at(5));
  assert.equal(window.sum(at(9)), 3);
  assert.equal(window.sum(at(10)), 2);
  assert.equal(window.sum(at(14)), 2);
  assert.equal(window.sum(at(15)), 0);
});

test('a long silence empties the window, and a clock that goes back does not', () => {
  const window = new WindowSum(10);
  window.add(1, at(0));
  window.add(4, at(1_000));
  assert.equal(window.sum(at(1_000)), 4);
  window.add(8, at(990));
  assert.equal(window.sum(at(1_000)), 12);
});
