import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePayees } from '../../libs/jobs/payees.ts';
import { satoshis } from '../../libs/primitives/units.ts';
import type { UnknownRecord } from '../../libs/primitives/unknown.ts';

const payeesOf = (template: UnknownRecord, coinbaseValue = 1_000n) =>
  parsePayees(template, satoshis(coinbaseValue));

test('a payee is an object or a list of them, by script or by address', () => {
  const payees = payeesOf({
    masternode: [
      { payee: 'Xa', script: '51', amount: 11 },
      { payee: 'Xb', script: '', amount: 12 },
    ],
    superblock: [{ payee: 'Xc', amount: 13 }],
    coinbasedevreward: { scriptpubkey: '52', value: 14 },
    fundingstreams: [{ recipient: 'fund', address: 'Xe', valueZat: 15, value: 0.00000015 }],
  });
  assert.deepEqual(payees, [
    { to: { script: Buffer.from('51', 'hex') }, amount: 11n },
    { to: { address: 'Xb' }, amount: 12n },
    { to: { address: 'Xc' }, amount: 13n },
    { to: { script: Buffer.from('52', 'hex') }, amount: 14n },
    { to: { address: 'Xe' }, amount: 15n },
  ]);
});

test('empty objects, empty lists, null and an amount of 0 mean nobody', () => {
  for (const masternode of [{}, [], null, { payee: '', script: '', amount: 0 }]) {
    assert.deepEqual(payeesOf({ masternode, superblock: [], payee: '' }), []);
  }
});

test('payee without payee_amount gets a fifth, and is not paid beside a masternode', () => {
  const told = payeesOf({ payee: 'Xp', payee_amount: 77 });
  assert.deepEqual(told, [{ to: { address: 'Xp' }, amount: 77n }]);
  const fifth = payeesOf({ payee: 'Xp' }, 503n);
  assert.deepEqual(fifth, [{ to: { address: 'Xp' }, amount: 100n }]);
  const both = payeesOf({
    payee: 'Xp',
    payee_amount: 77,
    masternode: { payee: 'Xp', amount: 77 },
  });
  assert.deepEqual(both, [{ to: { address: 'Xp' }, amount: 77n }]);
});

test('masternodes are paid first, then budgets, then funds', () => {
  const payees = payeesOf({
    founder: { payee: 'Xf', amount: 3 },
    superblock: [{ payee: 'Xs', amount: 2 }],
    smartnode: [{ payee: 'Xm', amount: 1 }],
  });
  assert.deepEqual(
    payees.map(({ amount }) => amount),
    [1n, 2n, 3n],
  );
});
