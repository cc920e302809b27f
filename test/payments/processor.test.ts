import assert from 'node:assert/strict';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import { createDaemonClient } from '../../libs/daemon/rpcClient.ts';
import { DaemonError, DecimalText } from '../../libs/daemon/types.ts';
import type { PaymentProcessor } from '../../libs/payments/processor.ts';
import type { Step } from '../../libs/payments/run.ts';
import type { Payee, PaymentEvent } from '../../libs/payments/types.ts';
import { isRecord, own } from '../../libs/primitives/unknown.ts';
import type { RedisConnection } from '../../libs/redis/connection.ts';
import { RedisError } from '../../libs/redis/errors.ts';
import { type LitecoinPair, satoshisOf } from '../../scripts/regtest/litecoin.ts';
import { withCall } from '../support/daemonClient.ts';
import { until } from '../support/until.ts';
import type { Fault, FaultyProxy } from './faultyProxy.ts';
import { Ground, keys, run, type Setup } from './ground.ts';
import type { TestRedis } from './support.ts';

// The whole way of the money, on a real litecoind.

const minute = 60_000;

let ground: Ground;
let pair: LitecoinPair;
let redis: TestRedis;
let proxy: FaultyProxy;

before(
  async () => {
    ground = await Ground.open();
    ({ pair, redis, proxy } = ground);
  },
  { timeout: minute },
);
after(() => ground.close());
beforeEach(() => ground.clear());

const minerAddress = (kind?: string) => ground.minerAddress(kind);
const received = (...addresses: string[]) => ground.received(...addresses);
const payee = (worker: string) => ground.payee(worker);
const processorFor = (t: TestContext, setup?: Setup): PaymentProcessor =>
  ground.processorFor(t, setup);
const findBlock = (round: Record<string, string>) => ground.findBlock(round);
const owe = (...pairs: string[]) => ground.owe(...pairs);
const dyingAt = (t: TestContext, step: Step) => ground.dyingAt(t, step);

test('a mature block is credited and paid to the satoshi, once', async (t) => {
  const [alice, bob, carol] = [
    await minerAddress('legacy'),
    await minerAddress('bech32'),
    await minerAddress('p2sh-segwit'),
  ];
  const block = await findBlock({
    [`${alice}.rig1`]: '3.5',
    [`${alice}_rig2`]: '1.5',
    [bob]: '2',
    [`${carol}.x`]: '0.0000001',
    nobody: '0.5',
  });
  const lines: string[] = [];
  const events: PaymentEvent[] = [];
  const processor = processorFor(t, { lines, events });

  await pair.a.generate(99);
  assert.deepEqual((await processor.runOnce()).credited, []);
  assert.equal((await redis.hash(keys.block(block.hash)))['confirmations'], '100');
  await pair.a.generate(1);
  const report = await processor.runOnce();
  assert.deepEqual(report.credited, [{ height: block.height, reward: block.reward }]);
  assert.deepEqual(report.held, [{ worker: 'nobody', reason: 'it is no address' }]);
  const [payment] = report.paid;
  assert.ok(payment);
  assert.deepEqual((await processor.runOnce()).paid, []);

  // The round is 7.5000001 shares. The oracle here is long division, in ten-millionths of a share.
  const part = (share: bigint) => (block.reward * share) / 75_000_001n;
  const [toAlice = 0n, toBob = 0n, toCarol] = await received(alice, bob, carol);
  const rigs = part(35_000_000n) + part(15_000_000n);
  assert.ok(toAlice >= rigs && toAlice <= rigs + 2n, `${toAlice}`);
  assert.ok(toBob >= part(20_000_000n) && toBob <= part(20_000_000n) + 1n, `${toBob}`);
  assert.equal(toCarol, 0n, 'carol has less than the minimum payment');
  assert.equal(payment.amount, toAlice + toBob);

  const balances = await redis.hash(keys.balances);
  assert.deepEqual(Object.keys(balances).sort(), [`${carol}.x`, 'nobody'].sort());
  const left = Object.values(balances).reduce((sum, text) => sum + satoshisOf(Number(text)), 0n);
  assert.equal(left + toAlice + toBob, block.reward);
  const payouts = await redis.hash(keys.payouts);
  assert.equal(
    satoshisOf(Number(payouts[`${alice}.rig1`])) + satoshisOf(Number(payouts[`${alice}_rig2`])),
    toAlice,
  );
  const { totalPaid } = await redis.hash(keys.stats);
  assert.equal(satoshisOf(Number(totalPaid)), toAlice + toBob);
  assert.deepEqual(await redis.hash(keys.pay('heldPayees')), { nobody: 'it is no address' });
  assert.deepEqual(
    events.map(({ type }) => type),
    ['blockConfirmed', 'payment'],
  );
  assert.ok(
    lines.includes(`special: Paid ${totalPaid} LTC to 2 addresses in transaction ${payment.txid}.`),
    lines.join('\n'),
  );
});

