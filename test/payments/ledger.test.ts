import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { BooksError } from '../../libs/payments/books.ts';
import { Lease, LeaseLost } from '../../libs/payments/lease.ts';
import { Ledger, LedgerError } from '../../libs/payments/ledger.ts';
import type { PendingBlock } from '../../libs/payments/maturity.ts';
import { Notes } from '../../libs/payments/notes.ts';
import { type PlannedOutput, planPayouts } from '../../libs/payments/payoutPlan.ts';
import { proportional } from '../../libs/payments/rewards.ts';
import type { SignedTx } from '../../libs/payments/wallet.ts';
import { millis, satoshis, systemClock } from '../../libs/primitives/units.ts';
import type { RedisConnection } from '../../libs/redis/connection.ts';
import { coinKeys } from '../../libs/redis/keys.ts';
import { createRounds } from '../../libs/shares/rounds.ts';
import { logTo } from '../support/memoryLog.ts';
import { openTestRedis, type TestRedis } from './support.ts';

const keys = coinKeys('litecoin');
let redis: TestRedis;
let lease: Lease;
let ledger: Ledger;
/** What somebody else does just before a script of ours runs. */
let meddle: (() => Promise<unknown>) | undefined;

before(async () => {
  redis = await openTestRedis();
});
after(() => redis.close());
beforeEach(async () => {
  await redis.clear();
  meddle = undefined;
  const connection: RedisConnection = {
    ...redis.connection,
    ready: true,
    send: async (name, args) => {
      if (name === 'evalsha') await meddle?.();
      return redis.connection.send(name, args);
    },
  };
  lease = new Lease(connection, keys, 30_000);
  ledger = ledgerOf(lease);
  assert.equal(await lease.take(), true);
});

function ledgerOf(itsLease: Lease): Ledger {
  const { connection } = redis;
  return new Ledger({ connection, keys, lease: itsLease, decimals: 8, now: () => millis(1000) });
}

function blockAt(height: number, letter: string): PendingBlock {
  const [blockHash, txHash] = [letter.repeat(64), 'f'.repeat(64)];
  return { member: `${blockHash}:${txHash}:${height}`, blockHash, txHash, height };
}

/** As the pool leaves an accepted block behind. */
async function accepted(block: PendingBlock, round: Record<string, string>): Promise<void> {
  await redis.command('SADD', keys.blocksPending, block.member);
  await redis.command(
    'HSET',
    keys.block(block.blockHash),
    'state',
    'accepted',
    'height',
    block.height,
  );
  await redis.command('SADD', keys.roundBlocks(block.height), block.blockHash);
  for (const [worker, sum] of Object.entries(round)) {
    await redis.command('HSET', keys.round(block.height), worker, sum);
  }
}

const twelve = satoshis(1_250_000_000n);

test('a mature block is credited once, however often it is tried', async () => {
  const block = blockAt(7, 'a');
  await accepted(block, { alice: '30', bob: '10', carol: '0' });
  await redis.command('HSET', keys.balances, 'bob', '0.5', 'dave', '9');
  await redis.command('HSET', keys.pay('heldBlocks'), block.member, 'why');
  assert.deepEqual(await ledger.creditBlock(block, twelve, proportional), {
    kind: 'credited',
    workers: 2,
  });
  for (let i = 0; i < 100; i++) {
    assert.deepEqual(await ledger.creditBlock(block, twelve, proportional), { kind: 'already' });
  }
  assert.deepEqual(await redis.hash(keys.balances), { alice: '9.375', bob: '3.625', dave: '9' });
  assert.deepEqual(await redis.members(keys.blocksPending), []);
  assert.deepEqual(await redis.members(keys.blocksConfirmed), [block.member]);
  assert.deepEqual(await redis.hash(keys.round(7)), {});
  assert.deepEqual(await redis.hash(keys.paidRound(7)), { alice: '30', bob: '10', carol: '0' });
  const kept = Number(await redis.command('TTL', keys.paidRound(7)));
  assert.ok(kept > 29 * 86_400 && kept <= 30 * 86_400, `${kept}`);
  const facts = await redis.hash(keys.block(block.blockHash));
  assert.equal(facts['state'], 'confirmed');
  assert.equal(facts['credited'], '1250000000');
  assert.equal((await redis.hash(keys.pay('totals')))['credited'], '1250000000');
  assert.deepEqual(await redis.hash(keys.pay('heldBlocks')), {});
});

