import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlannedOutput } from '../../libs/payments/payoutPlan.ts';
import { createWallet, type SignedTx } from '../../libs/payments/wallet.ts';
import { satoshis } from '../../libs/primitives/units.ts';
import { number, refusal, standInDaemon, timeout } from './standInDaemon.ts';

// Old and odd daemons, as stand-ins. The real one is asked in processor.test.ts.

const script = '76a914000000000000000000000000000000000000000088ac';
const outputs: readonly PlannedOutput[] = [
  {
    address: 'addr',
    script,
    amount: satoshis(29_000_000n),
    from: [{ worker: 'addr', amount: satoshis(29_000_000n) }],
  },
];
const txid = 'ab'.repeat(32);

const sendMany = async (replies: Record<string, unknown>) => {
  const client = standInDaemon({ sendmany: txid, ...replies });
  const wallet = createWallet({ client, decimals: 8, poolAddress: 'pool' });
  const outcome = await wallet.sendMany(outputs, 'comment', 'since');
  return { outcome, sent: client.calls.filter(({ method }) => method === 'sendmany') };
};

test("an old daemon pays out of the account that the pool's address belongs to", async () => {
  const { outcome, sent } = await sendMany({ getaccount: 'mining' });
  assert.deepEqual(outcome, { kind: 'sent', txid });
  const [params] = sent.map((call) => call.params);
  assert.deepEqual(JSON.parse(JSON.stringify(params)), [
    'mining',
    { addr: { text: '0.29000000' } },
    1,
    'comment',
  ]);
});

test('a daemon without accounts is told the empty one', async () => {
  const { outcome, sent } = await sendMany({});
  assert.equal(outcome.kind, 'sent');
  assert.equal(sent[0]?.params[0], '');
});

test('when it cannot be asked for the account, nothing is sent', async () => {
  const { outcome, sent } = await sendMany({ getaccount: timeout('getaccount') });
  assert.equal(outcome.kind, 'refused');
  assert.deepEqual(sent, []);
});

const signed: SignedTx = { txid, hex: '00', fee: satoshis(1n), inputs: [`${'cd'.repeat(32)}:0`] };
const decoded = {
  txid,
  vin: [{ txid: 'cd'.repeat(32), vout: number(0) }],
  vout: [0.29, 1].map((value) => ({ value: number(value), scriptPubKey: { hex: script } })),
};
const broadcast = (replies: Record<string, unknown>) => {
  const client = standInDaemon({
    sendrawtransaction: refusal(-25, 'sendrawtransaction', 'Missing inputs'),
    gettransaction: refusal(-5, 'gettransaction', 'Invalid or non-wallet transaction id'),
    decoderawtransaction: decoded,
    ...replies,
  });
  return createWallet({ client, decimals: 8 }).broadcast(signed);
};

test('a transaction that the chain has is sent, although a restored wallet has never heard of it', async () => {
  const secondIsUnspent = ([, index]: readonly unknown[]) => (index === 1 ? { value: 1 } : null);
  assert.deepEqual(await broadcast({ gettxout: secondIsUnspent }), { kind: 'sent', txid });
});

test('a transaction that neither wallet nor chain knows is refused', async () => {
  const outcome = await broadcast({ gettxout: () => null });
  assert.equal(outcome.kind, 'refused');
});

test('a refusal that cannot be looked into is unknown', async () => {
  assert.equal((await broadcast({ gettxout: timeout('gettxout') })).kind, 'unknown');
  assert.equal((await broadcast({ gettransaction: timeout() })).kind, 'unknown');
});
