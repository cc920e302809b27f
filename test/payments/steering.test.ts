import assert from 'node:assert/strict';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import type { PaymentProcessor } from '../../libs/payments/processor.ts';
import { parseResolution } from '../../libs/payments/steering.ts';
import { formatDryRun, formatStatus } from '../../libs/payments/steeringText.ts';
import { isRecord, own } from '../../libs/primitives/unknown.ts';
import { type LitecoinPair, satoshisOf } from '../../scripts/regtest/litecoin.ts';
import type { Fault, FaultyProxy } from './faultyProxy.ts';
import { Ground, keys, run, type Setup } from './ground.ts';
import type { TestRedis } from './support.ts';

// What a person can see of payments and do about them, on a real litecoind.

let ground: Ground;
let pair: LitecoinPair;
let redis: TestRedis;
let proxy: FaultyProxy;

before(
  async () => {
    ground = await Ground.open();
    ({ pair, redis, proxy } = ground);
  },
  { timeout: 60_000 },
);
after(() => ground.close());
beforeEach(() => ground.clear());

const processorFor = (t: TestContext, setup?: Setup): PaymentProcessor =>
  ground.processorFor(t, setup);
const owe = (...pairs: string[]) => ground.owe(...pairs);
const received = (...addresses: string[]) => ground.received(...addresses);
const minerAddress = () => ground.minerAddress();

test('paused payments send nothing, credit blocks, survive a restart, and go on when told', async (t) => {
  const [alice, bob] = [await minerAddress(), await minerAddress()];
  const block = await ground.findBlock({ [bob]: '1' });
  await owe(alice, '0.25');
  const first = processorFor(t);
  assert.match(await first.pause('moving house'), /paused: what is open is finished/);
  await pair.a.generate(100);
  assert.deepEqual((await first.runOnce()).credited, [
    { height: block.height, reward: block.reward },
  ]);
  const second = processorFor(t);
  const report = await run(second);
  assert.equal(report.outcome, 'done');
  assert.deepEqual(report.paid, []);
  const { paused } = await second.status();
  assert.equal(paused?.reason, 'moving house');
  assert.ok(Date.now() - (paused?.since ?? 0) < 60_000);
  assert.equal(await second.resume(), 'Payments of litecoin go on.');
  assert.equal((await second.runOnce()).paid.length, 1);
  assert.deepEqual(await received(alice, bob), [25_000_000n, block.reward]);
});

test('what is open is finished while payments are paused', async (t) => {
  const alice = await minerAddress();
  await owe(alice, '0.25');
  await ground.dyingAt(t, 'signed').runOnce();
  const processor = processorFor(t);
  await processor.pause('why not');
  assert.equal((await run(processor)).paid.length, 1);
  assert.deepEqual(await received(alice), [25_000_000n]);
});

test('a pause takes effect between two transactions of one run', async (t) => {
  const [alice, bob] = [await minerAddress(), await minerAddress()];
  await owe(alice, '0.25');
  const processor: PaymentProcessor = processorFor(t, {
    failPoint: async (step) => {
      if (step !== 'settled') return;
      await owe(bob, '0.5');
      await processor.pause('enough');
    },
  });
  assert.equal((await processor.runOnce()).paid.length, 1);
  assert.deepEqual(await redis.hash(keys.balances), { [bob]: '0.5' });
  assert.deepEqual(await received(alice, bob), [25_000_000n, 0n]);
});

test('a dry run says who would be paid and why the others not, and a run does just that', async (t) => {
  const [alice, bob, carol] = [await minerAddress(), await minerAddress(), await minerAddress()];
  const funds = Number(satoshisOf(await pair.a.rpc('getbalance')) / 100_000_000n);
  const much = String(funds * 2);
  await owe(`${alice}.1`, '0.25', `${alice}.2`, '0.5', bob, '0.001', carol, much, 'nobody', '1');
  const processor = processorFor(t);
  const before = await redis.hash(keys.balances);
  const dry = await processor.dryRun();
  assert.deepEqual(await redis.hash(keys.balances), before);
  assert.equal(dry.blockedBy, null);
  assert.deepEqual(dry.transactions, [
    {
      amount: '0.75',
      outputs: [{ address: alice, amount: '0.75', workers: [`${alice}.1`, `${alice}.2`] }],
    },
  ]);
  const why = new Map(
    dry.notPaid.map(({ workers, amount, reason }) => [workers[0], `${amount} ${reason}`]),
  );
  assert.equal(why.size, 3);
  assert.equal(why.get(bob), '0.001 it is below the minimum payment of 0.01 LTC');
  assert.match(why.get(carol) ?? '', new RegExp(`^${much} the wallet can spend .* now, which`));
  assert.equal(why.get('nobody'), '1 it is no address');
  assert.match(formatDryRun(dry), /Not paid:/);

  await processor.runOnce();
  assert.deepEqual(await received(alice, bob, carol), [75_000_000n, 0n, 0n]);
  const { payees } = await processor.held();
  assert.deepEqual(payees, [{ worker: 'nobody', amount: '1', reason: 'it is no address' }]);
});

