import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PayoutPlan, type PlanInput, planPayouts } from '../../libs/payments/payoutPlan.ts';
import type { Payee } from '../../libs/payments/types.ts';
import { satoshis } from '../../libs/primitives/units.ts';
import { addressPart } from '../../libs/primitives/workerName.ts';
import { seededRandom } from './support.ts';

const payeeOf = (worker: string): Payee => {
  const address = addressPart(worker);
  return { ok: true, address, script: Buffer.from(address.toLowerCase()) };
};

function plan(balances: Record<string, bigint>, more: Partial<PlanInput> = {}): PayoutPlan {
  const amounts = new Map(Object.entries(balances).map(([name, sum]) => [name, satoshis(sum)]));
  return planPayouts({
    balances: amounts,
    payees: new Map([...amounts.keys()].map((worker) => [worker, payeeOf(worker)])),
    minimum: satoshis(0n),
    dust: satoshis(0n),
    spendable: satoshis(10n ** 18n),
    maxOutputs: 500,
    ...more,
  });
}

const brief = (result: PayoutPlan) =>
  result.batches.map((batch) => batch.map(({ address, amount }) => `${address}:${amount}`));

test('workers of one address are one payee, whose output says what it takes from whom', () => {
  const { batches } = plan({ 'addrA.rig2': 5n, addrB: 7n, addrA_rig1: 3n, ADDRA: 2n });
  assert.deepEqual(batches, [
    [
      {
        address: 'ADDRA',
        script: Buffer.from('addra').toString('hex'),
        amount: 10n,
        from: [
          { worker: 'ADDRA', amount: 2n },
          { worker: 'addrA.rig2', amount: 5n },
          { worker: 'addrA_rig1', amount: 3n },
        ],
      },
      {
        address: 'addrB',
        script: Buffer.from('addrb').toString('hex'),
        amount: 7n,
        from: [{ worker: 'addrB', amount: 7n }],
      },
    ],
  ]);
});

test('the minimum and the dust limit count for the address, not for each of its workers', () => {
  const balances = { 'a.1': 60n, 'a.2': 40n, b: 99n };
  assert.deepEqual(brief(plan(balances, { minimum: satoshis(100n) })), [['a:100']]);
  assert.deepEqual(brief(plan(balances, { dust: satoshis(100n) })), [['a:100']]);
  const [waiting] = plan(balances, { minimum: satoshis(100n) }).waiting;
  assert.equal(waiting?.why, 'belowMinimum');
  assert.equal(waiting?.output.address, 'b');
});

test('an invalid payee is held with the reason, and the others are paid', () => {
  const payees = new Map<string, Payee>([
    ['bad', { ok: false, reason: 'its checksum is wrong' }],
    ['good', payeeOf('good')],
  ]);
  const result = plan({ bad: 5n, good: 6n, unknown: 7n }, { payees });
  assert.deepEqual(brief(result), [['good:6']]);
  assert.deepEqual(result.held, [
    { worker: 'bad', amount: 5n, reason: 'its checksum is wrong' },
    { worker: 'unknown', amount: 7n, reason: 'its address is not known' },
  ]);
});

test('what the wallet cannot cover waits whole: the largest go first, smaller ones that fit are paid', () => {
  const result = plan({ a: 50n, b: 30n, c: 25n, d: 10n }, { spendable: satoshis(90n) });
  assert.deepEqual(brief(result), [['a:50', 'b:30', 'd:10']]);
  assert.deepEqual(
    result.waiting.map(({ output, why }) => [output.address, output.amount, why]),
    [['c', 25n, 'walletShort']],
  );
});

test('a transaction has no more outputs than allowed', () => {
  const result = plan({ a: 3n, b: 3n, c: 2n, d: 1n, e: 1n }, { maxOutputs: 2 });
  assert.deepEqual(brief(result), [['a:3', 'b:3'], ['c:2', 'd:1'], ['e:1']]);
});

test('nothing owed gives nothing to do', () => {
  assert.deepEqual(plan({ a: 0n }), { batches: [], waiting: [], held: [] });
});

test('for 300 random pools every satoshi owed is paid, waiting or held, whole by payee and within the wallet', () => {
  const seed = 77;
  const random = seededRandom(seed);
  for (let run = 0; run < 300; run++) {
    const where = `seed ${seed}, run ${run}`;
    const balances: Record<string, bigint> = {};
    for (let i = Math.floor(random() * 60); i > 0; i--) {
      balances[`addr${Math.floor(random() * 25)}.rig${i}`] = BigInt(Math.floor(random() * 1e6));
    }
    const payees = new Map(
      Object.keys(balances).map((worker): [string, Payee] => [
        worker,
        random() < 0.1 ? { ok: false, reason: 'no' } : payeeOf(worker),
      ]),
    );
    const spendable = satoshis(BigInt(Math.floor(random() * 2e7)));
    const minimum = satoshis(BigInt(Math.floor(random() * 4e5)));
    const result = plan(balances, { payees, spendable, minimum, maxOutputs: 7 });

    const outputs = result.batches.flat();
    const parts = [...outputs, ...result.waiting.map(({ output }) => output)].flatMap(
      ({ from }) => from,
    );
    const seen = new Map([...parts, ...result.held].map((part) => [part.worker, part.amount]));
    const owed = new Map(Object.entries(balances).filter(([, amount]) => amount > 0n));
    assert.equal(seen.size, parts.length + result.held.length, where);
    assert.deepEqual(new Map([...seen].sort()), new Map([...owed].sort()), where);
    for (const { amount, from } of outputs) {
      assert.ok(amount >= minimum, where);
      assert.equal(
        from.reduce((sum, part) => sum + part.amount, 0n),
        amount,
        where,
      );
    }
    assert.equal(new Set(outputs.map(({ address }) => address)).size, outputs.length, where);
    const total = outputs.reduce((sum, { amount }) => sum + amount, 0n);
    assert.ok(total <= spendable, where);
    for (const { output, why } of result.waiting) {
      if (why === 'walletShort') assert.ok(output.amount > spendable - total, where);
    }
    assert.ok(
      result.batches.every((batch) => batch.length > 0 && batch.length <= 7),
      where,
    );
  }
});