test('two processes that credit the same block at once credit it once', async () => {
  const block = blockAt(7, 'a');
  await accepted(block, { alice: '1' });
  const outcomes = await Promise.all([
    ledger.creditBlock(block, twelve, proportional),
    ledger.creditBlock(block, twelve, proportional),
  ]);
  assert.deepEqual(outcomes.map(({ kind }) => kind).sort(), ['already', 'credited']);
  assert.deepEqual(await redis.hash(keys.balances), { alice: '12.5' });
});

test('a balance that changes between reading and writing makes the credit be computed again', async () => {
  const block = blockAt(7, 'a');
  await accepted(block, { alice: '1' });
  meddle = async () => {
    meddle = undefined;
    await redis.command('HSET', keys.balances, 'alice', '100');
  };
  const outcome = await ledger.creditBlock(block, twelve, proportional);
  assert.equal(outcome.kind, 'credited');
  assert.deepEqual(await redis.hash(keys.balances), { alice: '112.5' });
});

test('somebody who keeps changing balances ends in an error, not in a wrong sum', async () => {
  const block = blockAt(7, 'a');
  await accepted(block, { alice: '1' });
  let n = 0;
  meddle = () => redis.command('HSET', keys.balances, 'alice', ++n);
  const crediting = ledger.creditBlock(block, twelve, proportional);
  await assert.rejects(crediting, LedgerError);
  assert.deepEqual(await redis.hash(keys.balances), { alice: String(n) });
  assert.deepEqual(await redis.members(keys.blocksPending), [block.member]);
});

test('a block without shares, or with shares that are no numbers, is held and stays pending', async () => {
  const empty = blockAt(7, 'a');
  await accepted(empty, {});
  const broken = blockAt(8, 'b');
  await accepted(broken, { alice: 'many' });
  for (const block of [empty, broken]) {
    const outcome = await ledger.creditBlock(block, twelve, proportional);
    assert.equal(outcome.kind, 'hold');
  }
  assert.deepEqual(await redis.members(keys.blocksPending), [empty.member, broken.member]);
  assert.deepEqual(await redis.members(keys.blocksConfirmed), []);
});

test('a broken balance keeps a block from being credited, with nothing changed', async () => {
  const block = blockAt(7, 'a');
  await accepted(block, { alice: '1', bob: '1' });
  await redis.command('HSET', keys.balances, 'bob', 'abc');
  await assert.rejects(ledger.creditBlock(block, twelve, proportional), BooksError);
  assert.deepEqual(await redis.hash(keys.balances), { bob: 'abc' });
  assert.deepEqual(await redis.members(keys.blocksPending), [block.member]);
});

test("an orphan's shares are added to the current round, fractions too, and only once", async () => {
  const block = blockAt(7, 'a');
  await accepted(block, { alice: '0.5', bob: '3' });
  await redis.command('HSET', keys.roundCurrent, 'alice', '1.25', 'carol', '2');
  assert.equal(await ledger.orphanBlock(block), 'merged');
  assert.equal(await ledger.orphanBlock(block), 'already');
  assert.deepEqual(await redis.hash(keys.roundCurrent), { alice: '1.75', bob: '3', carol: '2' });
  assert.deepEqual(await redis.hash(keys.round(7)), {});
  assert.deepEqual(await redis.members(keys.blocksOrphaned), [block.member]);
  assert.deepEqual(await redis.members(keys.blocksPending), []);
  assert.equal((await redis.hash(keys.block(block.blockHash)))['state'], 'orphaned');
});

test('an orphan leaves the round to its twin, and the twin is credited with it', async () => {
  const [dead, alive] = [blockAt(7, 'a'), blockAt(7, 'b')];
  await accepted(dead, { alice: '1' });
  await accepted(alive, {});
  assert.equal(await ledger.orphanBlock(dead), 'kept');
  assert.deepEqual(await redis.hash(keys.roundCurrent), {});
  assert.equal((await ledger.creditBlock(alive, twelve, proportional)).kind, 'credited');
  assert.deepEqual(await redis.hash(keys.balances), { alice: '12.5' });
});