const steps: readonly Step[] = ['intended', 'built', 'signed', 'journaled', 'sent', 'settled'];
for (const step of steps) {
  test(`a process killed right after "${step}" has paid once when the next one has run`, async (t) => {
    const [alice, bob] = [await minerAddress(), await minerAddress()];
    await owe(`${alice}.1`, '0.29', `${alice}.2`, '0.00000001', bob, '0.5');
    assert.notEqual((await dyingAt(t, step).runOnce()).outcome, 'done');
    const next = processorFor(t);
    assert.equal((await run(next)).outcome, 'done');
    assert.equal((await run(next)).outcome, 'done');
    assert.deepEqual(await received(alice, bob), [29_000_001n, 50_000_000n]);
    assert.deepEqual(await redis.hash(keys.balances), {});
    assert.deepEqual(await redis.hash(keys.pay('batch')), {});
    const payouts = { [`${alice}.1`]: '0.29', [`${alice}.2`]: '0.00000001', [bob]: '0.5' };
    assert.deepEqual(await redis.hash(keys.payouts), payouts);
  });
}

/** A Redis that crashes and forgets its last moments: the batch, and that it was opened. */
function forgettingAt(t: TestContext, step: Step, balances: readonly string[]): PaymentProcessor {
  let forgotten = false;
  return processorFor(t, {
    failPoint: async (name) => {
      if (name !== step || forgotten) return;
      forgotten = true;
      await redis.command('DEL', keys.pay('batch'));
      await redis.command('HSET', keys.balances, ...balances);
    },
  });
}

for (const [mode, step] of [
  ['raw transactions', 'signed'],
  ['sendmany', 'sending'],
] as const) {
  test(`with ${mode}, nothing is sent for a batch that a crashed Redis has forgotten, and it is paid once later`, async (t) => {
    const alice = await minerAddress();
    await owe(alice, '0.25');
    if (mode === 'sendmany') proxy.fault = old();
    const processor = forgettingAt(t, step, [alice, '0.25']);
    const report = await processor.runOnce();
    assert.match(report.problem ?? '', /Redis has lost what it had been told of payment batch/);
    assert.ok(!proxy.methods.includes('sendrawtransaction') && !proxy.methods.includes('sendmany'));
    assert.equal((await processor.runOnce()).paid.length, 1);
    assert.deepEqual(await received(alice), [25_000_000n]);
  });
}

test('a process killed right after crediting has credited once when the next one has run', async (t) => {
  const alice = await minerAddress();
  const block = await findBlock({ [alice]: '1' });
  await pair.a.generate(100);
  await dyingAt(t, 'credited').runOnce();
  assert.deepEqual((await run(processorFor(t))).credited, []);
  assert.deepEqual(await received(alice), [block.reward]);
  assert.deepEqual(await redis.members(keys.blocksConfirmed), [block.member]);
});

/** `fault` for the first call of `method` only. */
function first(method: string, fault: Fault) {
  let done = false;
  proxy.fault = (name) => {
    if (done || name !== method) return undefined;
    done = true;
    return fault;
  };
}

const lostAnswers = [
  ['whose reply is lost', { kind: 'loseReply' }],
  ['that never arrives', { kind: 'loseCall' }],
  ['answered by a proxy page', { kind: 'garble', status: 502, body: '<html>Bad gateway</html>' }],
  ['answered with half a reply', { kind: 'garble', status: 200, body: '{"result":"ab' }],
  ['answered by 500 without a reason', { kind: 'garble', status: 500, body: '' }],
] as const;
for (const [what, fault] of lostAnswers) {
  test(`a sendrawtransaction ${what} is unknown, and paid once in the end`, async (t) => {
    const alice = await minerAddress();
    await owe(alice, '0.25');
    first('sendrawtransaction', fault);
    const lines: string[] = [];
    const processor = processorFor(t, { lines });
    const report = await processor.runOnce();
    assert.deepEqual(report.paid, []);
    assert.match(report.problem ?? '', /sendrawtransaction/);
    assert.ok(lines.some((line) => line.includes('It is not known yet whether payment')));
    assert.deepEqual(await redis.hash(keys.balances), {}, 'it must not look unpaid');
    assert.equal((await processor.runOnce()).paid.length, 1);
    assert.deepEqual(await received(alice), [25_000_000n]);
    assert.equal((await redis.hash(keys.payouts))[alice], '0.25');
  });
}