test('a dry run says what stands in the way of the whole run', async (t) => {
  await owe(await minerAddress(), '0.25');
  const processor = processorFor(t);
  await processor.pause('moving house');
  const paused = await processor.dryRun();
  assert.equal(paused.blockedBy, 'payments are paused (moving house)');
  assert.equal(paused.transactions.length, 1);
  await processor.resume();
  await redis.command('HSET', keys.balances, 'bob', 'abc');
  assert.match((await processor.dryRun()).blockedBy ?? '', /the balance of "bob" is "abc"/);
});

/** A daemon of old, whose first sendmany never arrives. */
function loseSendMany(): void {
  let lost = false;
  proxy.fault = (method): Fault | undefined => {
    if (method === 'fundrawtransaction') {
      return { kind: 'error', code: -32601, message: 'Method not found' };
    }
    if (method !== 'sendmany' || lost) return undefined;
    lost = true;
    return { kind: 'loseCall' };
  };
}

test('a batch of which nobody knows is booked by the transaction that a person names, if it pays just that', async (t) => {
  const [alice, bob] = [await minerAddress(), await minerAddress()];
  await owe(alice, '0.25', bob, '0.5');
  loseSendMany();
  const processor = processorFor(t);
  await processor.runOnce();
  const { openBatch } = await processor.status();
  assert.equal(openBatch?.state, 'sending');
  assert.equal(openBatch?.amount, '0.75');
  assert.match(formatStatus(await processor.status()), /it is not known whether it was sent/);

  const wrong = String(await pair.a.rpc('sendmany', ['', { [alice]: 0.25, [bob]: 0.4 }]));
  const unlike = await processor.resolve({ what: 'paid', txid: wrong });
  assert.equal(unlike.ok, false);
  assert.match(unlike.text, /it does not pay what the batch has to pay/);
  const unheard = await processor.resolve({ what: 'paid', txid: 'ab'.repeat(32) });
  assert.equal(unheard.ok, false);
  assert.match(unheard.text, /the wallet does not know it/);
  assert.equal((await processor.status()).openBatch?.id, openBatch?.id);

  const right = String(await pair.a.rpc('sendmany', ['', { [alice]: 0.25, [bob]: 0.5 }]));
  const booked = await processor.resolve({ what: 'paid', txid: right });
  assert.deepEqual(booked, {
    ok: true,
    text: `Batch ${openBatch?.id} is booked: 0.75 LTC were paid in ${right}.`,
  });
  const { lastPayment, books } = await processor.status();
  assert.equal(lastPayment?.txid, right);
  const tx = await pair.a.rpc('gettransaction', [right]);
  assert.equal(
    satoshisOf(Number(books?.fees)),
    -satoshisOf(isRecord(tx) ? own(tx, 'fee') : undefined),
  );
  assert.deepEqual((await processor.runOnce()).paid, []);
  assert.equal((await redis.hash(keys.payouts))[bob], '0.5');
});

test('the same transaction does not pay two batches', async (t) => {
  const alice = await minerAddress();
  await owe(alice, '0.25');
  proxy.fault = (method) =>
    method === 'fundrawtransaction'
      ? { kind: 'error', code: -32601, message: 'Method not found' }
      : undefined;
  const processor = processorFor(t);
  const [payment] = (await processor.runOnce()).paid;
  assert.ok(payment);
  await owe(alice, '0.25');
  loseSendMany();
  await processor.runOnce();
  const { ok, text } = await processor.resolve({ what: 'paid', txid: payment.txid });
  assert.equal(ok, false);
  assert.match(text, /it is booked already/);
});

