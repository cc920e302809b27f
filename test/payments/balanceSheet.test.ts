import assert from 'node:assert/strict';
import { test } from 'node:test';
import { balanceSheet, type SheetFacts } from '../../libs/payments/balanceSheet.ts';
import { type Satoshis, satoshis } from '../../libs/primitives/units.ts';

const amounts = (pairs: Record<string, bigint>): ReadonlyMap<string, Satoshis> =>
  new Map(Object.entries(pairs).map(([worker, amount]) => [worker, satoshis(amount)]));
const facts = (some: Partial<SheetFacts>): SheetFacts => ({
  balances: amounts({}),
  inFlight: amounts({}),
  immature: amounts({}),
  payouts: new Map(),
  held: new Map(),
  ...some,
});

test('workers of one address are one row, with all that is its', () => {
  const { rows } = balanceSheet(
    facts({
      balances: amounts({ 'a.1': 3n, a_2: 4n }),
      inFlight: amounts({ 'a.1': 10n }),
      immature: amounts({ a: 100n }),
      payouts: new Map([['a.3', '0.00001']]),
      held: new Map([['a.1', 'why']]),
    }),
    8,
    10,
  );
  assert.deepEqual(rows, [
    {
      ...{ address: 'a', workers: 4, held: 'why' },
      ...{ balance: 7n, inFlight: 10n, immature: 100n, paid: 1_000n },
    },
  ]);
});

test('whoever is owed most comes first, in flight too; then what is immature, what is paid, and the name', () => {
  const { rows } = balanceSheet(
    facts({
      balances: amounts({ a: 1n, b: 2n, c: 0n, d: 0n, e: 0n, f: 0n }),
      inFlight: amounts({ a: 2n }),
      immature: amounts({ d: 1n }),
      payouts: new Map([['f', '1']]),
    }),
    8,
    10,
  );
  assert.deepEqual(
    rows.map(({ address }) => address),
    ['a', 'b', 'd', 'f', 'c', 'e'],
  );
});

test('rows that are left out are counted and in the sums; names of properties are names', () => {
  const balances = amounts({ a: 5n, b: 4n });
  const { rows, addresses, total } = balanceSheet(
    facts({ balances: new Map([...balances, ['__proto__', satoshis(3n)]]) }),
    8,
    1,
  );
  assert.equal(rows.length, 1);
  assert.equal(addresses, 3);
  assert.equal(total.balance, 12n);
});
