import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { type DaemonClient, DecimalText } from '../../libs/daemon/types.ts';
import { Lease } from '../../libs/payments/lease.ts';
import { Ledger } from '../../libs/payments/ledger.ts';
import { blockFate } from '../../libs/payments/maturity.ts';
import { proportional, withRecipients } from '../../libs/payments/rewards.ts';
import { millis, satoshis } from '../../libs/primitives/units.ts';
import { coinKeys } from '../../libs/redis/keys.ts';
import { createRounds } from '../../libs/shares/rounds.ts';
import { logTo } from '../support/memoryLog.ts';
import { openTestRedis, seededRandom, type TestRedis } from './support.ts';

// Blocks that were mined beside another chain: their coinbases pay the pool alone, so the operator's recipients are
// credited like miners.

const keys = coinKeys('dogecoin');
const recipients = [
  { to: 'Dfee', percent: 1 },
  { to: 'alice', percent: 0.5 },
];
let redis: TestRedis;

before(async () => {
  redis = await openTestRedis();
});
after(() => redis.close());
beforeEach(() => redis.clear());

async function credited(block: { readonly merged?: true; readonly solo?: true }): Promise<object> {
  const { connection } = redis;
  const now = () => millis(1000);
  const rounds = createRounds({ connection, keys, log: logTo([]), now });
  await redis.command('HSET', keys.roundCurrent, 'alice', '3', 'bob', '1');
  const blockHash = 'a'.repeat(64);
  const txHash = 'f'.repeat(64);
  await rounds.close({
    ...{ height: 7, blockHash, txHash, finder: 'bob', time: millis(1), reward: '100' },
    networkDifficulty: 4,
    ...block,
  });
  await rounds.accept(blockHash);
  const lease = new Lease(connection, keys, 30_000);
  await lease.take();
  const ledger = new Ledger({ connection, keys, lease, decimals: 8, now, recipients });
  const pending = { member: `${blockHash}:${txHash}:7`, blockHash, txHash, height: 7 };
  const outcome = await ledger.creditBlock(pending, satoshis(1_000_000_000n), proportional);
  assert.equal(outcome.kind, 'credited');
  return redis.hash(keys.balances);
}

test('recipients get their percent of a merged-mined block, miners the rest, all of it together', async () => {
  // 1 % and 0.5 % of ten coins; the rest of 9.85 by 3 to 1.
  assert.deepEqual(await credited({ merged: true }), {
    Dfee: '0.1',
    alice: '7.4375',
    bob: '2.4625',
  });
});

test('so it is when the finder takes the rest', async () => {
  assert.deepEqual(await credited({ merged: true, solo: true }), {
    Dfee: '0.1',
    alice: '0.05',
    bob: '9.85',
  });
});

test("an ordinary block's coinbase has paid them already", async () => {
  assert.deepEqual(await credited({}), { alice: '7.5', bob: '2.5' });
});

test('whatever the percents, the parts add up to the reward', () => {
  const random = seededRandom(5);
  for (let round = 0; round < 500; round++) {
    const reward = satoshis(BigInt(Math.floor(random() * 1e13)));
    const some = Array.from({ length: round % 4 }, (_, i) => ({
      to: i === 0 ? 'alice' : `fee${i}`,
      percent: random() * 20,
    }));
    const shares = new Map([
      ['alice', String(1 + random())],
      ['bob', String(random())],
    ]);
    const parts = withRecipients(reward, some, (rest) => proportional(rest, shares));
    const sum = [...parts.values()].reduce((total, part) => total + part, 0n);
    assert.equal(sum, reward);
  }
});

test('a block whose daemon chose an address of its wallet is worth what the wallet got, for auxiliary coins alone', async () => {
  const [blockHash, txid] = ['a'.repeat(64), 'b'.repeat(64)];
  const number = (text: string) => new DecimalText(text);
  const replies: Readonly<Record<string, unknown>> = {
    getblock: {
      hash: blockHash,
      confirmations: number('300'),
      tx: [
        {
          txid,
          vin: [{ coinbase: '00' }],
          vout: [{ value: number('25'), scriptPubKey: { hex: 'aa' } }],
        },
      ],
    },
    gettransaction: {
      blockhash: blockHash,
      details: [{ category: 'generate', amount: number('25') }],
    },
  };
  const client: DaemonClient = {
    name: 'stand-in',
    call: async (method, params = []) => {
      const reply = replies[method];
      if (method !== 'getblock' || params.length > 1) return reply;
      return { ...(reply as object), tx: [txid] };
    },
    batch: async () => [],
    close: () => undefined,
  };
  const block = { member: 'm', blockHash, txHash: txid, height: 7 };
  const rules = {
    ...{ maturity: 100, minConfirmations: undefined, decimals: 8 },
    poolScript: Buffer.from('bb', 'hex'),
  };
  const fate = await blockFate(client, block, { ...rules, isAuxiliary: true });
  assert.deepEqual(fate, { kind: 'mature', confirmations: 300, reward: 2_500_000_000n });
  assert.equal((await blockFate(client, block, rules)).kind, 'unpayable');
});
