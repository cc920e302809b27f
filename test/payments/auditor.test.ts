import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import { createDaemonClient } from '../../libs/daemon/rpcClient.ts';
import type { PaymentProcessor } from '../../libs/payments/processor.ts';
import { type LitecoinPair, satoshisOf } from '../../scripts/regtest/litecoin.ts';
import { withCall } from '../support/daemonClient.ts';
import { until } from '../support/until.ts';
import { creditOnly, Ground, keys, run, type Setup } from './ground.ts';
import type { TestRedis } from './support.ts';

// What stops payments, on a real litecoind and a real Redis.

let ground: Ground;
let pair: LitecoinPair;
let redis: TestRedis;

before(
  async () => {
    ground = await Ground.open();
    ({ pair, redis } = ground);
  },
  { timeout: 60_000 },
);
after(() => ground.close());
beforeEach(() => ground.clear());

const processorFor = (t: TestContext, setup?: Setup): PaymentProcessor =>
  ground.processorFor(t, setup);
const owe = (...pairs: string[]) => ground.owe(...pairs);
const received = (...addresses: string[]) => ground.received(...addresses);

/** Everything in Redis; gives what brings it back. */
async function copyOfRedis(): Promise<() => Promise<void>> {
  const all = await redis.command('KEYS', '*');
  const copies: [string, unknown][] = [];
  for (const key of Array.isArray(all) ? all.map(String) : []) {
    copies.push([key, await redis.command('EVAL', dump, 1, key)]);
  }
  return async () => {
    await redis.clear();
    for (const [key, hex] of copies) await redis.command('EVAL', restore, 1, key, String(hex));
  };
}

const dump = `return (string.gsub(redis.call('DUMP', KEYS[1]), '.', function(c) return string.format('%02x', string.byte(c)) end))`;
const restore = `return redis.call('RESTORE', KEYS[1], 0, (string.gsub(ARGV[1], '..', function(h) return string.char(tonumber(h, 16)) end)))`;

test('a balance that came from nowhere stops payments until a person takes the books for the truth, and blocks are still credited', async (t) => {
  const [alice, bob] = [await ground.minerAddress(), await ground.minerAddress()];
  const block = await ground.findBlock({ [bob]: '1' });
  await owe(alice, '0.5');
  const first = processorFor(t);
  await first.pause('so that nothing is paid yet');
  await first.runOnce();
  await redis.command('HSET', keys.balances, alice, '5');
  await first.resume();
  await pair.a.generate(100);
  const lines: string[] = [];
  const report = await run(processorFor(t, { lines }));
  assert.equal(report.outcome, 'stopped');
  assert.deepEqual(report.paid, []);
  assert.deepEqual(report.credited, [{ height: block.height, reward: block.reward }]);
  assert.match(report.problem ?? '', /4\.5 LTC too much.*payments resolve litecoin audit/);
  assert.ok(lines.some((line) => line.startsWith('error: Payments of litecoin stand still')));

  // It holds, even when the books agree again, and in another process.
  await redis.command('HSET', keys.balances, alice, '0.5');
  const next = processorFor(t);
  assert.equal((await run(next)).outcome, 'stopped');
  assert.match((await next.status()).stopped ?? '', /4\.5 LTC too much/);

  await redis.command('HSET', keys.balances, alice, '0.4');
  const { ok, text } = await next.resolve({ what: 'audit' });
  assert.ok(ok);
  assert.match(text, /-0\.1 adjusted now/);
  assert.equal((await next.status()).stopped, null);
  assert.equal((await next.runOnce()).paid.length, 1);
  assert.deepEqual(await received(alice, bob), [40_000_000n, block.reward]);
  assert.equal((await next.status()).books?.difference, '0');
});

test('money that went from the balances without being paid stops payments', async (t) => {
  const [alice, bob] = [await ground.minerAddress(), await ground.minerAddress()];
  await owe(alice, '0.5', bob, '0.25');
  const processor = processorFor(t);
  await creditOnly(processor);
  await redis.command('HDEL', keys.balances, bob);
  assert.match((await processor.runOnce()).problem ?? '', /0\.25 LTC missing/);
  assert.deepEqual(await received(alice), [0n]);
});

