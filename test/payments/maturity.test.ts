import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DaemonClient, DaemonError, DecimalText } from '../../libs/daemon/types.ts';
import { blockFate, type MaturityRules, parsePending } from '../../libs/payments/maturity.ts';

// Old, odd and half-true daemons that cannot be had: a stand-in with canned replies. The real one is asked in
// processor.test.ts.

const blockHash = 'a'.repeat(64);
const txid = 'b'.repeat(64);
const other = 'c'.repeat(64);
const block = { member: `${blockHash}:${txid}:500`, blockHash, txHash: txid, height: 500 };
const script = '76a914000000000000000000000000000000000000000088ac';
const rules: MaturityRules = {
  maturity: 100,
  minConfirmations: undefined,
  decimals: 8,
  poolScript: Buffer.from(script, 'hex'),
};

type Reply = unknown | DaemonError;

/** Method, or method and number of parameters, to reply. */
function standIn(replies: Record<string, Reply>): DaemonClient {
  return {
    name: 'stand-in:1',
    call: async (method, params = []) => {
      const reply = replies[`${method}/${params.length}`] ?? replies[method];
      if (reply instanceof DaemonError) throw reply;
      if (reply === undefined) throw refusal(-32601, method);
      return reply;
    },
    batch: async () => [],
    close: () => {},
  };
}

function refusal(rpcCode: number, method = 'any'): DaemonError {
  return new DaemonError('rpc', `error ${rpcCode}`, { daemon: 'stand-in:1', method, rpcCode });
}

const number = (value: number | string) => new DecimalText(String(value));
const header = (confirmations: number, more: object = {}) => ({
  hash: blockHash,
  confirmations: number(confirmations),
  tx: [txid, other],
  ...more,
});
const output = (value: string, hex = script) => ({ value: number(value), scriptPubKey: { hex } });
const coinbase = (...vout: object[]) => ({ txid, vin: [{ coinbase: '00' }], vout });
const walletTx = (category: string, more: object = {}) => ({
  blockhash: blockHash,
  details: [{ category, amount: number('12.5') }],
  ...more,
});

const fateOf = (replies: Record<string, Reply>, more: Partial<MaturityRules> = {}) =>
  blockFate(standIn(replies), block, { ...rules, ...more });

test('a member of blocksPending is read strictly, and fields that other pools append are ignored', () => {
  assert.deepEqual(parsePending(block.member), block);
  assert.equal(parsePending(`${block.member}:finder:1700000000`)?.height, 500);
  for (const member of ['', 'a:b:1', `${blockHash}:${txid}`, `${blockHash}:${txid}:-1`]) {
    assert.equal(parsePending(member), undefined);
  }
  assert.equal(parsePending(`${blockHash}:${txid}:1e3`), undefined);
});

test('the reward is what the coinbase pays to the script of the pool, exactly', async () => {
  const full = coinbase(output('12.37500001'), output('0.125', '51'), output('0.00000001'));
  const fate = await fateOf({
    getblock: header(101),
    'getblock/2': { ...header(101), tx: [full] },
    gettransaction: refusal(-5),
  });
  assert.deepEqual(fate, { kind: 'mature', confirmations: 101, reward: 1_237_500_002n });
});

test("the wallet's word on maturity goes first, the coin's maturity counts where it has none", async () => {
  const replies = {
    'getblock/2': { ...header(1), tx: [coinbase(output('12.5'))] },
  };
  const kindOf = async (confirmations: number, wallet: Reply, minConfirmations?: number) =>
    (
      await fateOf(
        { ...replies, getblock: header(confirmations), gettransaction: wallet },
        { minConfirmations },
      )
    ).kind;
  assert.equal(await kindOf(31, walletTx('generate')), 'mature');
  assert.equal(await kindOf(150, walletTx('immature')), 'immature');
  assert.equal(await kindOf(100, refusal(-5)), 'immature');
  assert.equal(await kindOf(101, refusal(-5)), 'mature');
  assert.equal(await kindOf(199, walletTx('generate'), 200), 'immature');
  assert.equal(await kindOf(200, walletTx('generate'), 200), 'mature');
});