test('when twins are both orphaned, the second one gives the shares back', async () => {
  const [first, second] = [blockAt(7, 'a'), blockAt(7, 'b')];
  await accepted(first, { alice: '1' });
  await accepted(second, {});
  assert.equal(await ledger.orphanBlock(first), 'kept');
  assert.equal(await ledger.orphanBlock(second), 'merged');
  assert.deepEqual(await redis.hash(keys.roundCurrent), { alice: '1' });
});

test('a twin that no daemon has answered for yet keeps the round as well', async () => {
  const [dead, candidate] = [blockAt(7, 'a'), blockAt(7, 'b')];
  await accepted(dead, { alice: '1' });
  await redis.command('SADD', keys.roundBlocks(7), candidate.blockHash);
  await redis.command('HSET', keys.block(candidate.blockHash), 'state', 'candidate');
  assert.equal(await ledger.orphanBlock(dead), 'kept');
});

test("a twin that an older pool left pending keeps the round, and another height's block does not", async () => {
  const [dead, older, other] = [blockAt(7, 'a'), blockAt(7, 'b'), blockAt(17, 'c')];
  await accepted(dead, { alice: '1' });
  await redis.command('SADD', keys.blocksPending, other.member, older.member);
  assert.equal(await ledger.orphanBlock(dead), 'kept');
  assert.equal(await ledger.orphanBlock(older), 'merged');
});

test('a twin of a block that was credited is orphaned without touching any shares', async () => {
  const [good, dead] = [blockAt(7, 'a'), blockAt(7, 'b')];
  await accepted(good, { alice: '1' });
  await accepted(dead, {});
  await ledger.creditBlock(good, twelve, proportional);
  assert.equal(await ledger.orphanBlock(dead), 'noRound');
  assert.deepEqual(await redis.hash(keys.roundCurrent), {});
  assert.deepEqual(await redis.hash(keys.paidRound(7)), { alice: '1' });
});

test('shares that cannot be added stop the merge before anything is changed', async () => {
  const block = blockAt(7, 'a');
  await accepted(block, { alice: '1', bob: '2' });
  await redis.command('HSET', keys.roundCurrent, 'bob', 'abc');
  await assert.rejects(
    ledger.orphanBlock(block),
    /BADVALUE litecoin:shares:roundCurrent field bob/,
  );
  assert.deepEqual(await redis.hash(keys.roundCurrent), { bob: 'abc' });
  assert.deepEqual(await redis.hash(keys.round(7)), { alice: '1', bob: '2' });
  assert.deepEqual(await redis.members(keys.blocksPending), [block.member]);
});

/** alice with two rigs is paid 3, bob 1.5; carol keeps 0.2. */
async function planned(): Promise<{ outputs: readonly PlannedOutput[] }> {
  await redis.command(
    'HSET',
    keys.balances,
    'alice.1',
    '1',
    'alice.2',
    '2',
    'bob',
    '1.50',
    'carol',
    '0.2',
  );
  const balances = new Map(
    [...(await ledger.balances())].map(([name, { amount }]) => [name, amount]),
  );
  const { batches } = planPayouts({
    balances,
    payees: new Map(
      [...balances.keys()].map((worker) => {
        const address = worker.split('.')[0] ?? '';
        return [worker, { ok: true, address, script: Buffer.from(address) }];
      }),
    ),
    minimum: satoshis(100_000_000n),
    dust: satoshis(0n),
    spendable: satoshis(10n ** 12n),
    maxOutputs: 500,
  });
  return { outputs: batches[0] ?? [] };
}

const tx: SignedTx = {
  txid: 'ab'.repeat(32),
  hex: '00',
  fee: satoshis(1_410n),
  inputs: [`${'cd'.repeat(32)}:1`, `${'ef'.repeat(32)}:0`],
};