test('a Redis set back to before a payment stops everything, and goes on when the newest state is back', async (t) => {
  const alice = await ground.minerAddress();
  await owe(alice, '0.25');
  const processor = processorFor(t);
  await creditOnly(processor);
  const bringBackOld = await copyOfRedis();
  const [payment] = (await processor.runOnce()).paid;
  assert.ok(payment);
  const bringBackNew = await copyOfRedis();

  await bringBackOld();
  const lines: string[] = [];
  const next = processorFor(t, { lines });
  for (let i = 0; i < 3; i++) assert.equal((await run(next)).outcome, 'stopped');
  const errors = lines.filter((line) => line.startsWith('error:'));
  assert.equal(errors.length, 1);
  assert.match(errors[0] ?? '', /mining goes on: Redis holds an older state than the payment/);
  assert.ok(errors[0]?.includes(payment.txid));
  assert.match((await next.status()).stopped ?? '', /older state/);
  assert.deepEqual(await received(alice), [25_000_000n]);

  await bringBackNew();
  assert.equal((await run(next)).outcome, 'done');
  assert.deepEqual(await received(alice), [25_000_000n]);
});

test('whoever takes the paid money off the balances of an old Redis can take that for the truth', async (t) => {
  const [alice, bob] = [await ground.minerAddress(), await ground.minerAddress()];
  await owe(alice, '0.25');
  const processor = processorFor(t);
  await creditOnly(processor);
  const bringBackOld = await copyOfRedis();
  await processor.runOnce();
  await bringBackOld();
  assert.equal((await processor.runOnce()).outcome, 'stopped');
  await redis.command('HDEL', keys.balances, alice);
  assert.equal((await processor.resolve({ what: 'audit' })).ok, true);
  await owe(bob, '0.5');
  assert.equal((await processor.runOnce()).paid.length, 1);
  assert.deepEqual(await received(alice, bob), [25_000_000n, 50_000_000n]);
});

test('an emptied Redis, or another one, is not paid from', async (t) => {
  const alice = await ground.minerAddress();
  await owe(alice, '0.25');
  await processorFor(t).runOnce();
  await redis.clear();
  await owe(alice, '0.25');
  assert.match((await run(processorFor(t))).problem ?? '', /holds an older state/);
  assert.deepEqual(await received(alice), [25_000_000n]);
});

test('a Redis set back to before the transaction was on record does not pay again', async (t) => {
  const alice = await ground.minerAddress();
  await owe(alice, '0.25');
  let bringBack = async (): Promise<void> => {};
  const processor = processorFor(t, {
    failPoint: async (step) => {
      if (step === 'intended') bringBack = await copyOfRedis();
    },
  });
  await processor.runOnce();
  await bringBack();
  assert.match((await processor.runOnce()).problem ?? '', /holds an older state/);
  assert.deepEqual(await redis.hash(keys.balances), {}, 'it must not look unpaid');
  assert.deepEqual(await received(alice), [25_000_000n]);
});

test('a payment that was sent and not booked is not made again from a Redis set back to before it', async (t) => {
  const alice = await ground.minerAddress();
  await owe(alice, '0.25');
  let bringBack = async (): Promise<void> => {};
  const processor = processorFor(t, {
    failPoint: async (step) => {
      if (step === 'intended') bringBack = await copyOfRedis();
      // The process ends between sending and booking.
      if (step === 'sent') throw new Error('killed');
    },
  });
  assert.equal((await processor.runOnce()).outcome, 'stopped');
  await processor.stop();
  await bringBack();
  assert.match((await run(processorFor(t))).problem ?? '', /holds an older state/);
  assert.deepEqual(await redis.hash(keys.balances), {}, 'it must not look unpaid');
  assert.deepEqual(await received(alice), [25_000_000n]);
});

for (const step of ['journaled', 'sent'] as const) {
  test(`a Redis that lost what came after "${step}" books the same payment again by itself`, async (t) => {
    const alice = await ground.minerAddress();
    await owe(alice, '0.25');
    let bringBack = async (): Promise<void> => {};
    const processor = processorFor(t, {
      failPoint: async (name) => {
        if (name === step) bringBack = await copyOfRedis();
      },
    });
    const [payment] = (await processor.runOnce()).paid;
    await bringBack();
    const { outcome, paid } = await processor.runOnce();
    assert.equal(outcome, 'done');
    assert.deepEqual(paid, [payment]);
    assert.deepEqual(await received(alice), [25_000_000n]);
    assert.deepEqual(await redis.hash(keys.payouts), { [alice]: '0.25' });
  });
}