test('a transaction that was mined before its answer came is settled, not sent anew', async (t) => {
  const alice = await minerAddress();
  await owe(alice, '0.25');
  first('sendrawtransaction', { kind: 'loseReply' });
  const processor = processorFor(t);
  await processor.runOnce();
  assert.deepEqual(await received(alice), [25_000_000n]);
  assert.equal((await processor.runOnce()).paid.length, 1);
  assert.deepEqual(await received(alice), [25_000_000n]);
});

const refusals = [
  ['signrawtransactionwithwallet', -13, 'Please enter the wallet passphrase'],
  ['fundrawtransaction', -4, 'Fee estimation failed. Fallbackfee is disabled.'],
  ['fundrawtransaction', -18, 'No wallet is loaded.'],
  ['createrawtransaction', -28, 'Loading block index...'],
] as const;
for (const [method, code, message] of refusals) {
  test(`${code} to ${method} gives the money back to the balances, and it is paid later`, async (t) => {
    const alice = await minerAddress();
    await owe(alice, '0.25');
    let broken = true;
    proxy.fault = (name) =>
      broken && name === method && proxy.methods.includes('getbalance')
        ? { kind: 'error', code, message }
        : undefined;
    const processor = processorFor(t);
    // The daemon is asked for what it can do first: that must not count.
    await processor.runOnce();
    const report = await processor.runOnce();
    assert.deepEqual(report.paid, []);
    assert.match(report.problem ?? '', new RegExp(message.slice(0, 12)));
    assert.deepEqual(await redis.hash(keys.balances), { [alice]: '0.25' });
    assert.deepEqual(await redis.hash(keys.pay('batch')), {});
    broken = false;
    assert.equal((await processor.runOnce()).paid.length, 1);
    assert.deepEqual(await received(alice), [25_000_000n]);
  });
}

test('a refused transaction is given up, and its successor spends an input of it', async (t) => {
  const alice = await minerAddress();
  await owe(alice, '0.25');
  first('sendrawtransaction', { kind: 'error', code: -26, message: 'min relay fee not met' });
  let hex = '';
  const processor = processorFor(t, {
    failPoint: async (step) => {
      if (step === 'signed' && hex === '') hex = (await redis.hash(keys.pay('batch')))['hex'] ?? '';
    },
  });
  await processor.runOnce();
  assert.deepEqual(await redis.hash(keys.balances), { [alice]: '0.25' });
  const [outpoint = ''] = String(await redis.command('GET', keys.pay('guard'))).split(' ');
  // Locked, the wallet would not choose it by itself.
  const [txid, vout] = outpoint.split(':');
  await pair.a.rpc('lockunspent', [false, [{ txid, vout: Number(vout) }]]);
  const [payment] = (await processor.runOnce()).paid;
  assert.ok(payment);
  const sent = await pair.a.rpc('getrawtransaction', [payment.txid, true]);
  const inputs = isRecord(sent) ? own(sent, 'vin') : undefined;
  assert.ok(Array.isArray(inputs));
  assert.ok(
    inputs.filter(isRecord).some((vin) => `${own(vin, 'txid')}:${own(vin, 'vout')}` === outpoint),
  );
  // Whoever still has the first transaction cannot bring it onto the chain.
  await assert.rejects(pair.a.rpc('sendrawtransaction', [hex]));
  assert.deepEqual(await received(alice), [25_000_000n]);
});

test('a transaction that was given up and lives after all stops payments instead of being paid again', async (t) => {
  const alice = await minerAddress();
  await owe(alice, '0.25');
  first('sendrawtransaction', { kind: 'error', code: -26, message: 'min relay fee not met' });
  let hex = '';
  const lines: string[] = [];
  const processor = processorFor(t, {
    lines,
    failPoint: async (step) => {
      if (step === 'signed') hex = (await redis.hash(keys.pay('batch')))['hex'] ?? '';
    },
  });
  await processor.runOnce();
  await pair.a.rpc('sendrawtransaction', [hex]);
  const report = await processor.runOnce();
  assert.deepEqual(report.paid, []);
  assert.match(report.problem ?? '', /yet the wallet has it/);
  assert.ok(lines.some((line) => line.startsWith('error: Payments of litecoin stand still')));
  assert.deepEqual(await received(alice), [25_000_000n]);

  // As the message says.
  await redis.command('HDEL', keys.balances, alice);
  assert.equal((await processor.resolve({ what: 'audit' })).ok, true);
  await owe(alice, '0.5');
  assert.equal((await processor.runOnce()).paid.length, 1);
  assert.deepEqual(await received(alice), [75_000_000n]);
});

