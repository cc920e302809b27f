import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { createDaemonClient } from '../../libs/daemon/rpcClient.ts';
import { runPaymentsCommand } from '../../libs/payments/paymentsCommand.ts';
import { createPaymentProcessor, type PaymentProcessor } from '../../libs/payments/processor.ts';
import { systemClock } from '../../libs/primitives/units.ts';
import { coinKeys } from '../../libs/redis/keys.ts';
import { litecoin, logTo, openTestRedis, type TestRedis } from './support.ts';

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
  assert.match((await command('pay')).text, /no "payments pay"; known are status, pause/);
  assert.match((await command('resolve', 'perhaps')).text, /^resolve needs: paid <txid/);
  assert.match((await command('resolve', 'unpaid')).text, /No payment batch is open/);
});
