import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Lease, LeaseLost } from '../../libs/payments/lease.ts';
import { Ledger } from '../../libs/payments/ledger.ts';
import type { PendingBlock } from '../../libs/payments/maturity.ts';
import { Notes } from '../../libs/payments/notes.ts';
import type { PlannedOutput } from '../../libs/payments/payoutPlan.ts';
import { proportional } from '../../libs/payments/rewards.ts';
import type { SignedTx } from '../../libs/payments/wallet.ts';
import { type Millis, millis, satoshis } from '../../libs/primitives/units.ts';
import { coinKeys } from '../../libs/redis/keys.ts';
import { eventsOf } from '../redis/testbed.ts';
import { openTestRedis, type TestRedis } from './support.ts';

// What the ledger's scripts leave behind for people to look at: events, and each miner's list of payments.

const keys = coinKeys('litecoin');
let redis: TestRedis;
let now: Millis;
let lease: Lease;
let ledger: Ledger;

before(async () => {
  redis = await openTestRedis();
});
after(() => redis.close());
beforeEach(async () => {
  await redis.clear();
  now = millis(1_700_000_000_123);
  lease = new Lease(redis.connection, keys, 30_000);
  ledger = ledgerOf(lease);
  assert.equal(await lease.take(), true);
});

function ledgerOf(itsLease: Lease): Ledger {
  const { connection } = redis;
  return new Ledger({ connection, keys, lease: itsLease, decimals: 8, now: () => now });
}

const told = () => eventsOf(redis.connection, keys.events);
const twelve = satoshis(1_250_000_000n);

function blockAt(height: number, letter: string): PendingBlock {
  const [blockHash, txHash] = [letter.repeat(64), 'f'.repeat(64)];
  return { member: `${blockHash}:${txHash}:${height}`, blockHash, txHash, height };
}

/** As an older pool leaves a block behind: in the set, and nothing else but its round. */
async function pending(block: PendingBlock, round: Record<string, string>): Promise<void> {
  await redis.command('SADD', keys.blocksPending, block.member);
  for (const [worker, sum] of Object.entries(round)) {
    await redis.command('HSET', keys.round(block.height), worker, sum);
  }
}

async function accepted(block: PendingBlock, round: Record<string, string>): Promise<void> {
  const { blockHash, height } = block;
  await pending(block, round);
  await redis.command('HSET', keys.block(blockHash), 'state', 'accepted', 'height', height);
  await redis.command('SADD', keys.roundBlocks(height), blockHash);
}

test('a credited block is told once, however often it is tried', async () => {
  const block = blockAt(7, 'a');
  await accepted(block, { alice: '1', bob: '2' });
  for (let i = 0; i < 20; i++) await ledger.creditBlock(block, twelve, proportional);
  assert.deepEqual(await told(), [
    ['block-confirmed', { height: 7, hash: block.blockHash, reward: '12.5' }],
  ]);
});

test('of twins one is told as orphaned and one as confirmed, each once', async () => {
  const [dead, alive] = [blockAt(7, 'a'), blockAt(7, 'b')];
  await accepted(dead, { alice: '1' });
  await accepted(alive, {});
  for (let i = 0; i < 20; i++) await ledger.orphanBlock(dead);
  for (let i = 0; i < 20; i++) await ledger.creditBlock(alive, twelve, proportional);
  assert.deepEqual(await told(), [
    ['block-orphaned', { height: 7, hash: dead.blockHash }],
    ['block-confirmed', { height: 7, hash: alive.blockHash, reward: '12.5' }],
  ]);
  assert.deepEqual(await redis.hash(keys.balances), { alice: '12.5' });
});

test('what is held or was refused by a lost lease is not told', async () => {
  const [empty, block] = [blockAt(7, 'a'), blockAt(8, 'b')];
  await accepted(empty, {});
  await accepted(block, { alice: '1' });
  await ledger.creditBlock(empty, twelve, proportional);
  await redis.command('HSET', keys.pay('lease'), 'epoch', '2:somebody');
  await assert.rejects(ledger.creditBlock(block, twelve, proportional), LeaseLost);
  await assert.rejects(ledger.orphanBlock(block), LeaseLost);
  assert.deepEqual(await told(), []);
});

