import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Lease } from '../../libs/payments/lease.ts';
import { Ledger, LedgerError } from '../../libs/payments/ledger.ts';
import type { PendingBlock } from '../../libs/payments/maturity.ts';
import type { PlannedOutput } from '../../libs/payments/payoutPlan.ts';
import { proportional } from '../../libs/payments/rewards.ts';
import type { SignedTx } from '../../libs/payments/wallet.ts';
import { millis, satoshis } from '../../libs/primitives/units.ts';
import type { RedisConnection } from '../../libs/redis/connection.ts';
import { coinKeys } from '../../libs/redis/keys.ts';
import { openTestRedis, type TestRedis } from './support.ts';

// Each guard of the scripts that move money by itself: where two stand behind each other, the other one is out of the
// way here. Something changes in the moment between reading and writing.

const keys = coinKeys('litecoin');
let redis: TestRedis;
let lease: Lease;
let ledger: Ledger;
/** What somebody else does just before the next script of ours runs. */
let meddle: (() => Promise<unknown>) | undefined;
/** The last script call, as it went to Redis. */
let lastCall: readonly (string | number)[] = [];

before(async () => {
  redis = await openTestRedis();
});
after(() => redis.close());
beforeEach(async () => {
  await redis.clear();
  const connection: RedisConnection = {
    ...redis.connection,
    ready: true,
    send: async (name, args) => {
      if (name !== 'evalsha' && name !== 'eval') return redis.connection.send(name, args);
      const once = meddle;
      meddle = undefined;
      await once?.();
      lastCall = [name, ...args];
      return redis.connection.send(name, args);
    },
  };
  lease = new Lease(connection, keys, 30_000);
  ledger = new Ledger({ connection, keys, lease, decimals: 8, now: () => millis(1_000) });
  assert.equal(await lease.take(), true);
  meddle = undefined;
});

/** The same script call once more, as after a connection that broke: its bare answer. */
function sayAgain(): Promise<unknown> {
  const [name, ...args] = lastCall;
  return redis.connection.send(String(name), args);
}

function justBefore(change: () => Promise<unknown>): void {
  meddle = change;
}

function blockAt(height: number, letter: string): PendingBlock {
  const [blockHash, txHash] = [letter.repeat(64), 'f'.repeat(64)];
  return { member: `${blockHash}:${txHash}:${height}`, blockHash, txHash, height };
}

async function accepted(block: PendingBlock, round: Record<string, string>): Promise<void> {
  await redis.command('SADD', keys.blocksPending, block.member);
  await redis.command('HSET', keys.block(block.blockHash), 'state', 'accepted');
  await redis.command('SADD', keys.roundBlocks(block.height), block.blockHash);
  for (const [worker, sum] of Object.entries(round)) {
    await redis.command('HSET', keys.round(block.height), worker, sum);
  }
}

const reward = satoshis(1_200_000_000n);
const outputs: readonly PlannedOutput[] = [
  {
    address: 'alice',
    script: 'aa',
    amount: satoshis(150_000_000n),
    from: [{ worker: 'alice', amount: satoshis(150_000_000n) }],
  },
];
const tx: SignedTx = {
  txid: 'ab'.repeat(32),
  hex: '00',
  fee: satoshis(1_000n),
  inputs: [`${'cd'.repeat(32)}:1`],
};

async function opened() {
  await redis.command('HSET', keys.balances, 'alice', '1.5');
  const batch = await ledger.intend(outputs, await ledger.balances());
  assert.ok(batch);
  return batch;
}

async function signed() {
  const batch = await opened();
  await ledger.markSigned(batch, tx);
  return { ...batch, state: 'signed', tx } as const;
}

const totals = () => redis.hash(keys.pay('totals'));

test('a block that leaves blocksPending while it is shared out is not credited', async () => {
  const block = blockAt(7, 'a');
  await accepted(block, { alice: '1' });
  justBefore(() => redis.command('SREM', keys.blocksPending, block.member));
  assert.equal((await ledger.creditBlock(block, reward, proportional)).kind, 'already');
  assert.deepEqual(await redis.hash(keys.balances), {});
  assert.deepEqual(await redis.hash(keys.round(7)), { alice: '1' });
});

test('a worker who comes into the round while it is shared out gets a part', async () => {
  const block = blockAt(7, 'a');
  await accepted(block, { alice: '1' });
  justBefore(() => redis.command('HSET', keys.round(7), 'bob', '3'));
  await ledger.creditBlock(block, reward, proportional);
  assert.deepEqual(await redis.hash(keys.balances), { alice: '3', bob: '9' });
});

test('shares that change while a round is shared out count as they are', async () => {
  const block = blockAt(7, 'a');
  await accepted(block, { alice: '1', bob: '1' });
  justBefore(() => redis.command('HSET', keys.round(7), 'bob', '3'));
  await ledger.creditBlock(block, reward, proportional);
  assert.deepEqual(await redis.hash(keys.balances), { alice: '3', bob: '9' });
});

