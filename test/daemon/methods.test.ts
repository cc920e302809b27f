import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRepeatable, isUrgent } from '../../libs/daemon/methods.ts';

// The wallet's and the node's calls that change something each time, from the RPC reference of Bitcoin Core.
const changing = [
  'abandontransaction',
  'bumpfee',
  'createwallet',
  'dumpprivkey',
  'encryptwallet',
  'fundrawtransaction',
  'generatetoaddress',
  'getnewaddress',
  'getrawchangeaddress',
  'keypoolrefill',
  'lockunspent',
  'move',
  'send',
  'sendfrom',
  'sendmany',
  'sendrawtransaction',
  'sendtoaddress',
  'settxfee',
  'signrawtransactionwithwallet',
  'stop',
  'walletpassphrase',
];

test('nothing that moves or binds money is sent twice, nor anything unheard of', () => {
  for (const method of [...changing, '', 'GETBLOCK', 'constructor', '__proto__']) {
    assert.equal(isRepeatable(method), false, method);
    assert.equal(isUrgent(method), false, method);
  }
});

test('what a pool asks all the time may be asked again', () => {
  for (const method of ['getblocktemplate', 'getblock', 'validateaddress', 'gettransaction']) {
    assert.equal(isRepeatable(method), true, method);
  }
});

test('the question for the best block, and the one for work, do not queue behind others', () => {
  assert.deepEqual(['getbestblockhash', 'getblocktemplate', 'getbalance'].map(isUrgent), [
    true,
    true,
    false,
  ]);
});

test('a found block is urgent, and harmless to give twice', () => {
  assert.equal(isUrgent('submitblock'), true);
  assert.equal(isRepeatable('submitblock'), true);
});