test('a batch that a person calls unpaid is booked all the same when the wallet has it', async (t) => {
  const alice = await minerAddress();
  await owe(alice, '0.25');
  let lost = false;
  proxy.fault = (method) => {
    if (method === 'fundrawtransaction') {
      return { kind: 'error', code: -32601, message: 'Method not found' };
    }
    if (method !== 'sendmany' || lost) return undefined;
    lost = true;
    return { kind: 'loseReply' };
  };
  const processor = processorFor(t);
  await processor.runOnce();
  const { ok, text } = await processor.resolve({ what: 'unpaid' });
  assert.ok(ok);
  assert.match(text, /is booked: 0\.25 LTC were paid in/);
  assert.deepEqual(await received(alice), [25_000_000n]);
  assert.deepEqual((await processor.runOnce()).paid, []);
});

test('there is nothing to resolve without an open batch, or with one that ends by itself', async (t) => {
  const alice = await minerAddress();
  const processor = processorFor(t);
  assert.deepEqual(await processor.resolve({ what: 'unpaid' }), {
    ok: false,
    text: 'No payment batch is open: there is nothing to resolve.',
  });
  await owe(alice, '0.25');
  proxy.fault = (method) => (method === 'sendrawtransaction' ? { kind: 'loseCall' } : undefined);
  await processor.runOnce();
  const { ok, text } = await processor.resolve({ what: 'unpaid' });
  assert.equal(ok, false);
  assert.match(text, /sends the same transaction again, which is harmless/);
  const { openBatch } = await processor.status();
  assert.equal(openBatch?.state, 'signed');
  assert.match(openBatch?.txid ?? '', /^[0-9a-f]{64}$/);
});

test('a decision waits for the run under way, and another process takes none', async (t) => {
  await owe(await minerAddress(), '0.25');
  const processor = processorFor(t);
  const [report, resolved] = await Promise.all([
    processor.runOnce(),
    processor.resolve({ what: 'audit' }),
  ]);
  assert.equal(report.paid.length, 1);
  assert.equal(resolved.ok, true);
  const other = await processorFor(t).resolve({ what: 'audit' });
  assert.deepEqual(other, {
    ok: false,
    text: 'Another payment process is at work on this coin: ask it.',
  });
});

test('a decision on a Redis that is away is an answer, not an exception', async (t) => {
  const { kill, connection, client } = ground.mortal();
  const processor = processorFor(t, { connection, client });
  kill();
  const { ok, text } = await processor.resolve({ what: 'audit' });
  assert.equal(ok, false);
  assert.match(text, /^That failed: killed/);
});

test('the words of a decision are read strictly', () => {
  const txid = 'Ab'.repeat(32);
  assert.deepEqual(parseResolution(['paid', txid]), { what: 'paid', txid: txid.toLowerCase() });
  assert.deepEqual(parseResolution(['unpaid']), { what: 'unpaid' });
  assert.deepEqual(parseResolution(['audit']), { what: 'audit' });
  const wrong = [[], ['paid'], ['paid', 'ab'], ['paid', txid, 'x'], ['unpaid', 'x'], ['Audit']];
  for (const words of wrong) assert.equal(parseResolution(words), undefined, words.join(' '));
});

test('the status is plain JSON and names the scheme', async (t) => {
  const processor = processorFor(t, { config: { scheme: 'PPLNS', pplnsWindow: 1.5 } });
  await processor.runOnce();
  const status = await processor.status();
  assert.equal(status.scheme, "PPLNS over 1.5 times the network's difficulty");
  assert.equal(status.lastPayment, null);
  assert.deepEqual(JSON.parse(JSON.stringify(status)), status);
});

test('with PPLNS a block pays those who have mined before its round as well, and SOLO pays the finder', async (t) => {
  const [alice, bob, carol] = [await minerAddress(), await minerAddress(), await minerAddress()];
  const first = await ground.findBlock({ [bob]: '1' }, { networkDifficulty: '1' });
  const second = await ground.findBlock({ [alice]: '1' }, { networkDifficulty: '1' });
  const solo = await ground.findBlock({}, { solo: '1', finder: carol });
  await pair.a.generate(100);
  const processor = processorFor(t, { config: { scheme: 'PPLNS', pplnsWindow: 2 } });
  assert.equal((await processor.runOnce()).credited.length, 3);
  assert.deepEqual(await received(alice, bob, carol), [
    second.reward / 2n,
    first.reward + second.reward / 2n,
    solo.reward,
  ]);
});