test('what is credited beside us is not overwritten in the sum of credits', async () => {
  const block = blockAt(7, 'a');
  await accepted(block, { alice: '1' });
  justBefore(() => redis.command('HSET', keys.pay('totals'), 'credited', '5'));
  await ledger.creditBlock(block, reward, proportional);
  assert.equal((await totals())['credited'], '1200000005');
});

test('a block that leaves blocksPending while it is orphaned gives no shares back', async () => {
  const block = blockAt(7, 'a');
  await accepted(block, { alice: '1' });
  justBefore(() => redis.command('SREM', keys.blocksPending, block.member));
  assert.equal(await ledger.orphanBlock(block), 'already');
  assert.deepEqual(await redis.hash(keys.roundCurrent), {});
  assert.equal(await redis.command('SCARD', keys.blocksOrphaned), 0);
});

test('a twin that comes while a block is orphaned keeps the round', async () => {
  const [block, twin] = [blockAt(7, 'a'), blockAt(7, 'b')];
  await accepted(block, { alice: '1' });
  // A candidate: it does not stand in blocksPending.
  justBefore(async () => {
    await redis.command('HSET', keys.block(twin.blockHash), 'state', 'candidate');
    await redis.command('SADD', keys.roundBlocks(7), twin.blockHash);
  });
  assert.equal(await ledger.orphanBlock(block), 'kept');
  assert.deepEqual(await redis.hash(keys.round(7)), { alice: '1' });
});

test('a twin that takes the place of another while a block is orphaned keeps the round', async () => {
  const [block, refused, twin] = [blockAt(7, 'a'), blockAt(7, 'b'), blockAt(7, 'c')];
  await accepted(block, { alice: '1' });
  await redis.command('HSET', keys.block(refused.blockHash), 'state', 'refused');
  await redis.command('SADD', keys.roundBlocks(7), refused.blockHash);
  justBefore(async () => {
    await redis.command('HSET', keys.block(twin.blockHash), 'state', 'candidate');
    await redis.command('SREM', keys.roundBlocks(7), refused.blockHash);
    await redis.command('SADD', keys.roundBlocks(7), twin.blockHash);
  });
  assert.equal(await ledger.orphanBlock(block), 'kept');
});

test("an older pool's block that comes while another of its height is orphaned keeps the round", async () => {
  const [block, older] = [blockAt(7, 'a'), blockAt(7, 'b')];
  await accepted(block, { alice: '1' });
  justBefore(() => redis.command('SADD', keys.blocksPending, older.member));
  assert.equal(await ledger.orphanBlock(block), 'kept');
  assert.deepEqual(await redis.hash(keys.round(7)), { alice: '1' });
});

test('an intent said again, as after a lost answer, opens nothing twice', async () => {
  const batch = await opened();
  assert.equal(await sayAgain(), 'ok');
  assert.deepEqual(await ledger.openBatch(), batch);
});

test('an intent that comes again after its batch was given back opens nothing', async () => {
  const batch = await opened();
  const intent = lastCall;
  await ledger.release(batch);
  lastCall = intent;
  assert.equal(await sayAgain(), 'closed');
  assert.deepEqual(await redis.hash(keys.balances), { alice: '1.5' });
  assert.equal(await ledger.openBatch(), undefined);
});

test('no intent is opened over a batch that somebody has broken', async () => {
  await redis.command('HSET', keys.balances, 'alice', '1.5');
  await redis.command('HSET', keys.pay('batch'), 'state', 'signed');
  assert.equal(await ledger.intend(outputs, await ledger.balances()), undefined);
  assert.deepEqual(await redis.hash(keys.balances), { alice: '1.5' });
});

test('an intent takes no balance that has changed', async () => {
  await redis.command('HSET', keys.balances, 'alice', '1.5');
  const balances = await ledger.balances();
  justBefore(() => redis.command('HSET', keys.balances, 'alice', '2'));
  assert.equal(await ledger.intend(outputs, balances), undefined);
  assert.deepEqual(await redis.hash(keys.balances), { alice: '2' });
});

test('a transaction goes on record for the batch that it was built for, and no other', async () => {
  const batch = await opened();
  await assert.rejects(ledger.markSigned({ ...batch, id: 'other' }, tx), LedgerError);
  assert.equal((await redis.hash(keys.pay('batch')))['hex'], undefined);
});

test('a batch that may have been sent one way is not put on record for another', async () => {
  const batch = await opened();
  await ledger.markSending(batch, 'comment', 'since');
  await assert.rejects(ledger.markSigned(batch, tx), LedgerError);
  assert.equal((await redis.hash(keys.pay('batch')))['state'], 'sending');
});

test('a transaction on record is not replaced by another; said again, it stays', async () => {
  const batch = await opened();
  await ledger.markSigned(batch, tx);
  await ledger.markSigned(batch, tx);
  await assert.rejects(ledger.markSigned(batch, { ...tx, hex: '11' }), LedgerError);
  assert.equal((await redis.hash(keys.pay('batch')))['hex'], '00');
});

