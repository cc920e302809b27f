import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { CoinConfig, DaemonConfig } from '../../libs/config/types.ts';
import { createDaemonClient } from '../../libs/daemon/rpcClient.ts';
import { createTemplateSource, rulesAskedFor } from '../../libs/daemon/templates.ts';
import { DaemonError } from '../../libs/daemon/types.ts';
import { TextSlice } from '../../libs/primitives/textSlice.ts';
import { isRecord, own } from '../../libs/primitives/unknown.ts';
import { coinFor, type FaultyCall, FaultyDaemon } from './faultyDaemon.ts';

function sourceOf(t: TestContext, config: DaemonConfig, coin: Partial<CoinConfig> = {}) {
  const client = createDaemonClient(config);
  t.after(() => client.close());
  return createTemplateSource(client, coinFor(coin));
}

/** Insists on rules with the words of Litecoin Core 0.21.2. */
function litecoin(call: FaultyCall): void {
  const [request] = call.params;
  const asked = JSON.stringify(request);
  if (asked.includes('"mweb"') && asked.includes('"segwit"')) call.result({ height: 1 });
  else {
    call.error(
      -8,
      'getblocktemplate must be called with the segwit & mweb rule sets (call with {"rules": ["mweb", "segwit"]})',
    );
  }
}

test("the data of a template's transactions is left in the reply's bytes, and reads as what was sent", async (t) => {
  const template = { height: 7, transactions: [{ data: '01aa' }, { data: '02bbcc' }] };
  const daemon = await FaultyDaemon.start(t, (call) => call.result(template));
  const got = await sourceOf(t, daemon.config).fetch();
  assert.ok(isRecord(got));
  const transactions = own(got, 'transactions');
  assert.ok(Array.isArray(transactions));
  for (const transaction of transactions as unknown[]) {
    assert.ok(isRecord(transaction) && own(transaction, 'data') instanceof TextSlice);
  }
  assert.deepEqual(JSON.parse(JSON.stringify(got)), template);
});

test('rules that the daemon insists on are learnt from its error and asked for from then on', async (t) => {
  const daemon = await FaultyDaemon.start(t, litecoin);
  const source = sourceOf(t, daemon.config);
  assert.deepEqual(await source.fetch(), { height: 1 });
  assert.equal(daemon.calls.length, 2);
  assert.deepEqual(await source.fetch(), { height: 1 });
  assert.equal(daemon.calls.length, 3);
  assert.deepEqual(daemon.calls[2]?.params, [
    {
      capabilities: ['coinbasetxn', 'workid', 'coinbase/append'],
      rules: ['mweb', 'segwit'],
    },
  ]);
});

test('a coin that names its rules is asked for with them at once', async (t) => {
  const daemon = await FaultyDaemon.start(t, litecoin);
  const source = sourceOf(t, daemon.config, { rules: ['mweb'] });
  assert.deepEqual(await source.fetch(), { height: 1 });
  assert.equal(daemon.calls.length, 1);
});

const sayings: readonly [string, string[]][] = [
  [
    'getblocktemplate must be called with the segwit & mweb rule sets (call with {"rules": ["mweb", "segwit"]})',
    ['mweb', 'segwit'],
  ],
  [
    'getblocktemplate must be called with the segwit rule set (call with {"rules": ["segwit"]})',
    ['segwit'],
  ],
  [
    'getblocktemplate must be called with the signet rule set (call with {"rules": ["segwit", "signet"]})',
    ['segwit', 'signet'],
  ],
  ['getblocktemplate must be called with the a, b and c rule sets', ['a', 'b', 'c']],
  ["Support for 'segwit' rule requires explicit client support", ['segwit']],
  ['CreateNewBlock: TestBlockValidity failed: bad-txns-vin-empty', []],
  ['Litecoin is not connected!', []],
];

for (const [message, rules] of sayings) {
  test(`the rules in «${message}» are [${rules}]`, () => {
    const facts = { daemon: 'd', method: 'getblocktemplate', rpcCode: -8 };
    assert.deepEqual(rulesAskedFor(new DaemonError('rpc', message, facts)).sort(), rules);
  });
}

test('a daemon that asks for rules without end is given up', async (t) => {
  const daemon = await FaultyDaemon.start(t, (call) =>
    call.error(-8, `must be called with the rule${call.number} rule set`),
  );
  await assert.rejects(sourceOf(t, daemon.config).fetch(), { kind: 'rpc', rpcCode: -8 });
  assert.ok(daemon.calls.length < 10);
});

test('an error that names no new rule is passed on after one call', async (t) => {
  const daemon = await FaultyDaemon.start(t, (call) =>
    call.error(-8, 'must be called with the segwit rule set'),
  );
  await assert.rejects(sourceOf(t, daemon.config).fetch(), { rpcCode: -8 });
  assert.equal(daemon.calls.length, 1);
});

test('a long poll names the template that is known already', async (t) => {
  const daemon = await FaultyDaemon.start(t, litecoin);
  await sourceOf(t, daemon.config).fetch({ longPollId: 'id of the last one' });
  assert.deepEqual(daemon.calls.at(-1)?.params, [
    {
      capabilities: ['coinbasetxn', 'workid', 'coinbase/append'],
      rules: ['mweb', 'segwit'],
      longpollid: 'id of the last one',
    },
  ]);
});

const hash = '12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2';

test('the best block hash comes from getbestblockhash', async (t) => {
  const daemon = await FaultyDaemon.start(t, (call) => call.result(hash.toUpperCase()));
  assert.equal(await sourceOf(t, daemon.config).bestBlockHash(), hash);
  assert.deepEqual(daemon.methods, ['getbestblockhash']);
});

test('daemons without getbestblockhash are asked for the hash at their height', async (t) => {
  const daemon = await FaultyDaemon.start(t, (call) => {
    if (call.method === 'getblockcount') call.result(7);
    else if (call.method === 'getblockhash' && call.params[0] === 7) call.result(hash);
    else call.error(-32601, 'Method not found', 404);
  });
  const source = sourceOf(t, daemon.config);
  assert.equal(await source.bestBlockHash(), hash);
  assert.equal(await source.bestBlockHash(), hash);
  assert.equal(daemon.methods.filter((method) => method === 'getbestblockhash').length, 1);
});

test('a best block hash that is none is a bad reply', async (t) => {
  for (const result of [null, 7, '', 'zz', {}]) {
    const daemon = await FaultyDaemon.start(t, (call) => call.result(result));
    await assert.rejects(sourceOf(t, daemon.config).bestBlockHash(), { kind: 'badReply' });
  }
});
