import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareBytes, proportional, RewardError } from '../../libs/payments/rewards.ts';
import { satoshis } from '../../libs/primitives/units.ts';
import { seededRandom } from './support.ts';

const share = (reward: bigint, shares: Record<string, string>) =>
  Object.fromEntries(proportional(satoshis(reward), new Map(Object.entries(shares))));

test('a reward is shared out in proportion to shares', () => {
  assert.deepEqual(share(1_250_000_000n, { alice: '300', bob: '100', carol: '100' }), {
    alice: 750_000_000n,
    bob: 250_000_000n,
    carol: 250_000_000n,
  });
});

test('satoshis left over go to the largest remainders, then to the names first in byte order', () => {
  assert.deepEqual(share(10n, { c: '1', b: '1', a: '1' }), { a: 4n, b: 3n, c: 3n });
  // 7/6 of 1, 2, 3 shares: 1.16…, 2.33…, 3.5: the one left over goes to the 3.5.
  assert.deepEqual(share(7n, { a: '1', b: '2', c: '3' }), { a: 1n, b: 2n, c: 4n });
  // In UTF-16 the emoji comes first, in UTF-8 it comes last.
  assert.deepEqual(share(1n, { '\u{1f600}': '1', '\ufb00': '1' }), { '\ufb00': 1n });
});

test('shares are read exactly, however they are written', () => {
  assert.deepEqual(share(3n, { a: '1e-7', b: '0.0000002' }), { a: 1n, b: 2n });
  assert.deepEqual(share(4n, { a: '2.5E2', b: '750' }), { a: 1n, b: 3n });
  // Both are the double 9007199254740992; as numbers they would get the same.
  assert.deepEqual(
    share(18_014_398_509_481_985n, { a: '9007199254740993', b: '9007199254740992' }),
    {
      a: 9_007_199_254_740_993n,
      b: 9_007_199_254_740_992n,
    },
  );
});

test('who gets less than a satoshi is left out', () => {
  assert.deepEqual(share(2n, { a: '1000', b: '0', c: '0.001' }), { a: 2n });
});

test('a round that nobody has shares in, or that holds no numbers, is refused', () => {
  const code = (shares: Record<string, string>) => {
    try {
      share(1n, shares);
      return 'none';
    } catch (error) {
      return error instanceof RewardError ? error.code : error;
    }
  };
  assert.equal(code({}), 'REWARD_EMPTY');
  assert.equal(code({ a: '0', b: '0.000' }), 'REWARD_EMPTY');
  for (const text of ['abc', '', '-1', '1e999', 'NaN', 'Infinity', '0x10', '1,5', ' 1', '1.']) {
    assert.equal(code({ a: '1', b: text }), 'REWARD_SHARES', text);
  }
});

test('for 400 random rounds the parts add up, are fair to the satoshi, and do not depend on the order', () => {
  const seed = 20_240_117;
  const random = seededRandom(seed);
  for (let run = 0; run < 400; run++) {
    const reward = BigInt(Math.floor(random() * 10 ** Math.floor(random() * 13)));
    const count = 1 + Math.floor(random() * 40);
    // In millionths, so that the oracle needs no decimals.
    const weights = Array.from({ length: count }, (_, i) => ({
      name: `worker${i}`,
      weight: 1n + BigInt(Math.floor(random() * 10 ** (1 + Math.floor(random() * 11)))),
    }));
    const shares = weights.map(({ name, weight }): [string, string] => {
      const digits = weight.toString().padStart(7, '0');
      return [name, `${digits.slice(0, -6)}.${digits.slice(-6)}`];
    });
    const parts = proportional(satoshis(reward), new Map(shares));
    const where = `seed ${seed}, run ${run}`;

    const total = weights.reduce((sum, { weight }) => sum + weight, 0n);
    const rest = weights.map(({ name, weight }) => {
      const part = parts.get(name) ?? 0n;
      const floor = (reward * weight) / total;
      assert.ok(part === floor || part === floor + 1n, where);
      return { name, extra: part > floor, remainder: (reward * weight) % total };
    });
    assert.equal(
      [...parts.values()].reduce((sum, part) => sum + part, 0n),
      reward,
      where,
    );
    const least = rest.filter(({ extra }) => extra).map(({ remainder }) => remainder);
    for (const { extra, remainder } of rest) {
      if (!extra)
        assert.ok(
          least.every((other) => other >= remainder),
          where,
        );
    }
    const turned = proportional(satoshis(reward), new Map(shares.toReversed()));
    const sorted = (map: Map<string, bigint>) => [...map].sort(([a], [b]) => compareBytes(a, b));
    assert.deepEqual(sorted(turned), sorted(parts), where);
  }
});