test('the inputs of a transaction that waits to be sent are locked against other uses of the wallet', async (t) => {
  await owe(await minerAddress(), '0.25');
  first('sendrawtransaction', { kind: 'loseCall' });
  const processor = processorFor(t);
  await processor.runOnce();
  const inputs = (await redis.hash(keys.pay('batch')))['inputs']?.split(' ') ?? [];
  const locked = await pair.a.rpc('listlockunspent');
  assert.ok(Array.isArray(locked) && inputs.length > 0);
  const outpoints = locked.map(({ txid, vout }) => `${txid}:${vout}`);
  assert.deepEqual(
    inputs.filter((input) => !outpoints.includes(input)),
    [],
  );
  assert.equal((await processor.runOnce()).paid.length, 1);
  assert.deepEqual(await pair.a.rpc('listlockunspent'), []);
});

test('a transaction that the daemon built otherwise than planned is not sent', async (t) => {
  const [alice, thief] = [await minerAddress(), await minerAddress()];
  await owe(alice, '0.25');
  const client = createDaemonClient(proxy.config);
  let tampered: readonly unknown[] = [[], { [thief]: new DecimalText('0.25') }];
  const processor = processorFor(t, {
    client: withCall(client, (method, params, options) =>
      client.call(method, method === 'createrawtransaction' ? tampered : params, options),
    ),
  });
  assert.match((await processor.runOnce()).problem ?? '', /does not pay what was planned/);
  tampered = [[], { [alice]: new DecimalText('0.24999999') }];
  assert.match((await processor.runOnce()).problem ?? '', /does not pay what was planned/);
  const both = { [alice]: new DecimalText('0.25'), [thief]: new DecimalText('0.25') };
  tampered = [[], both];
  assert.match(
    (await processor.runOnce()).problem ?? '',
    /outputs nobody asked for|which is not the wallet's/,
  );
  assert.ok(!proxy.methods.includes('sendrawtransaction'));
  assert.deepEqual(await redis.hash(keys.balances), { [alice]: '0.25' });
});

test('an address that only the daemon calls invalid is held, and the others are paid', async (t) => {
  const alice = await minerAddress();
  await owe(alice, '0.25', 'wrong.rig', '0.5');
  const lookup = async (worker: string): Promise<Payee> =>
    worker === 'wrong.rig'
      ? { ok: true, address: 'wrong', script: Buffer.from('51', 'hex') }
      : payee(worker);
  const report = await processorFor(t, { payee: lookup }).runOnce();
  assert.equal(report.paid.length, 1);
  assert.deepEqual(report.held, [
    { worker: 'wrong.rig', reason: 'the daemon calls its address invalid' },
  ]);
  assert.deepEqual(await received(alice), [25_000_000n]);
  assert.deepEqual(await redis.hash(keys.balances), { 'wrong.rig': '0.5' });
});

test('an amount that the network would not relay waits, and the others are paid', async (t) => {
  const [alice, bob] = [await minerAddress(), await minerAddress()];
  await owe(alice, '0.25', bob, '0.00001');
  const report = await processorFor(t, { minimumPayment: '0' }).runOnce();
  assert.equal(report.paid.length, 1);
  assert.deepEqual(await received(alice, bob), [25_000_000n, 0n]);
  assert.deepEqual(await redis.hash(keys.balances), { [bob]: '0.00001' });
});

test('a payment whose fee is more than a tenth of it waits', async (t) => {
  const alice = await minerAddress();
  await owe(alice, '0.0001');
  const report = await processorFor(t, { minimumPayment: '0' }).runOnce();
  assert.match(report.problem ?? '', /more than a tenth/);
  assert.deepEqual(await redis.hash(keys.balances), { [alice]: '0.0001' });
});

/** The daemon of old: it can only send at once. */
const old =
  (more?: typeof proxy.fault): typeof proxy.fault =>
  (method) =>
    method === 'fundrawtransaction'
      ? { kind: 'error', code: -32601, message: 'Method not found' }
      : more?.(method);

test('a daemon that cannot build transactions pays by sendmany', async (t) => {
  const [alice, bob] = [await minerAddress('legacy'), await minerAddress()];
  await owe(`${alice}.1`, '0.2', `${alice}.2`, '0.1', bob, '0.29');
  proxy.fault = old();
  const [payment] = (await processorFor(t).runOnce()).paid;
  assert.ok(payment);
  assert.ok(proxy.methods.includes('sendmany'));
  assert.deepEqual(await received(alice, bob), [30_000_000n, 29_000_000n]);
  const tx = await pair.a.rpc('gettransaction', [payment.txid]);
  const fee = -satoshisOf(isRecord(tx) ? own(tx, 'fee') : undefined);
  assert.equal((await redis.hash(keys.pay('totals')))['fees'], fee.toString());
});