test('a block that an older pool left pending, without any facts, is watched, credited and told like others', async () => {
  const notes = new Notes(redis.connection, keys, lease);
  const [block, dead, own] = [blockAt(7, 'a'), blockAt(8, 'b'), blockAt(8, 'c')];
  await pending(block, { alice: '1' });
  await pending(dead, { bob: '1' });
  await accepted(own, {});
  for (const { blockHash } of [block, dead]) await notes.confirmations(blockHash, 55);
  assert.deepEqual(await redis.hash(keys.block(block.blockHash)), { confirmations: '55' });
  assert.equal((await ledger.creditBlock(block, twelve, proportional)).kind, 'credited');
  assert.equal(await ledger.orphanBlock(dead), 'kept');
  assert.equal((await ledger.creditBlock(own, twelve, proportional)).kind, 'credited');
  assert.deepEqual(await redis.hash(keys.balances), { alice: '12.5', bob: '12.5' });
  const types = (await told()).map(([type]) => type);
  assert.deepEqual(types, ['block-confirmed', 'block-orphaned', 'block-confirmed']);
});

const txOf = (letter: string): SignedTx => ({
  txid: letter.repeat(64),
  hex: '00',
  fee: satoshis(1_410n),
  inputs: [`${'cd'.repeat(32)}:1`],
});

function outputTo(address: string, ...parts: [worker: string, amount: bigint][]): PlannedOutput {
  return {
    address,
    script: Buffer.from(address).toString('hex'),
    amount: satoshis(parts.reduce((sum, [, amount]) => sum + amount, 0n)),
    from: parts.map(([worker, amount]) => ({ worker, amount: satoshis(amount) })),
  };
}

/** Pays alice (two rigs) 3 and bob 1.5, as often as told: settling is repeated after a crash. */
async function pay(tx: SignedTx, settles = 1): Promise<void> {
  await redis.command('HSET', keys.balances, 'alice.1', '1', 'alice.2', '2', 'bob', '1.5');
  const outputs = [
    outputTo('alice', ['alice.1', 100_000_000n], ['alice.2', 200_000_000n]),
    outputTo('bob', ['bob', 150_000_000n]),
  ];
  const batch = await ledger.intend(outputs, await ledger.balances());
  assert.ok(batch);
  await ledger.markSigned(batch, tx);
  for (let i = 0; i < settles; i++) await ledger.settle(batch, tx.txid, tx.fee);
}

async function paymentsOf(address: string): Promise<unknown[]> {
  const reply = await redis.command('LRANGE', keys.minerPayments(address), 0, -1);
  assert.ok(Array.isArray(reply));
  return reply.map((text: unknown) => JSON.parse(String(text)));
}

test('a payment is told once, and is in the list of each address that it pays, newest first', async () => {
  await pay(txOf('a'), 20);
  now = millis(1_700_000_600_000);
  await pay(txOf('b'), 20);
  const event = (letter: string) => ({ txid: letter.repeat(64), amount: '4.5', addresses: 2 });
  assert.deepEqual(await told(), [
    ['payment', event('a')],
    ['payment', event('b')],
  ]);
  const payments = (amount: string) => [
    { time: 1_700_000_600_000, txid: 'b'.repeat(64), amount },
    { time: 1_700_000_000_123, txid: 'a'.repeat(64), amount },
  ];
  assert.deepEqual(await paymentsOf('alice'), payments('3'));
  assert.deepEqual(await paymentsOf('bob'), payments('1.5'));
  assert.deepEqual(await redis.hash(keys.payouts), { 'alice.1': '2', 'alice.2': '4', bob: '3' });
});

test('the list of an address keeps its last thousand payments', async () => {
  const fill = "for i = 1, 1000 do redis.call('LPUSH', KEYS[1], i) end";
  await redis.command('EVAL', fill, 1, keys.minerPayments('bob'));
  await pay(txOf('a'));
  const list = await paymentsOf('bob');
  assert.equal(list.length, 1_000);
  assert.deepEqual(list.slice(1, 3), [1_000, 999]);
  assert.equal(list.at(-1), 2);
});

test('keys that hold something else hold up no money', async () => {
  await redis.command('SET', keys.events, 'text');
  await redis.command('SET', keys.minerPayments('alice'), 'text');
  const [block, dead] = [blockAt(7, 'a'), blockAt(8, 'b')];
  await accepted(block, { carol: '1' });
  await accepted(dead, { carol: '2' });
  await ledger.creditBlock(block, twelve, proportional);
  await ledger.orphanBlock(dead);
  await pay(txOf('a'));
  assert.deepEqual(await redis.hash(keys.payouts), { 'alice.1': '1', 'alice.2': '2', bob: '1.5' });
  assert.deepEqual(await redis.hash(keys.balances), { carol: '12.5' });
  assert.deepEqual(await redis.hash(keys.roundCurrent), { carol: '2' });
  assert.equal((await paymentsOf('bob')).length, 1);
  assert.equal(await redis.command('GET', keys.minerPayments('alice')), 'text');
  assert.equal(await ledger.openBatch(), undefined);
});
