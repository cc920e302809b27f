import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DaemonError } from '../../libs/daemon/types.ts';
import { WalletWitness } from '../../libs/payments/witness.ts';
import { number, refusal, standInDaemon, timeout } from './standInDaemon.ts';

// Old and odd daemons, as stand-ins. The real one is asked in auditor.test.ts.

const witnessOf = (replies: Record<string, unknown>) =>
  new WalletWitness(standInDaemon(replies), 8);
const hash = 'a'.repeat(64);
const txid = 'b'.repeat(64);

test('whose an address is, is told by getaddressinfo, by an old validateaddress, or by nobody', async () => {
  const owns = (replies: Record<string, unknown>) => witnessOf(replies).owns('addr');
  assert.equal(await owns({ getaddressinfo: { ismine: true } }), true);
  assert.equal(await owns({ getaddressinfo: { ismine: false } }), false);
  assert.equal(await owns({ validateaddress: { isvalid: true, ismine: false } }), false);
  assert.equal(await owns({ validateaddress: { isvalid: true } }), undefined);
  assert.equal(await owns({ getaddressinfo: refusal(-18), validateaddress: null }), undefined);
  await assert.rejects(owns({ getaddressinfo: timeout() }), DaemonError);
});

test('the address of a script is spelled as the daemon spells it', async () => {
  const addressOf = (reply: unknown) =>
    witnessOf({ decodescript: reply }).addressOf(Buffer.from('00', 'hex'));
  assert.equal(await addressOf({ address: 'new' }), 'new');
  assert.equal(await addressOf({ addresses: ['old'] }), 'old');
  assert.equal(await addressOf({ type: 'nonstandard' }), undefined);
  assert.equal(await addressOf(undefined), undefined);
});

test('a payment is known, dead, unknown, or not told of', async () => {
  const fateOf = (reply: unknown) => witnessOf({ gettransaction: reply }).fateOf(txid);
  assert.deepEqual(await fateOf({ confirmations: 3 }), { kind: 'known', confirmations: 3 });
  assert.deepEqual(await fateOf({ confirmations: 0 }), { kind: 'known', confirmations: 0 });
  assert.deepEqual(await fateOf({ confirmations: -1 }), { kind: 'dead' });
  const abandoned = { confirmations: 0, details: [{ category: 'send', abandoned: true }] };
  assert.deepEqual(await fateOf(abandoned), { kind: 'dead' });
  assert.deepEqual(await fateOf(refusal(-5)), { kind: 'unknown' });
  assert.equal(await fateOf(refusal(-18)), undefined);
  assert.equal(await fateOf({ confirmations: 'many' }), undefined);
  await assert.rejects(fateOf(timeout()), DaemonError);
});

test('coins of immature blocks are told by getbalances, by an older getwalletinfo, or by nobody', async () => {
  const funds = (replies: Record<string, unknown>) =>
    witnessOf({ getbalance: number('1.5'), ...replies }).funds();
  const spendable = 150_000_000n;
  assert.deepEqual(await funds({ getbalances: { mine: { immature: number('2') } } }), {
    spendable,
    coming: 200_000_000n,
  });
  assert.deepEqual(await funds({ getwalletinfo: { immature_balance: number('0.1') } }), {
    spendable,
    coming: 10_000_000n,
  });
  assert.deepEqual(await funds({}), { spendable, coming: undefined });
  assert.equal(await witnessOf({}).funds(), undefined);
});

test('coinbases are the mined entries of one address, each once, with the height from the block where the list lacks it', async () => {
  const entry = {
    category: 'generate',
    address: 'pool',
    confirmations: number(9),
    blockhash: hash,
    txid,
    amount: number('12.5'),
  };
  const list = (...transactions: object[]) =>
    witnessOf({ listsinceblock: { transactions }, getblock: { height: number(7) } }).coinbases(
      'pool',
      hash,
      3,
    );
  const found = { blockHash: hash, txid, height: 7, amount: 1_250_000_000n };
  assert.deepEqual(await list(entry, entry), [found]);
  assert.deepEqual(await list({ ...entry, blockheight: number(8) }), [{ ...found, height: 8 }]);
  assert.deepEqual(
    await list(
      { ...entry, category: 'receive' },
      { ...entry, category: 'orphan' },
      { ...entry, address: 'other' },
      { ...entry, confirmations: number(2) },
      { ...entry, blockhash: 'ab' },
    ),
    [],
  );
  assert.equal(await witnessOf({}).coinbases('pool', hash, 3), undefined);
});