/** The payments in Redis, newest first: fee in coins, null while it is not known. */
async function bookedFees(): Promise<unknown[]> {
  const list = await redis.command('LRANGE', keys.payments, 0, -1);
  return (Array.isArray(list) ? list : []).map((text) => JSON.parse(String(text)).fee);
}

test('a fee that the wallet would not tell when a payment was settled is booked as soon as it does, once', async (t) => {
  const [alice, bob] = [await minerAddress(), await minerAddress()];
  await owe(alice, '0.25');
  let isMute = true;
  proxy.fault = old((method) =>
    isMute && method === 'gettransaction' ? { kind: 'loseCall' } : undefined,
  );
  const processor = processorFor(t);
  // Where the audit cannot ask the wallet either, the run ends there; the payment is made by then.
  const [payment] = (await processor.runOnce()).paid;
  assert.ok(payment);
  await processor.runOnce();
  assert.deepEqual(await bookedFees(), [null]);
  assert.equal((await redis.hash(keys.pay('totals')))['fees'], '0');

  isMute = false;
  await owe(bob, '0.5');
  for (let i = 0; i < 3; i++) assert.equal((await processor.runOnce()).outcome, 'done');
  const tx = await pair.a.rpc('gettransaction', [payment.txid]);
  const fee = -satoshisOf(isRecord(tx) ? own(tx, 'fee') : undefined);
  const [second, first] = await bookedFees();
  const satoshis = (coins: unknown) => satoshisOf(Number(coins));
  assert.equal(satoshis(first), fee);
  const fees = fee + satoshis(second);
  assert.equal((await redis.hash(keys.pay('totals')))['fees'], fees.toString());
  assert.deepEqual(await redis.hash(keys.pay('feesUnknown')), {});
  assert.equal((await processor.status()).books?.difference, '0');
});

test('a daemon that never tells a fee is asked once', async (t) => {
  const alice = await minerAddress();
  await owe(alice, '0.25');
  const client = createDaemonClient(proxy.config);
  proxy.fault = old();
  const processor = processorFor(t, {
    client: withCall(client, async (method, params, options) => {
      const result = await client.call(method, params, options);
      if (method !== 'gettransaction' || !isRecord(result)) return result;
      const { fee: _, ...rest } = result;
      return rest;
    }),
  });
  assert.equal((await processor.runOnce()).paid.length, 1);
  assert.deepEqual(await bookedFees(), [null]);
  assert.deepEqual(await redis.hash(keys.pay('feesUnknown')), {});
});

test('a sendmany whose reply is lost is found by its comment, and paid once', async (t) => {
  const alice = await minerAddress();
  await owe(alice, '0.25');
  let lost = false;
  proxy.fault = old((method) => {
    if (method !== 'sendmany' || lost) return undefined;
    lost = true;
    return { kind: 'loseReply' };
  });
  const processor = processorFor(t);
  assert.deepEqual((await processor.runOnce()).paid, []);
  assert.equal((await processor.runOnce()).paid.length, 1);
  assert.deepEqual(await received(alice), [25_000_000n]);
  assert.equal(proxy.methods.filter((method) => method === 'sendmany').length, 1);
});

test('a sendmany that cannot be found stays unknown, nothing else is paid, and the operator may give it back', async (t) => {
  const [alice, bob] = [await minerAddress(), await minerAddress()];
  await owe(alice, '0.25');
  let lost = false;
  proxy.fault = old((method) => {
    if (method !== 'sendmany' || lost) return undefined;
    lost = true;
    return { kind: 'loseCall' };
  });
  const lines: string[] = [];
  const processor = processorFor(t, { lines });
  await processor.runOnce();
  const batch = (await redis.hash(keys.pay('batch')))['id'];
  await owe(bob, '0.5');
  for (let i = 0; i < 3; i++) assert.deepEqual((await processor.runOnce()).paid, []);
  assert.ok(lines.some((line) => line.includes('payments resolve litecoin unpaid')));
  assert.deepEqual(await processor.resolve({ what: 'unpaid' }), {
    ok: true,
    text: `Batch ${batch} counts as never sent: 0.25 LTC are back in the balances.`,
  });
  assert.equal((await processor.runOnce()).paid.length, 1);
  assert.deepEqual(await received(alice, bob), [25_000_000n, 50_000_000n]);
});

