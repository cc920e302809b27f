import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { createDaemonClient } from '../../libs/daemon/rpcClient.ts';
import { runPaymentsCommand } from '../../libs/payments/paymentsCommand.ts';
import { createPaymentProcessor, type PaymentProcessor } from '../../libs/payments/processor.ts';
import { systemClock } from '../../libs/primitives/units.ts';
import { isRecord } from '../../libs/primitives/unknown.ts';
import { coinKeys } from '../../libs/redis/keys.ts';
import { logTo } from '../support/memoryLog.ts';
import { litecoin, openTestRedis, type TestRedis } from './support.ts';

// A real Redis; the daemon is away, which most commands do not mind.

const keys = coinKeys('litecoin');
let redis: TestRedis;
let processor: PaymentProcessor;

before(async () => {
  redis = await openTestRedis();
  const daemon = { host: '127.0.0.1', port: 1, user: 'user', password: 'password' };
  processor = createPaymentProcessor({
    coin: litecoin,
    config: { enabled: true, paymentInterval: 600, minimumPayment: '0.01', daemon },
    poolScript: Buffer.from('51', 'hex'),
    payee: () => ({ ok: false, reason: 'it is no address' }),
    client: createDaemonClient(daemon),
    connection: redis.connection,
    keys,
    log: logTo([]),
    now: systemClock,
  });
});
after(async () => {
  await processor.stop();
  await redis.close();
});
beforeEach(() => redis.clear());

const command = (action: string, ...words: string[]) =>
  runPaymentsCommand(processor, action, words);

test('payments can be paused with a reason, looked at, and resumed, also while the daemon is away', async () => {
  assert.equal((await command('pause', 'moving', 'house')).ok, true);
  const { ok, text } = await command('status');
  assert.ok(ok);
  assert.match(text, /^Payments of litecoin, PROP: paused\./);
  assert.match(text, /: moving house\. /);
  assert.deepEqual(await command('resume'), { ok: true, text: 'Payments of litecoin go on.' });
  assert.equal(await redis.command('HEXISTS', keys.pay('state'), 'paused'), 0);
});

test('the status is data as well, and a wallet that is away is null in it', async () => {
  await redis.command('HSET', keys.balances, 'alice', '1.5');
  await redis.command('SADD', keys.blocksPending, 'a:b:7');
  await redis.command('HSET', keys.block('a'), 'reward', '1250000000');
  await redis.command('HSET', keys.pay('heldPayees'), 'nobody', 'it is no address');
  await command('pause', 'why not');
  const { data, text } = await command('status');
  assert.ok(isRecord(data));
  const { coin, symbol, state, wallet, owed, unpaidBlocks, immature, heldPayees, nextRun } = data;
  assert.deepEqual(
    { coin, symbol, state, wallet, owed, unpaidBlocks, immature, heldPayees, nextRun },
    {
      ...{ coin: 'litecoin', symbol: 'LTC', state: 'paused', wallet: null, owed: '1.5' },
      ...{ unpaidBlocks: 1, immature: '12.5', heldPayees: 1, nextRun: null },
    },
  );
  assert.deepEqual(JSON.parse(JSON.stringify(data)), data, 'plain JSON');
  assert.match(text, /1\.5 LTC are owed; 1 block of 12\.5 LTC waits to be credited/);
});

test('balances are data by address, with what pending blocks should bring', async () => {
  await redis.command('HSET', keys.balances, 'alice.1', '1', 'alice.2', '0.5', 'bob', '2');
  await redis.command('HSET', keys.payouts, 'alice.1', '0.30000000000000004', 'zoe', '4');
  await redis.command('HSET', keys.pay('heldPayees'), 'bob', 'it is no address');
  const [prop, solo] = ['a'.repeat(64), 'b'.repeat(64)];
  for (const hash of [prop, solo]) {
    await redis.command('SADD', keys.blocksPending, `${hash}:${'f'.repeat(64)}:7`);
    await redis.command('HSET', keys.block(hash), 'reward', '1000000000');
  }
  await redis.command('HSET', keys.block(solo), 'solo', '1', 'finder', 'zoe');
  await redis.command('HSET', keys.round(7), 'alice.1', '3', 'bob', '1');
  const { ok, data } = await command('balances', '2');
  assert.ok(ok);
  assert.deepEqual(data, {
    coin: 'litecoin',
    symbol: 'LTC',
    rows: [
      {
        ...{ address: 'bob', workers: 1, held: 'it is no address' },
        ...{ balance: '2', inFlight: '0', immature: '2.5', paid: '0' },
      },
      {
        ...{ address: 'alice', workers: 2, held: null },
        ...{ balance: '1.5', inFlight: '0', immature: '7.5', paid: '0.3' },
      },
    ],
    addresses: 3,
    total: { balance: '3.5', inFlight: '0', immature: '20', paid: '4.3' },
  });
  assert.equal((await command('balances', '0')).ok, false);
  assert.equal((await command('balances', 'all')).ok, false);
});

test('balances that cannot be read are an error that says where', async () => {
  await redis.command('HSET', keys.balances, 'alice', 'much');
  assert.match((await command('balances')).text, /HSET litecoin:balances/);
});

test('a pause without a reason says so', async () => {
  await command('pause');
  assert.match((await command('status')).text, /: no reason was given\. /);
});

test('held blocks and payees are listed', async () => {
  await redis.command('HSET', keys.pay('heldBlocks'), 'a:b:7', 'no shares');
  const { text } = await command('held');
  assert.equal(text, 'Block a:b:7 is held: no shares.');
});

test('the way back to the original is an error as long as something is in the way', async () => {
  const early = await command('hand-back');
  assert.equal(early.ok, false);
  assert.match(early.text, /payments pause litecoin/);
  await command('pause');
  assert.equal((await command('hand-back')).ok, true);
});

test('what needs the daemon says that it is away', async () => {
  const { ok, text } = await command('dry-run');
  assert.equal(ok, false);
  assert.match(text, /^That failed: .*127\.0\.0\.1:1/);
});

test('other words are answered with those that are known', async () => {
  assert.match((await command('pay')).text, /no "payments pay"; known are status, balances/);
  assert.match((await command('resolve', 'perhaps')).text, /^resolve needs: paid <txid/);
  assert.match((await command('resolve', 'unpaid')).text, /No payment batch is open/);
});