test('a machine that stood by goes on where the other one ended', async (t) => {
  const alice = await ground.minerAddress();
  await owe(alice, '0.25');
  const lines: string[] = [];
  const [here, there] = [
    processorFor(t, { lines }),
    processorFor(t, { dataDir: join(ground.dataDir, 'other') }),
  ];
  assert.equal((await here.runOnce()).paid.length, 1);
  await here.stop();
  await owe(alice, '0.5');
  assert.equal((await there.runOnce()).paid.length, 1);
  await there.stop();
  await owe(alice, '1');
  const again = processorFor(t, { lines });
  assert.equal((await again.runOnce()).paid.length, 1);
  assert.equal(lines.filter((line) => line.includes('payment journal has not seen')).length, 1);
  assert.deepEqual(await received(alice), [175_000_000n]);
});

const otherMachine = () => join(ground.dataDir, 'other');

test('what another machine has given up since is no older state for the one that had begun it', async (t) => {
  const alice = await ground.minerAddress();
  await owe(alice, '0.25');
  const lines: string[] = [];
  await ground.dyingAt(t, 'journaled').runOnce();
  ground.proxy.fault = (method) =>
    method === 'sendrawtransaction'
      ? { kind: 'error', code: -26, message: 'min relay fee not met' }
      : undefined;
  // The batch that was open is refused, and the next one as well.
  const there = processorFor(t, { dataDir: otherMachine() });
  assert.deepEqual((await run(there)).paid, []);
  assert.equal(await redis.command('ZCARD', keys.pay('closed')), 2);
  await there.stop();

  ground.proxy.fault = undefined;
  const report = await processorFor(t, { lines }).runOnce();
  assert.equal(report.problem, undefined);
  assert.equal(report.paid.length, 1);
  assert.deepEqual(await received(alice), [25_000_000n]);
  assert.ok(!lines.some((line) => line.startsWith('error:')));
});

test('a Redis that was set back, and from which another machine has paid since, is still known as older', async (t) => {
  const [alice, bob] = [await ground.minerAddress(), await ground.minerAddress()];
  await owe(alice, '0.25', bob, '0.5');
  const here = processorFor(t, { config: { minimumPayment: '0.4' } });
  await creditOnly(here);
  const bringBackOld = await copyOfRedis();
  const [payment] = (await here.runOnce()).paid;
  assert.ok(payment);
  await here.stop();
  await bringBackOld();
  await redis.command('HDEL', keys.balances, bob);
  await redis.command('HINCRBY', keys.pay('totals'), 'takenOver', -75_000_000);
  await owe(alice, '9.75');
  const there = processorFor(t, { dataDir: otherMachine() });
  assert.equal((await run(there)).paid.length, 1);
  await there.stop();
  assert.equal(
    (await redis.hash(keys.pay('totals')))['paid'],
    '975000000',
    'more than the journal',
  );

  const again = await processorFor(t).runOnce();
  assert.equal(again.outcome, 'stopped');
  assert.match(again.problem ?? '', /older state/);
  assert.ok(again.problem?.includes(payment.txid));
});

test('a decision that a person has taken at another machine holds here as well', async (t) => {
  const alice = await ground.minerAddress();
  await owe(alice, '0.25');
  const here = processorFor(t);
  await creditOnly(here);
  const bringBackOld = await copyOfRedis();
  assert.equal((await here.runOnce()).paid.length, 1);
  await here.stop();
  await bringBackOld();
  await redis.command('HDEL', keys.balances, alice);
  const there = processorFor(t, { dataDir: otherMachine() });
  await until('the lease is free', async () => (await there.resolve({ what: 'audit' })).ok);
  await there.stop();

  await owe(alice, '0.5');
  const lines: string[] = [];
  assert.equal((await processorFor(t, { lines }).runOnce()).paid.length, 1);
  assert.ok(lines.some((line) => /^warning: .*taken for the truth at another one/.test(line)));
  assert.deepEqual(await received(alice), [75_000_000n]);
});

test('without a journal on disk nothing is sent', async (t) => {
  const alice = await ground.minerAddress();
  await owe(alice, '0.25');
  mkdirSync(ground.dataDir, { recursive: true });
  const inTheWay = join(ground.dataDir, 'payments');
  writeFileSync(inTheWay, '');
  const processor = processorFor(t);
  const report = await processor.runOnce();
  assert.match(report.problem ?? '', /payment journal .* cannot be (read|written)/);
  assert.match((await processor.status()).stopped ?? '', /make room on the disk/);
  assert.deepEqual(await redis.hash(keys.balances), { [alice]: '0.25' });
  assert.ok(!ground.proxy.methods.includes('sendrawtransaction'));
});

