import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coinKeys, portalKeys } from '../../libs/redis/keys.ts';

test('the keys that operators read have the names of the original', () => {
  const keys = coinKeys('litecoin');
  assert.equal(keys.roundCurrent, 'litecoin:shares:roundCurrent');
  assert.equal(keys.round(1234), 'litecoin:shares:round1234');
  assert.equal(keys.hashrate, 'litecoin:hashrate');
  assert.equal(keys.stats, 'litecoin:stats');
  assert.equal(keys.blocksPending, 'litecoin:blocksPending');
  assert.equal(keys.blocksConfirmed, 'litecoin:blocksConfirmed');
  assert.equal(keys.blocksOrphaned, 'litecoin:blocksOrphaned');
  assert.equal(keys.blocksKicked, 'litecoin:blocksKicked');
  assert.equal(keys.balances, 'litecoin:balances');
  assert.equal(keys.payouts, 'litecoin:payouts');
  assert.equal(portalKeys.statHistory, 'statHistory');
  assert.equal(portalKeys.proxyState, 'proxyState');
  assert.equal(portalKeys.coinVersionBytes, 'coinVersionBytes');
});

test('with hashTag every key of a coin has the same tag, so that a Cluster keeps them in one slot', () => {
  const keys = coinKeys('litecoin', true);
  const names = Object.values(keys).flatMap((key: unknown) => {
    if (typeof key === 'string') return key === 'litecoin' ? [] : [key];
    return typeof key === 'function' ? [String(key('7'))] : [];
  });
  assert.ok(names.length > 15);
  for (const name of names) assert.match(name, /^\{litecoin\}:/);
});