test("an original NOMP's database is taken over as it is, and can go back", async (t) => {
  const [alice, bob, carol] = [await minerAddress(), await minerAddress(), await minerAddress()];
  const { command } = redis;
  // What the original does for shares, blocks and payments, command by command.
  const found = await ground.findBlock({});
  await command('DEL', keys.block(found.hash), keys.roundBlocks(found.height));
  await command('HINCRBYFLOAT', keys.roundCurrent, `${alice}.rig`, 3);
  await command('HINCRBYFLOAT', keys.roundCurrent, bob, 0.5);
  await command('HINCRBYFLOAT', keys.roundCurrent, bob, 0.5);
  await command('RENAME', keys.roundCurrent, keys.round(found.height));
  await command('HINCRBYFLOAT', keys.roundCurrent, carol, 7);
  await command('HINCRBY', keys.stats, 'validShares', 4);
  await command('HINCRBY', keys.stats, 'validBlocks', 1);
  await command('HINCRBYFLOAT', keys.stats, 'totalPaid', 12.345678912);
  await command('HINCRBYFLOAT', keys.payouts, alice, 12.345678912);
  await command('HINCRBYFLOAT', keys.balances, alice, 0.1);
  await command('HINCRBYFLOAT', keys.balances, alice, 0.2);
  await command('HINCRBYFLOAT', keys.balances, bob, 0.123456789);
  await command('HINCRBYFLOAT', keys.balances, carol, 0.3);
  await command('HINCRBYFLOAT', keys.balances, carol, -0.1);
  await command('HINCRBYFLOAT', keys.balances, carol, -0.2);
  const old = `${'1'.repeat(64)}:${'2'.repeat(64)}`;
  await command('SADD', keys.blocksConfirmed, `${old}:5`);
  await command('SADD', keys.blocksKicked, `${old}:6`);

  const lines: string[] = [];
  const processor = processorFor(t, { lines, minimumPayment: '1000' });
  const report = await processor.runOnce();
  assert.equal(report.outcome, 'done', report.problem);
  assert.deepEqual(report.credited, []);
  const { books } = await processor.status();
  assert.equal(books?.takenOver, '0.42345678');
  assert.equal(books?.balances, '0.42345678');
  assert.equal(books?.difference, '0');
  const balances = await redis.hash(keys.balances);
  assert.equal(balances[alice], '0.3');
  assert.equal(balances[bob], '0.12345678');
  assert.equal((await redis.hash(keys.stats))['totalPaid'], '12.345678912');

  const early = await processor.handBack();
  assert.equal(early.ready, false);
  await processor.pause('back to the original');
  assert.deepEqual((await processor.handBack()).obstacles, []);

  await pair.a.generate(100);
  assert.equal((await processor.runOnce()).credited.length, 1);
  const back = await processor.handBack();
  assert.equal(back.ready, true);
  assert.equal(back.pendingBlocks, 0);
  // The original's keys alone tell what is owed: what was there, and the block by 3 to 1.
  const all = await redis.hash(keys.balances);
  const owed = Object.values(all).reduce((sum, text) => sum + satoshisOf(Number(text)), 0n);
  assert.equal(owed, 42_345_678n + found.reward);
  assert.equal(satoshisOf(Number(back.owed)), owed);
  assert.equal(satoshisOf(Number(all[`${alice}.rig`])), (found.reward * 3n) / 4n);
  assert.deepEqual(await redis.hash(keys.roundCurrent), { [carol]: '7' });

  // Paid: what the books call paid is what came in here, beside what the original had paid.
  const paying = processorFor(t);
  await paying.resume();
  assert.equal((await run(paying)).paid.length, 1);
  const [toAlice, toBob] = await received(alice, bob);
  assert.equal(toAlice, 30_000_000n + (found.reward * 3n) / 4n);
  assert.equal(toBob, 12_345_678n + found.reward / 4n);
  const total = 1_234_567_891n + 42_345_678n + found.reward;
  assert.equal(satoshisOf(Number((await redis.hash(keys.stats))['totalPaid'])), total);
});

test('money in flight is not in the balances, so the way back waits for the end of the batch', async (t) => {
  const alice = await minerAddress();
  await owe(alice, '0.25');
  await ground.dyingAt(t, 'intended').runOnce();
  const processor = processorFor(t);
  await processor.pause('back to the original');
  const open = await processor.handBack();
  assert.equal(open.owed, '0');
  assert.match(open.obstacles.join(), /its money is not in balances/);
  await run(processor);
  const released = await processor.handBack();
  assert.equal(released.ready, true);
  assert.equal(released.owed, '0.25');
  assert.deepEqual(await redis.hash(keys.balances), { [alice]: '0.25' });
});