test('only the open batch is settled', async () => {
  const batch = await signed();
  await assert.rejects(ledger.settle({ ...batch, id: 'other' }, tx.txid, tx.fee), LedgerError);
  assert.deepEqual(await redis.hash(keys.payouts), {});
  assert.deepEqual(await ledger.openBatch(), batch);
});

test('what others book while a payment is settled is not overwritten', async () => {
  for (const [key, field, text, result] of [
    [keys.stats, 'totalPaid', '7', '8.5'],
    [keys.payouts, 'alice', '7', '8.5'],
    [keys.pay('totals'), 'paid', '7', '150000007'],
    [keys.pay('totals'), 'fees', '7', '1007'],
  ] as const) {
    await redis.command('DEL', keys.stats, keys.payouts, keys.pay('totals'), keys.balances);
    const batch = await signed();
    justBefore(() => redis.command('HSET', key, field, text));
    await ledger.settle(batch, tx.txid, tx.fee);
    assert.equal((await redis.hash(key))[field], result, field);
  }
});

test('only the open batch, in the state that it was read in, is given back', async () => {
  const batch = await opened();
  await assert.rejects(ledger.release({ ...batch, id: 'other' }), LedgerError);
  await ledger.markSigned(batch, tx);
  // As an intent it could not have been sent; now it could.
  await assert.rejects(ledger.release(batch), LedgerError);
  assert.deepEqual(await redis.hash(keys.balances), {});
  assert.equal((await ledger.openBatch())?.state, 'signed');
});

test('what comes into a balance while a batch is given back stays there', async () => {
  const batch = await opened();
  justBefore(() => redis.command('HSET', keys.balances, 'alice', '0.25'));
  await ledger.release(batch);
  assert.deepEqual(await redis.hash(keys.balances), { alice: '1.75' });
});

/** A payment whose fee nobody knows yet. */
async function paidWithoutFee(): Promise<void> {
  await ledger.settle(await signed(), tx.txid, 'unknown');
  assert.deepEqual(await ledger.unknownFees(), [tx.txid]);
}

const bookedFee = async () => {
  const list = await redis.command('LRANGE', keys.payments, 0, -1);
  const records = (Array.isArray(list) ? list : []).map((text) => JSON.parse(String(text)));
  return records.find(({ txid }) => txid === tx.txid)?.fee;
};

test('a fee is booked once, however often it is told', async () => {
  await paidWithoutFee();
  for (let i = 0; i < 3; i++) await ledger.bookFee(tx.txid, satoshis(1_234n));
  assert.equal((await totals())['fees'], '1234');
  assert.equal(await bookedFee(), '0.00001234');
  assert.deepEqual(await ledger.unknownFees(), []);
});

test('a fee that is booked beside others is not lost, and overwrites none of them', async () => {
  await paidWithoutFee();
  justBefore(() => redis.command('HSET', keys.pay('totals'), 'fees', '5'));
  await ledger.bookFee(tx.txid, satoshis(1_234n));
  assert.equal((await totals())['fees'], '1239');
});

test('a payment that comes into the list while a fee is booked is left as it is', async () => {
  await paidWithoutFee();
  const newer = JSON.stringify({ txid: 'cd'.repeat(32) });
  justBefore(() => redis.command('LPUSH', keys.payments, newer));
  await ledger.bookFee(tx.txid, satoshis(1_234n));
  assert.equal(await redis.command('LINDEX', keys.payments, 0), newer);
  assert.equal(await bookedFee(), '0.00001234');
});

test('a fee of a payment that is not in the list any more counts in the sum', async () => {
  await paidWithoutFee();
  await redis.command('DEL', keys.payments);
  await ledger.bookFee(tx.txid, satoshis(1_234n));
  assert.equal((await totals())['fees'], '1234');
  assert.equal(await redis.command('EXISTS', keys.payments), 0);
});

test('an adjustment beside another one is refused, and the other one stays', async () => {
  justBefore(() => redis.command('HSET', keys.pay('totals'), 'adjusted', '5'));
  await assert.rejects(ledger.adjust(satoshis(1n), false), LedgerError);
  assert.equal((await totals())['adjusted'], '5');
});

test('balances that somebody else takes over at the same time are taken over once', async () => {
  await redis.command('HSET', keys.balances, 'alice', '0.123456789');
  justBefore(() => redis.command('HSET', keys.pay('totals'), 'takenOver', '77'));
  await ledger.takeOver();
  assert.equal((await totals())['takenOver'], '77');
  assert.deepEqual(await redis.hash(keys.balances), { alice: '0.123456789' });
});

test('a balance that changes while it is taken over is taken over as it is then', async () => {
  await redis.command('HSET', keys.balances, 'alice', '0.123456789');
  justBefore(() => redis.command('HSET', keys.balances, 'alice', '5.123456789'));
  await ledger.takeOver();
  assert.deepEqual(await redis.hash(keys.balances), { alice: '5.12345678' });
  assert.equal((await totals())['takenOver'], '512345678');
});