test('an intent takes whole balances; settling books them as paid, once', async () => {
  await redis.command('HSET', keys.payouts, 'bob', '0.30000000000000004');
  await redis.command('HSET', keys.stats, 'totalPaid', '7.5', 'validShares', '3');
  const { outputs } = await planned();
  const batch = await ledger.intend(outputs, await ledger.balances());
  assert.ok(batch);
  assert.deepEqual(await redis.hash(keys.balances), { carol: '0.2' });
  await ledger.markSigned(batch, tx);
  const open = await ledger.openBatch();
  assert.deepEqual(open, { ...batch, state: 'signed', tx });
  assert.ok(open);
  for (let i = 0; i < 20; i++) await ledger.settle(open, tx.txid, tx.fee);
  assert.deepEqual(await redis.hash(keys.payouts), { 'alice.1': '1', 'alice.2': '2', bob: '1.8' });
  assert.deepEqual(await redis.hash(keys.stats), { totalPaid: '12', validShares: '3' });
  assert.deepEqual(await redis.hash(keys.pay('totals')), { paid: '450000000', fees: '1410' });
  assert.equal(await ledger.openBatch(), undefined);
  const payments = await redis.command('LRANGE', keys.payments, 0, -1);
  assert.ok(Array.isArray(payments) && payments.length === 1);
  assert.deepEqual(JSON.parse(String(payments[0])), {
    time: 1000,
    txid: tx.txid,
    paid: '4.5',
    fee: '0.0000141',
    miners: 2,
    amounts: { alice: '3', bob: '1.5' },
    batch: batch.id,
  });
});

test('a released intent gives every satoshi back, on top of what came meanwhile, and once', async () => {
  const { outputs } = await planned();
  const batch = await ledger.intend(outputs, await ledger.balances());
  assert.ok(batch);
  await redis.command('HSET', keys.balances, 'bob', '0.25');
  for (let i = 0; i < 20; i++) await ledger.release(batch);
  assert.deepEqual(await redis.hash(keys.balances), {
    'alice.1': '1',
    'alice.2': '2',
    bob: '1.75',
    carol: '0.2',
  });
  await assert.rejects(ledger.settle(batch, tx.txid, tx.fee), LedgerError);
  assert.deepEqual(await redis.hash(keys.payouts), {});
});

test('an intent is refused when a balance has changed or another batch is open', async () => {
  const { outputs } = await planned();
  const stale = await ledger.balances();
  await redis.command('HSET', keys.balances, 'bob', '1.6');
  assert.equal(await ledger.intend(outputs, stale), undefined);
  assert.equal((await redis.hash(keys.balances))['alice.1'], '1');
  await redis.command('HSET', keys.balances, 'bob', '1.50');
  assert.ok(await ledger.intend(outputs, stale));
  assert.equal(await ledger.intend(outputs, stale), undefined);
});

test('a batch can be settled only after it was put on record that it may be sent', async () => {
  const { outputs } = await planned();
  const batch = await ledger.intend(outputs, await ledger.balances());
  assert.ok(batch);
  await assert.rejects(ledger.settle(batch, tx.txid, tx.fee), LedgerError);
  await ledger.markSigned(batch, tx);
  await ledger.markSigned(batch, tx);
  await assert.rejects(ledger.markSending(batch, 'comment', 'since'), LedgerError);
  await assert.rejects(ledger.release(batch), LedgerError);
  assert.deepEqual(await redis.hash(keys.balances), { carol: '0.2' });
});

test('giving a signed transaction up leaves a guard behind, which settling the next one removes', async () => {
  const { outputs } = await planned();
  const batch = await ledger.intend(outputs, await ledger.balances());
  assert.ok(batch);
  await ledger.markSigned(batch, tx);
  const guard = { outpoint: tx.inputs[0] ?? '', txids: [tx.txid] };
  await ledger.release({ ...batch, state: 'signed', tx }, guard);
  assert.deepEqual(await ledger.guard(), guard);
  const next = await ledger.intend(outputs, await ledger.balances());
  assert.ok(next);
  await ledger.markSigned(next, tx);
  await ledger.settle(next, tx.txid, tx.fee);
  assert.equal(await ledger.guard(), undefined);
});

