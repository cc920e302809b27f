import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mostConnections, SocketBudget } from '../../libs/stratum/socketBudget.ts';

test('miners leave 256 descriptors to the process, or a quarter of few', () => {
  assert.equal(mostConnections(1_048_576), 1_048_320);
  assert.equal(mostConnections(1_024), 768);
  assert.equal(mostConnections(100), 75);
  assert.equal(mostConnections(1), 1);
  assert.equal(mostConnections(undefined), Number.POSITIVE_INFINITY);
});

test('what is given back can be taken again, what is not there cannot', () => {
  const budget = new SocketBudget(2);
  assert.deepEqual([budget.take(), budget.take(), budget.take()], [true, true, false]);
  budget.giveBack();
  assert.deepEqual([budget.take(), budget.take()], [true, false]);
});