test('a sendmany that fails after the wallet took the transaction is found, not paid again', async (t) => {
  const alice = await minerAddress();
  await owe(alice, '0.25');
  const client = createDaemonClient(proxy.config);
  proxy.fault = old();
  const processor = processorFor(t, {
    client: withCall(client, async (method, params, options) => {
      const result = await client.call(method, params, options);
      if (method !== 'sendmany') return result;
      const facts = { daemon: client.name, method, rpcCode: -4 };
      throw new DaemonError('rpc', 'Error: The transaction was rejected!', facts);
    }),
  });
  assert.equal((await processor.runOnce()).paid.length, 1);
  assert.deepEqual(await received(alice), [25_000_000n]);
});

for (const step of ['intended', 'sending', 'journaled', 'sent', 'settled'] as const) {
  test(`with sendmany, a process killed right after "${step}" never pays twice`, async (t) => {
    const alice = await minerAddress();
    await owe(alice, '0.25');
    proxy.fault = old();
    await dyingAt(t, step).runOnce();
    const report = await run(processorFor(t));
    // Nobody can know whether a process that died before sendmany's answer had made the call.
    const unknown = step === 'sending' || step === 'journaled';
    assert.deepEqual(await received(alice), [unknown ? 0n : 25_000_000n]);
    assert.equal(report.problem !== undefined, unknown);
  });
}

test('what the wallet cannot cover waits whole, and nobody loses a satoshi', async (t) => {
  const [alice, bob, carol] = [await minerAddress(), await minerAddress(), await minerAddress()];
  const funds = satoshisOf(await pair.a.rpc('getbalance'));
  const whole = Number(funds / 100_000_000n);
  await owe(alice, '2', bob, `${whole * 3}`, carol, '1');
  const lines: string[] = [];
  const report = await processorFor(t, { lines }).runOnce();
  assert.equal(report.paid.length, 1);
  assert.deepEqual(await received(alice, bob, carol), [200_000_000n, 0n, 100_000_000n]);
  assert.deepEqual(await redis.hash(keys.balances), { [bob]: `${whole * 3}` });
  assert.ok(lines.some((line) => line.includes(`${whole * 3} LTC for 1 address(es) wait`)));
});

test('when the wallet has what is owed but not the fee, the smallest payees wait', async (t) => {
  const [alice, bob] = [await minerAddress(), await minerAddress()];
  const funds = satoshisOf(await pair.a.rpc('getbalance'));
  const coins = (amount: bigint) =>
    `${amount / 100_000_000n}.${String(amount % 100_000_000n).padStart(8, '0')}`;
  await owe(alice, coins(funds - 2_000_000n), bob, '0.02');
  const report = await processorFor(t).runOnce();
  assert.equal(report.paid.length, 1);
  assert.deepEqual(await received(alice, bob), [funds - 2_000_000n, 0n]);
  assert.deepEqual(await redis.hash(keys.balances), { [bob]: '0.02' });
  // Coins for the tests that follow.
  await pair.a.generate(5, String(await pair.a.rpc('getnewaddress')));
  await pair.a.generate(100);
});

test('a block off the chain is given up on the second look, six blocks later, and its shares are kept', async (t) => {
  const alice = await minerAddress();
  await redis.command('HSET', keys.roundCurrent, alice, '0.5');
  const block = await findBlock({ [alice]: '1.25' });
  await pair.a.rpc('invalidateblock', [block.hash]);
  await pair.a.generate(2);
  const processor = processorFor(t);
  assert.deepEqual((await processor.runOnce()).orphaned, []);
  await pair.a.generate(5);
  assert.deepEqual((await processor.runOnce()).orphaned, []);
  assert.deepEqual(await redis.members(keys.blocksPending), [block.member]);
  await pair.a.generate(1);
  assert.deepEqual((await processor.runOnce()).orphaned, [block.height]);
  assert.deepEqual(await redis.members(keys.blocksOrphaned), [block.member]);
  assert.deepEqual(await redis.hash(keys.roundCurrent), { [alice]: '1.75' });
});

test('a block that comes back onto the chain is paid', async (t) => {
  const alice = await minerAddress();
  const block = await findBlock({ [alice]: '1' });
  await pair.a.rpc('invalidateblock', [block.hash]);
  const [rival = ''] = await pair.a.generate(1);
  const processor = processorFor(t);
  await processor.runOnce();
  assert.deepEqual(Object.keys(await redis.hash(keys.pay('suspects'))), [block.hash]);
  assert.equal((await redis.hash(keys.block(block.hash)))['confirmations'], '0');
  await pair.a.rpc('invalidateblock', [rival]);
  await pair.a.rpc('reconsiderblock', [block.hash]);
  await pair.a.generate(10);
  await processor.runOnce();
  assert.deepEqual(await redis.hash(keys.pay('suspects')), {});
  assert.equal((await redis.hash(keys.block(block.hash)))['confirmations'], '11');
  await pair.a.generate(90);
  assert.deepEqual((await processor.runOnce()).credited, [
    { height: block.height, reward: block.reward },
  ]);
  assert.deepEqual(await received(alice), [block.reward]);
});

