import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../libs/primitives/units.ts';
import { CoinbaseSizes, coinbaseLength } from '../../libs/stratum/coinbaseSize.ts';
import type { JobNotice } from '../../libs/stratum/types.ts';
import { fakeJob, LogInMemory, plainPort, startServer } from './support/fakePool.ts';

/** Its coinbase has `length` bytes with extranonces of 4 and 4. */
function jobOf(length: number, sequence = 1): JobNotice {
  const job = fakeJob(sequence);
  return {
    ...job,
    notifyParams: (size) => ({
      ...job.notifyParams(size),
      coinb1: '00'.repeat(50),
      coinb2: '00'.repeat(length - 58),
    }),
  };
}

const openPort = (number: number, coinbaseLimit?: number) => ({
  number,
  config: { ...plainPort, ...(coinbaseLimit === undefined ? {} : { coinbaseLimit }) },
});

test('a coinbase is as long as its halves with both extranonces between them', () => {
  assert.equal(coinbaseLength(jobOf(200), 4), 200);
  assert.equal(coinbaseLength(jobOf(200), 8), 204);
});

test('a coinbase beyond the limit of a port is warned of once a day, with its length and what to do', () => {
  let time = 0;
  const log = new LogInMemory();
  const sizes = new CoinbaseSizes(
    () => log,
    () => millis(time),
  );
  const ports = [openPort(3032), openPort(3033, 500), openPort(3034, 750)];
  sizes.check(jobOf(500), ports);
  assert.deepEqual(log.lines, []);
  for (const hours of [0, 1, 23.9]) {
    time = hours * 3_600_000;
    sizes.check(jobOf(501), ports);
  }
  assert.deepEqual(log.lines, [
    {
      severity: 'warning',
      text: 'The coinbase of job 1 is 501 bytes long on port 3033, whose coinbaseLimit is 500: its miners may cut it and have every share refused. Have fewer rewardRecipients or a shorter coinbaseSignature, or send such miners to another port.',
    },
  ]);
  time = 86_400_000;
  sizes.check(jobOf(800), ports);
  assert.equal(log.count(/is 800 bytes long on port 3033/), 1);
  assert.equal(log.count(/is 800 bytes long on port 3034/), 1);
});

test('the coinbase is looked at when the ports open, and with each job', async (t) => {
  const ports = [{ ...plainPort, coinbaseLimit: 40 }];
  const early = await startServer(t, { ports });
  assert.equal(early.log.count(/^The coinbase of job 1 is 3\d bytes/), 0);
  early.server.broadcast(jobOf(100, 2));
  early.server.broadcast(jobOf(100, 3));
  assert.equal(early.log.count(/^The coinbase of job 2 is 100 bytes/), 1);
  assert.equal(early.log.count(/^The coinbase of job 3/), 0);
  const late = await startServer(t, { ports: [{ ...plainPort, coinbaseLimit: 20 }] });
  assert.equal(late.log.count(/^The coinbase of job 1 is \d+ bytes long on port \d+/), 1);
});