test('a coinbase that pays nothing to the pool is left for a person to look at', async () => {
  const fate = await fateOf({
    getblock: header(101),
    'getblock/2': { ...header(101), tx: [coinbase(output('12.5', '51'))] },
    gettransaction: refusal(-5),
  });
  assert.equal(fate.kind, 'unpayable');
});

test("a daemon that shows no whole blocks is asked for the transaction, then for its wallet's entry", async () => {
  const oldDaemon = { getblock: header(101), 'getblock/2': refusal(-1) };
  const wallet = walletTx('generate');
  const byIndex = await fateOf({
    ...oldDaemon,
    gettransaction: wallet,
    getrawtransaction: coinbase(output('3')),
  });
  assert.equal(byIndex.kind === 'mature' && byIndex.reward, 300_000_000n);
  const byWallet = await fateOf({ ...oldDaemon, gettransaction: wallet });
  assert.equal(byWallet.kind === 'mature' && byWallet.reward, 1_250_000_000n);
  // Two addresses of the wallet: which of them is the pool's cannot be told.
  const [detail] = wallet.details;
  const two = { ...wallet, details: [detail, detail] };
  assert.equal((await fateOf({ ...oldDaemon, gettransaction: two })).kind, 'unclear');
});

test('off the chain is only a block in whose place the chain has another', async () => {
  const kindOf = async (replies: Record<string, Reply>) => (await fateOf(replies)).kind;
  const rival = { getblockcount: number(510), getblockhash: other };
  assert.deepEqual(await fateOf({ ...rival, getblock: header(-1) }), {
    kind: 'offChain',
    tip: 510,
  });
  assert.equal(await kindOf({ ...rival, getblock: refusal(-5) }), 'offChain');
  assert.equal(await kindOf({ ...rival, getblock: header(0) }), 'offChain');
  const shorter = { getblockcount: number(300), getblockhash: refusal(-8) };
  assert.equal(await kindOf({ ...shorter, getblock: refusal(-5) }), 'unclear');
  assert.equal(
    await kindOf({ ...rival, getblockhash: blockHash, getblock: header(-1) }),
    'unclear',
  );
});

test('odd answers decide nothing', async () => {
  const mature = {
    getblock: header(101),
    'getblock/2': { ...header(101), tx: [coinbase(output('12.5'))] },
    gettransaction: walletTx('generate'),
  };
  const odd: Record<string, Reply>[] = [
    ...[null, 'text', [], {}, header(101, { confirmations: 'many' })].map((getblock) => ({
      getblock,
    })),
    { getblock: header(101, { hash: other }) },
    { getblock: header(101, { tx: [] }) },
    { getblock: header(101, { tx: null }) },
    { gettransaction: walletTx('orphan') },
    { gettransaction: walletTx('generate', { blockhash: other }) },
  ];
  for (const replies of odd) {
    const fate = await fateOf({ ...mature, ...replies });
    assert.equal(fate.kind, 'unclear', JSON.stringify(replies));
  }
  // Outputs that cannot be read, and nothing else to go by.
  for (const vout of [
    {},
    output('12.5', 'zz'),
    output('1.123456789'),
    { value: 12.5, scriptPubKey: { hex: script } },
  ]) {
    const fate = await fateOf({
      ...mature,
      gettransaction: refusal(-5),
      'getblock/2': { ...header(101), tx: [coinbase(vout)] },
    });
    assert.equal(fate.kind, 'unclear', JSON.stringify(vout));
  }
  assert.equal((await fateOf(mature)).kind, 'mature');
});

test('a daemon that is away or warming up is an error, not an answer', async () => {
  const away = new DaemonError('timeout', 'no answer', {
    daemon: 'stand-in:1',
    method: 'getblock',
  });
  await assert.rejects(fateOf({ getblock: away }), DaemonError);
  await assert.rejects(fateOf({ getblock: refusal(-28) }), DaemonError);
  await assert.rejects(fateOf({ getblock: header(101), gettransaction: away }), DaemonError);
  const unreadable = new DaemonError('badReply', 'too large', {
    daemon: 'stand-in:1',
    method: 'getblock',
  });
  const fate = await fateOf({
    getblock: header(101),
    gettransaction: refusal(-5),
    'getblock/2': unreadable,
    getrawtransaction: coinbase(output('12.5')),
  });
  assert.equal(fate.kind, 'mature');
});