test("a wallet that does not own the pool's address pays nothing, and the right one goes on", async (t) => {
  const alice = await ground.minerAddress();
  await owe(alice, '0.25');
  await pair.a.rpc('unloadwallet', ['pool']);
  await pair.a.rpc('createwallet', ['other']);
  const processor = processorFor(t);
  const report = await processor.runOnce();
  await pair.a.rpc('unloadwallet', ['other']);
  await pair.a.rpc('loadwallet', ['pool']);
  assert.equal(report.outcome, 'stopped');
  assert.match(report.problem ?? '', /does not own the pool's address/);
  assert.ok(report.problem?.includes(ground.poolAddress));
  assert.equal((await processor.runOnce()).paid.length, 1);
  assert.deepEqual(await received(alice), [25_000_000n]);
});

test('another wallet does not even finish what is open: it would take a sent payment for refused', async (t) => {
  const alice = await ground.minerAddress();
  await owe(alice, '0.25');
  await ground.dyingAt(t, 'sent').runOnce();
  await received(alice);
  await pair.a.rpc('unloadwallet', ['pool']);
  await pair.a.rpc('createwallet', ['third']);
  const lines: string[] = [];
  const processor = processorFor(t, { lines });
  const report = await run(processor);
  await pair.a.rpc('unloadwallet', ['third']);
  await pair.a.rpc('loadwallet', ['pool']);
  assert.match(report.problem ?? '', /does not own the pool's address/);
  assert.equal((await redis.hash(keys.pay('batch')))['state'], 'signed');
  assert.equal((await processor.runOnce()).paid.length, 1);
  assert.deepEqual(await received(alice), [25_000_000n]);
});

/** As the list of payments has them. */
const paymentText = (txid: string) =>
  JSON.stringify({
    time: 1_700_000_000_000,
    txid,
    paid: '3.5',
    fee: null,
    miners: 1,
    amounts: {},
    batch: 'x',
  });

test('a payment that the wallet has never heard of stops payments until a person says that it is right', async (t) => {
  const alice = await ground.minerAddress();
  await owe(alice, '0.25');
  const txid = 'ab'.repeat(32);
  await redis.command('LPUSH', keys.payments, paymentText(txid), 'no JSON', '{"txid":1}');
  const processor = processorFor(t);
  const { problem = '' } = await processor.runOnce();
  assert.match(problem, /the payment of 3\.5 LTC in transaction (ab){32} .* is not known to the/);
  assert.ok(problem.includes('payments resolve litecoin audit'));
  assert.equal((await processor.resolve({ what: 'audit' })).ok, true);
  assert.equal((await processor.runOnce()).paid.length, 1);
  assert.deepEqual(await received(alice), [25_000_000n]);
});

test('a payment whose coins another transaction has spent stops payments, and says where its payees stand', async (t) => {
  const [alice, bob] = [await ground.minerAddress(), await ground.minerAddress()];
  await owe(alice, '0.25');
  const [payment] = (await processorFor(t).runOnce()).paid;
  assert.ok(payment);
  await owe(bob, '0.5');
  const client = createDaemonClient(ground.proxy.config);
  const conflictStandIn = withCall(client, async (method, params, options) =>
    method === 'gettransaction' && params?.[0] === payment.txid
      ? { txid: payment.txid, confirmations: -2, details: [] }
      : client.call(method, params, options),
  );
  const { paid, problem } = await run(processorFor(t, { client: conflictStandIn }));
  assert.deepEqual(paid, []);
  assert.match(problem ?? '', /cannot be mined any more.*stands in litecoin:payments/);
});

test('a wallet that is short of what is owed is said with the amounts, and whoever can be paid is', async (t) => {
  const [alice, bob] = [await ground.minerAddress(), await ground.minerAddress()];
  const funds = satoshisOf(await pair.a.rpc('getbalance'));
  const whole = Number(funds / 100_000_000n) + 10;
  await owe(alice, '1', bob, `${whole}`);
  const lines: string[] = [];
  const processor = processorFor(t, { lines });
  for (let i = 0; i < 3; i++) await processor.runOnce();
  const said = lines.filter((line) => line.includes(`${whole + 1} LTC are owed`));
  assert.equal(said.length, 1, lines.join('\n'));
  assert.match(said[0] ?? '', /warning: The wallet of litecoin can spend .* LTC are missing; /);
  assert.match((await processor.status()).audit?.warnings.join() ?? '', /are missing/);
  assert.deepEqual(await received(alice, bob), [100_000_000n, 0n]);
});

test('a block that pays the pool and stands in no list is said with its hash, and not any more when it is put there', async (t) => {
  const [hash = ''] = await pair.a.generate(1, ground.poolAddress);
  await pair.a.generate(3);
  const known = await ground.findBlock({ alice: '1' });
  await pair.a.generate(3);
  const lines: string[] = [];
  const processor = processorFor(t, { lines });
  for (let i = 0; i < 2; i++) await processor.runOnce();
  const said = lines.filter((line) => line.includes(hash));
  assert.equal(said.length, 1, lines.join('\n'));
  assert.ok(!lines.some((line) => line.includes(known.hash)));
  const [, member = ''] = /SADD litecoin:blocksPending (\S+);/.exec(said[0] ?? '') ?? [];
  await redis.command('SADD', keys.blocksPending, member);
  await processor.runOnce();
  const { audit } = await processor.status();
  assert.ok(audit !== null && !audit.warnings.join().includes(hash));
});

test('a lost block that is not on the chain any more is not spoken of', async (t) => {
  const [hash = ''] = await pair.a.generate(1, ground.poolAddress);
  await pair.a.generate(3);
  const processor = processorFor(t);
  await processor.runOnce();
  const warnings = async () => (await processor.status()).audit?.warnings.join() ?? '';
  assert.ok((await warnings()).includes(hash));
  await pair.a.rpc('invalidateblock', [hash]);
  await pair.a.generate(5);
  await processor.runOnce();
  assert.ok(!(await warnings()).includes(hash));
});

test('a block on its way into Redis is not called lost', async (t) => {
  const [hash = ''] = await pair.a.generate(1, ground.poolAddress);
  const lines: string[] = [];
  const processor = processorFor(t, { lines });
  await processor.runOnce();
  await pair.a.generate(1);
  await processor.runOnce();
  assert.ok(!lines.some((line) => line.includes(hash)));
  await pair.a.generate(1);
  await processor.runOnce();
  assert.ok(lines.some((line) => line.includes(hash)));
});

const brokenKeys = [
  [
    'balances',
    () => redis.command('SET', keys.balances, 'text'),
    /litecoin:balances holds a string/,
  ],
  [
    'totals',
    () => redis.command('HSET', keys.pay('totals'), 'credited', '1.5'),
    /credited in litecoin:pay:totals is "1\.5"/,
  ],
  [
    'the open batch',
    () => redis.command('HSET', keys.pay('batch'), 'id', 'x'),
    /open payment batch in litecoin:pay:batch/,
  ],
  ['pending blocks', () => redis.command('SET', keys.blocksPending, 'text'), /WRONGTYPE/],
] as const;
for (const [what, breakIt, reason] of brokenKeys) {
  test(`${what} that cannot be read stop payments with the reason, and no run throws`, async (t) => {
    const alice = await ground.minerAddress();
    const lines: string[] = [];
    const processor = processorFor(t, { lines });
    await processor.runOnce();
    await breakIt();
    if (what !== 'balances') await owe(alice, '0.25');
    for (let i = 0; i < 2; i++) assert.equal((await processor.runOnce()).outcome, 'stopped');
    const errors = lines.filter((line) =>
      line.startsWith('error: Payments of litecoin stand still'),
    );
    assert.equal(errors.length, 1, lines.join('\n'));
    assert.match(errors[0] ?? '', reason);
    assert.deepEqual(await received(alice), [0n]);
  });
}

test('a pending entry with missing parts is held, and the others are credited', async (t) => {
  const alice = await ground.minerAddress();
  const block = await ground.findBlock({ [alice]: '1' });
  const bad = ['nothing', `${'a'.repeat(64)}:${'b'.repeat(64)}`, `${'c'.repeat(64)}::12`, ''];
  for (const member of bad) await redis.command('SADD', keys.blocksPending, member);
  await pair.a.generate(100);
  const processor = processorFor(t);
  assert.equal((await processor.runOnce()).credited.length, 1);
  const { blocks } = await processor.held();
  assert.deepEqual(blocks.map(({ member }) => member).sort(), bad.toSorted());
  assert.deepEqual(await received(alice), [block.reward]);
});