test('a block without shares is held, said once, and credited when its round is put back', async (t) => {
  const alice = await minerAddress();
  const block = await findBlock({});
  await pair.a.generate(100);
  const lines: string[] = [];
  const processor = processorFor(t, { lines });
  for (let i = 0; i < 3; i++) await processor.runOnce();
  assert.deepEqual(Object.keys(await redis.hash(keys.pay('heldBlocks'))), [block.member]);
  assert.deepEqual(await redis.members(keys.blocksPending), [block.member]);
  assert.equal(lines.filter((line) => line.startsWith('error:')).length, 1);
  await redis.command('HSET', keys.round(block.height), alice, '1');
  assert.equal((await processor.runOnce()).credited.length, 1);
  assert.deepEqual(await redis.hash(keys.pay('heldBlocks')), {});
});

test('a broken balance stops payments of the coin with the reason and the way out, and nothing is moved', async (t) => {
  const [alice, bob] = [await minerAddress(), await minerAddress()];
  await redis.command('HSET', keys.pay('totals'), 'takenOver', '25000000');
  await redis.command('HSET', keys.balances, alice, '0.25', bob, 'abc');
  const lines: string[] = [];
  const processor = processorFor(t, { lines });
  for (let i = 0; i < 3; i++) assert.equal((await processor.runOnce()).outcome, 'stopped');
  const errors = lines.filter((line) => line.startsWith('error:'));
  assert.equal(errors.length, 1);
  assert.match(errors[0] ?? '', /Payments of litecoin stand still, mining goes on: the balance of/);
  assert.match((await processor.status()).stopped ?? '', /HSET litecoin:balances .* <amount/);
  assert.deepEqual(await redis.hash(keys.balances), { [alice]: '0.25', [bob]: 'abc' });

  // Nobody knows what it should have been: the new amount is money that came from nowhere until a person says so.
  await redis.command('HSET', keys.balances, bob, '0.5');
  assert.match((await processor.runOnce()).problem ?? '', /are 0\.5 LTC too much/);
  assert.equal((await processor.resolve({ what: 'audit' })).ok, true);
  assert.equal((await processor.runOnce()).paid.length, 1);
  assert.deepEqual(await received(alice, bob), [25_000_000n, 50_000_000n]);
});

test("an older pool's balances are rounded down, said, and paid", async (t) => {
  const alice = await minerAddress();
  await owe(alice, '0.30000000000000004');
  const lines: string[] = [];
  await processorFor(t, { lines }).runOnce();
  assert.deepEqual(await received(alice), [30_000_000n]);
  assert.ok(
    lines.some((line) =>
      line.includes('1 balance(s) in litecoin:balances had more than 8 decimals'),
    ),
  );
});

test('two payment processes at once pay once', async (t) => {
  const alice = await minerAddress();
  await owe(alice, '0.25');
  const reports = await Promise.all([processorFor(t), processorFor(t)].map((one) => one.runOnce()));
  assert.deepEqual(reports.map(({ outcome }) => outcome).sort(), ['done', 'standby']);
  assert.deepEqual(await received(alice), [25_000_000n]);
});

/** Methods of the daemon, and 'disk' for each wait until Redis has what it was told on disk, in order. */
function watched(): { readonly connection: RedisConnection; readonly calls: string[] } {
  const calls = proxy.methods;
  const { connection } = redis;
  return {
    calls,
    connection: {
      ...connection,
      ready: true,
      command: async (name, ...args) => {
        // An older Redis refuses it, and is asked how it keeps its data.
        if (name === 'WAITAOF') calls.push('disk');
        return connection.command(name, ...args);
      },
    },
  };
}

for (const method of ['sendrawtransaction', 'sendmany'] as const) {
  test(`what is about to be sent by ${method} is on the disk of Redis first`, async (t) => {
    const alice = await minerAddress();
    await owe(alice, '0.25');
    if (method === 'sendmany') proxy.fault = old();
    const { connection, calls } = watched();
    let known = -1;
    const step = method === 'sendmany' ? 'sending' : 'signed';
    await processorFor(t, {
      connection,
      failPoint: (name) => {
        if (name === 'intended' || name === 'built') known = calls.length;
        if (name === step) assert.ok(calls.slice(known).includes('disk'));
      },
    }).runOnce();
    assert.ok(calls.indexOf('disk') !== -1 && calls.indexOf('disk') < calls.indexOf(method));
    assert.deepEqual(await received(alice), [25_000_000n]);
  });
}