test('a process that lost its lease can change nothing', async () => {
  const block = blockAt(7, 'a');
  await accepted(block, { alice: '1' });
  const dead = blockAt(9, 'd');
  await accepted(dead, { alice: '1' });
  const { outputs } = await planned();
  const batch = await ledger.intend(outputs, await ledger.balances());
  assert.ok(batch);
  await redis.command('HSET', keys.pay('lease'), 'until', '1');
  const other = new Lease(redis.connection, keys, 30_000);
  assert.equal(await other.take(), true);

  const before = await redis.hash(keys.balances);
  const signed = { ...batch, state: 'signed', tx } as const;
  const notes = new Notes(redis.connection, keys, lease);
  const attempts = [
    () => ledger.creditBlock(block, twelve, proportional),
    () => ledger.orphanBlock(dead),
    () => ledger.markSigned(batch, tx),
    () => ledger.markSending(batch, 'comment', 'since'),
    () => ledger.release(batch),
    () => ledger.settle(signed, tx.txid, tx.fee),
    () => ledger.intend(outputs, new Map()),
    () => ledger.takeOver(),
    () => notes.holdBlock(block.member, 'why'),
    () => notes.stop('why', millis(1)),
    () => ledger.adjust(satoshis(1n), false),
    () => ledger.bookFee(tx.txid, satoshis(1n)),
  ];
  for (const attempt of attempts) await assert.rejects(attempt(), LeaseLost);
  assert.deepEqual(await redis.hash(keys.balances), before);
  assert.deepEqual(await redis.members(keys.blocksPending), [block.member, dead.member]);
  assert.deepEqual(await redis.hash(keys.pay('heldBlocks')), {});
  // The new holder finds the batch as it was and can end it.
  assert.deepEqual(await ledgerOf(other).openBatch(), batch);
  await ledgerOf(other).release(batch);
});

test("an older pool's balances are taken over at the first start only", async () => {
  await redis.command(
    'HSET',
    keys.balances,
    'a',
    '0.30000000000000004',
    'b',
    '2',
    'c',
    '0.000000001',
  );
  assert.deepEqual(await ledger.takeOver(), [
    { worker: 'a', from: '0.30000000000000004', to: 30_000_000n },
    { worker: 'c', from: '0.000000001', to: undefined },
  ]);
  assert.deepEqual(await redis.hash(keys.balances), { a: '0.3', b: '2' });
  assert.equal((await redis.hash(keys.pay('totals')))['takenOver'], '230000000');
  await redis.command('HSET', keys.balances, 'd', '0.123456789');
  assert.equal(await ledger.takeOver(), undefined);
  await assert.rejects(ledger.balances(), BooksError);
});

test('balances that are taken over again hold what was credited meanwhile, which is not counted twice', async () => {
  await redis.command('HSET', keys.balances, 'old', '1');
  await ledger.takeOver();
  const block = blockAt(7, 'a');
  await accepted(block, { alice: '1' });
  await ledger.creditBlock(block, twelve, proportional);
  await redis.command('HSET', keys.balances, 'older', '2.5');
  await redis.command('HDEL', keys.pay('totals'), 'takenOver');
  await ledger.takeOver();
  assert.equal((await redis.hash(keys.pay('totals')))['takenOver'], '350000000');
});

test('an open batch that somebody has changed is refused, not guessed', async () => {
  const { outputs } = await planned();
  const batch = await ledger.intend(outputs, await ledger.balances());
  assert.ok(batch);
  for (const [field, text] of [
    ['state', 'paid'],
    ['plan', '[]x'],
    ['plan', '[{"address":"a","script":"00","amount":"5","from":[["a","4"]]}]'],
  ] as const) {
    const old = (await redis.hash(keys.pay('batch')))[field] ?? '';
    await redis.command('HSET', keys.pay('batch'), field, text);
    await assert.rejects(ledger.openBatch(), BooksError, text);
    await redis.command('HSET', keys.pay('batch'), field, old);
  }
  assert.deepEqual(await ledger.openBatch(), batch);
});

test('a key of the wrong type is refused before anything is changed', async () => {
  const block = blockAt(7, 'a');
  await accepted(block, { alice: '1' });
  await redis.command('SET', keys.blocksConfirmed, 'text');
  await assert.rejects(ledger.creditBlock(block, twelve, proportional), /WRONGTYPE/);
  assert.deepEqual(await redis.hash(keys.balances), {});
  assert.deepEqual(await redis.hash(keys.round(7)), { alice: '1' });
});

test('PPLNS reaches into credited rounds, and into those of blocks that wait', async () => {
  const [oldest, older, newest] = [blockAt(5, 'a'), blockAt(6, 'b'), blockAt(7, 'c')];
  await accepted(oldest, { zoe: '8' });
  await ledger.creditBlock(oldest, twelve, proportional, 2);
  await redis.command('DEL', keys.balances);
  await accepted(older, { bob: '4' });
  await accepted(newest, { alice: '4' });
  await redis.command('HSET', keys.block(newest.blockHash), 'networkDifficulty', '5');
  // A later round does not count.
  await accepted(blockAt(9, 'd'), { mallory: '100' });
  const outcome = await ledger.creditBlock(newest, satoshis(1_000n), proportional, 2);
  assert.deepEqual(outcome, { kind: 'credited', workers: 3 });
  // Two times 5: all of 4 and 4, and 2 of the 8.
  assert.deepEqual(await redis.hash(keys.balances), {
    alice: '0.000004',
    bob: '0.000004',
    zoe: '0.000002',
  });
  assert.deepEqual(await redis.hash(keys.paidRound(7)), { alice: '4' });
  assert.deepEqual(await redis.hash(keys.round(6)), { bob: '4' }, 'it is shared out again');
});

test('PPLNS pays once, however often it is tried', async () => {
  const block = blockAt(7, 'a');
  await accepted(blockAt(6, 'b'), { bob: '4' });
  await accepted(block, { alice: '4' });
  await redis.command('HSET', keys.block(block.blockHash), 'networkDifficulty', '4');
  for (let i = 0; i < 20; i++) await ledger.creditBlock(block, twelve, proportional, 2);
  assert.deepEqual(await redis.hash(keys.balances), { alice: '6.25', bob: '6.25' });
});

test('a block that an older pool left pending is shared out among its own round, with PPLNS too', async () => {
  const block = blockAt(7, 'a');
  await accepted(blockAt(6, 'b'), { bob: '4' });
  await accepted(block, { alice: '4' });
  await ledger.creditBlock(block, twelve, proportional, 2);
  assert.deepEqual(await redis.hash(keys.balances), { alice: '12.5' });
});

test('with PPLNS rounds are kept for more than a year', async () => {
  const block = blockAt(7, 'a');
  await accepted(block, { alice: '4' });
  await ledger.creditBlock(block, twelve, proportional, 2);
  const kept = Number(await redis.command('TTL', keys.paidRound(7)));
  assert.ok(kept > 399 * 86_400, `${kept}`);
});

/** A block of a SOLO miner, as the pool leaves it behind: it has no round. */
async function soloBlock(block: PendingBlock, finder?: string): Promise<void> {
  await redis.command('SADD', keys.blocksPending, block.member);
  const facts = ['state', 'accepted', 'height', block.height, 'solo', '1'];
  await redis.command('HSET', keys.block(block.blockHash), ...facts);
  if (finder !== undefined) {
    await redis.command('HSET', keys.block(block.blockHash), 'finder', finder);
  }
}

test("a SOLO block is its finder's, once, and leaves all rounds alone", async () => {
  const block = blockAt(7, 'a');
  await soloBlock(block, 'alice');
  await accepted(blockAt(7, 'b'), { bob: '1' });
  await redis.command('HSET', keys.roundCurrent, 'carol', '3');
  for (let i = 0; i < 20; i++) await ledger.creditBlock(block, twelve, proportional, 2);
  assert.deepEqual(await redis.hash(keys.balances), { alice: '12.5' });
  assert.deepEqual(await redis.hash(keys.round(7)), { bob: '1' });
  assert.deepEqual(await redis.hash(keys.roundCurrent), { carol: '3' });
  assert.equal(await redis.command('EXISTS', keys.pay('rounds')), 0);
  assert.deepEqual(await redis.members(keys.blocksConfirmed), [block.member]);
});

test('a SOLO block without a finder is held', async () => {
  const block = blockAt(7, 'a');
  await soloBlock(block);
  const outcome = await ledger.creditBlock(block, twelve, proportional);
  assert.equal(outcome.kind, 'hold');
});