test('a transaction that a dead process left on record is on the disk of Redis before it is sent again', async (t) => {
  const alice = await minerAddress();
  await owe(alice, '0.25');
  await dyingAt(t, 'signed').runOnce();
  const { connection, calls } = watched();
  calls.length = 0;
  assert.equal((await run(processorFor(t, { connection }))).paid.length, 1);
  assert.ok(calls.indexOf('disk') !== -1);
  assert.ok(calls.indexOf('disk') < calls.indexOf('sendrawtransaction'));
});

for (const [what, harm] of [
  [
    'whose lease was lost sends nothing, although the batch is as it left it',
    () => redis.command('HSET', keys.pay('lease'), 'owner', 'other', 'epoch', '99:other'),
  ],
  [
    'whose batch Redis has forgotten sends nothing, although it has its lease',
    () => redis.command('DEL', keys.pay('batch')),
  ],
  [
    'whose batch is an intent again in Redis sends nothing, although it has its lease',
    () => redis.command('HSET', keys.pay('batch'), 'state', 'intent'),
  ],
] as const) {
  test(`a process ${what}`, async (t) => {
    const alice = await minerAddress();
    await owe(alice, '0.25');
    const report = await processorFor(t, {
      failPoint: async (step) => {
        if (step === 'signed') await harm();
      },
    }).runOnce();
    assert.deepEqual(report.paid, []);
    assert.ok(proxy.methods.includes('signrawtransactionwithwallet'));
    assert.ok(!proxy.methods.includes('sendrawtransaction'));
  });
}

test('a process frozen before sending that wakes after another has taken over pays nothing more', async (t) => {
  const alice = await minerAddress();
  await owe(alice, '0.25');
  const { connection, client } = ground.mortal();
  let wake = () => {};
  let frozen = () => {};
  const isFrozen = new Promise<void>((resolve) => {
    frozen = resolve;
  });
  const sleeper = processorFor(t, {
    client,
    connection: {
      ...connection,
      send: async (name, args) => {
        // A frozen process renews nothing.
        if (asleep)
          throw new RedisError('REDIS_DOWN', 'asleep', { trouble: 'transient', mayHaveRun: false });
        return connection.send(name, args);
      },
    },
    failPoint: async (step) => {
      if (step !== 'signed') return;
      asleep = true;
      frozen();
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      asleep = false;
    },
  });
  let asleep = false;
  const sleeping = sleeper.runOnce();
  await isFrozen;
  const other = processorFor(t);
  assert.equal((await run(other)).paid.length, 1);
  await owe(alice, '0.5');
  assert.equal((await run(other)).paid.length, 1);
  wake();
  assert.deepEqual((await sleeping).paid, []);
  assert.deepEqual(await received(alice), [75_000_000n]);
});

test('more payees than fit into a transaction are paid in several', async (t) => {
  const addresses: string[] = [];
  // One by one: the daemon's queue is short.
  for (let i = 0; i < 501; i++) addresses.push(await minerAddress());
  await owe(...addresses.flatMap((address) => [address, '0.01']));
  const { paid } = await processorFor(t).runOnce();
  assert.deepEqual(
    paid.map(({ amount }) => amount),
    [500_000_000n, 1_000_000n],
  );
  assert.equal((await redis.hash(keys.pay('totals')))['paid'], '501000000');
});

test('a daemon that is away is said once a minute, and payments go on when it is back', async (t) => {
  const alice = await minerAddress();
  await owe(alice, '0.25');
  const lines: string[] = [];
  const processor = processorFor(t, { lines });
  proxy.fault = () => ({ kind: 'loseCall' });
  for (let i = 0; i < 3; i++) assert.equal((await processor.runOnce()).outcome, 'stopped');
  assert.equal(lines.filter((line) => line.startsWith('warning: Payments of')).length, 1);
  assert.deepEqual(await redis.hash(keys.balances), { [alice]: '0.25' });
  proxy.fault = undefined;
  assert.equal((await processor.runOnce()).paid.length, 1);
});

test('a started processor runs at once and at each interval, and stops when told', async (t) => {
  const alice = await minerAddress();
  await owe(alice, '0.25');
  const events: PaymentEvent[] = [];
  const processor = processorFor(t, { events, paymentInterval: 0.05 });
  processor.start();
  await until('the first payment', () => events.length === 1);
  await owe(alice, '0.5');
  await until('the second payment', () => events.length === 2);
  await processor.stop();
  await owe(alice, '1');
  assert.equal((await redis.hash(keys.pay('lease')))['owner'], undefined);
  assert.deepEqual(await received(alice), [75_000_000n]);
});