test('an orphaned SOLO block takes no shares with it, and none away from its twin of the round', async () => {
  const [solo, prop] = [blockAt(7, 'a'), blockAt(7, 'b')];
  await soloBlock(solo, 'alice');
  await accepted(prop, { bob: '1' });
  assert.equal(await ledger.orphanBlock(solo), 'noRound');
  assert.deepEqual(await redis.hash(keys.round(7)), { bob: '1' });
  assert.deepEqual(await redis.hash(keys.roundCurrent), {});
});

test('a round that is closed at a height whose block was credited long ago is given back when it is refused', async () => {
  const { connection } = redis;
  const [credited, late] = [blockAt(7, 'a'), blockAt(7, 'b')];
  await accepted(credited, { alice: '1' });
  await ledger.creditBlock(credited, twelve, proportional);
  await redis.command('HSET', keys.roundCurrent, 'bob', '4');
  const rounds = createRounds({ connection, keys, log: logTo([]), now: systemClock });
  const { height, blockHash, txHash } = late;
  const facts = { finder: 'bob', time: millis(1), reward: '1', networkDifficulty: 1 };
  await rounds.close({ height, blockHash, txHash, ...facts });
  await rounds.refuse(blockHash, 'stale');
  assert.deepEqual(await redis.hash(keys.roundCurrent), { bob: '4' });
});

test('a SOLO block that comes to wait while its twin is orphaned keeps no shares back', async () => {
  const [solo, prop] = [blockAt(7, 'a'), blockAt(7, 'b')];
  await accepted(prop, { bob: '1' });
  meddle = async () => {
    meddle = undefined;
    await soloBlock(solo, 'alice');
  };
  assert.equal(await ledger.orphanBlock(prop), 'merged');
  assert.deepEqual(await redis.hash(keys.roundCurrent), { bob: '1' });
});

test('PPLNS counts the round of a height whose twin still waits, after the other was credited', async () => {
  const [first, twin, next] = [blockAt(6, 'a'), blockAt(6, 'b'), blockAt(7, 'c')];
  await accepted(first, { bob: '4' });
  await accepted(twin, {});
  await ledger.creditBlock(first, twelve, proportional, 2);
  await redis.command('DEL', keys.balances);
  await accepted(next, { alice: '4' });
  await redis.command('HSET', keys.block(next.blockHash), 'networkDifficulty', '4');
  await ledger.creditBlock(next, twelve, proportional, 2);
  assert.deepEqual(await redis.hash(keys.balances), { alice: '6.25', bob: '6.25' });
});

test('an orphan whose only twin is a SOLO block gives its shares back', async () => {
  const [solo, prop] = [blockAt(7, 'a'), blockAt(7, 'b')];
  await soloBlock(solo, 'alice');
  await accepted(prop, { bob: '1' });
  assert.equal(await ledger.orphanBlock(prop), 'merged');
  assert.deepEqual(await redis.hash(keys.roundCurrent), { bob: '1' });
});

test('a round that is no hash holds its block, and the others are credited', async () => {
  const [broken, good] = [blockAt(7, 'a'), blockAt(8, 'b')];
  await accepted(broken, {});
  await redis.command('SET', keys.round(7), 'text');
  await accepted(good, { alice: '1' });
  const outcome = await ledger.creditBlock(broken, twelve, proportional);
  assert.ok(outcome.kind === 'hold' && outcome.reason.includes('TYPE litecoin:shares:round7'));
  assert.equal((await ledger.creditBlock(good, twelve, proportional)).kind, 'credited');
});

test('the list of payments keeps the last 10,000', async () => {
  await redis.command(
    'EVAL',
    `for i = 1, 10005 do redis.call('RPUSH', KEYS[1], i) end`,
    1,
    keys.payments,
  );
  const { outputs } = await planned();
  const batch = await ledger.intend(outputs, await ledger.balances());
  assert.ok(batch);
  await ledger.markSigned(batch, tx);
  await ledger.settle(batch, tx.txid, tx.fee);
  assert.equal(await redis.command('LLEN', keys.payments), 10_000);
  assert.match(String(await redis.command('LINDEX', keys.payments, 0)), /"txid"/);
});
