import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compareBytes,
  pplns,
  proportional,
  RewardError,
  soloReward,
} from '../../libs/payments/rewards.ts';
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

type Rounds = readonly Record<string, string>[];

const lastShares = (reward: bigint, rounds: Rounds, window: string) =>
  Object.fromEntries(
    pplns(
      satoshis(reward),
      rounds.map((round) => new Map(Object.entries(round))),
      window,
    ),
  );

test('PPLNS counts back from the block across rounds, and the oldest one in the part that fits', () => {
  const rounds = [{ alice: '3', bob: '1' }, { bob: '2', carol: '4' }, { dave: '1000' }];
  // All of the newest round, 4, and 3 of the 6 before it: alice 3, bob 1 + 1, carol 2.
  assert.deepEqual(lastShares(700n, rounds, '7'), { alice: 300n, bob: 200n, carol: 200n });
  assert.deepEqual(lastShares(400n, rounds, '4'), { alice: 300n, bob: 100n });
  assert.deepEqual(lastShares(1_000n, rounds, '10'), { alice: 300n, bob: 300n, carol: 400n });
});

test('PPLNS pays a round that is longer than the window as PROP does', () => {
  const round = { alice: '0.3', bob: '0.1' };
  assert.deepEqual(lastShares(400n, [round, { carol: '9' }], '0.2'), { alice: 300n, bob: 100n });
});

test('PPLNS shares out among what there is when there are fewer shares than the window', () => {
  assert.deepEqual(lastShares(30n, [{ alice: '1' }, { bob: '2' }], '1e+21'), {
    alice: 10n,
    bob: 20n,
  });
});

test('a worker who left before the window gets nothing, and one who came for the last round is not favoured', () => {
  const rounds = [{ late: '5' }, { steady: '5' }, { steady: '5' }, { gone: '100' }];
  assert.deepEqual(lastShares(300n, rounds, '15'), { late: 100n, steady: 200n });
});

test('PPLNS without a window, or with shares that are no numbers, is refused', () => {
  const code = (rounds: Rounds, window: string) => {
    try {
      lastShares(1n, rounds, window);
      return 'none';
    } catch (error) {
      return error instanceof RewardError ? error.code : error;
    }
  };
  for (const window of ['0', '', 'NaN', '-1', 'Infinity']) {
    assert.equal(code([{ a: '1' }], window), 'REWARD_WINDOW', window);
  }
  assert.equal(code([{ a: '1' }, { b: 'x' }], '1'), 'REWARD_SHARES');
  assert.equal(code([], '1'), 'REWARD_EMPTY');
});

test('SOLO gives the finder the whole block', () => {
  assert.deepEqual(
    [...soloReward(satoshis(1_250_000_001n), 'alice.rig')],
    [['alice.rig', 1_250_000_001n]],
  );
  assert.throws(() => soloReward(satoshis(-1n), 'alice'), RewardError);
});

test('for 300 random windows PPLNS is fair to the satoshi, and neither order nor case of names matter', () => {
  const seed = 20_260_412;
  const random = seededRandom(seed);
  const below = (limit: number) => BigInt(Math.floor(random() * limit));
  for (let turn = 0; turn < 300; turn++) {
    const where = `seed ${seed}, turn ${turn}`;
    const reward = below(10 ** Math.floor(1 + random() * 12));
    // In hundredths of a share: the oracle counts them one by one, newest first.
    const rounds = Array.from({ length: 1 + Math.floor(random() * 5) }, () =>
      Array.from({ length: 1 + Math.floor(random() * 6) }, () => ({
        name: `w${Math.floor(random() * 8)}`,
        weight: 1n + below(400),
      })),
    );
    const window = 1n + below(3_000);

    let left = window;
    const exact = new Map<string, { over: bigint; under: bigint }>();
    const add = (name: string, over: bigint, under: bigint) => {
      const old = exact.get(name) ?? { over: 0n, under: 1n };
      exact.set(name, { over: old.over * under + over * old.under, under: old.under * under });
    };
    const sums = rounds.map((round) => {
      const sum = new Map<string, bigint>();
      for (const { name, weight } of round) sum.set(name, (sum.get(name) ?? 0n) + weight);
      return sum;
    });
    let counted = 0n;
    for (const sum of sums) {
      const total = [...sum.values()].reduce((all, weight) => all + weight, 0n);
      const taken = total < left ? total : left;
      if (taken === 0n) break;
      for (const [name, weight] of sum) add(name, weight * taken, total);
      counted += taken;
      left -= taken;
    }

    const text = (weight: bigint) => (Number(weight) / 100).toFixed(2);
    const asShares = (turned: boolean, spell: (name: string) => string) =>
      sums.map((sum) => {
        const entries = [...sum].map(([name, weight]): [string, string] => [
          spell(name),
          text(weight),
        ]);
        return new Map(turned ? entries.toReversed() : entries);
      });
    const same = (name: string) => name;
    const parts = pplns(satoshis(reward), asShares(false, same), text(window));
    assert.equal(
      [...parts.values()].reduce((all, part) => all + part, 0n),
      reward,
      where,
    );
    for (const [name, { over, under }] of exact) {
      const floor = (reward * over) / (under * counted);
      const part = parts.get(name) ?? 0n;
      assert.ok(part === floor || part === floor + 1n, `${where}: ${name} ${part} of ${floor}`);
    }
    for (const name of parts.keys()) assert.ok(exact.has(name), where);
    const sorted = (map: ReadonlyMap<string, bigint>, spell: (name: string) => string) =>
      [...map].map(([name, part]) => `${spell(name)} ${part}`).sort();
    const expected = sorted(parts, same);
    assert.deepEqual(
      sorted(pplns(satoshis(reward), asShares(true, same), text(window)), same),
      expected,
      where,
    );
    const upper = pplns(
      satoshis(reward),
      asShares(false, (name) => name.toUpperCase()),
      text(window),
    );
    assert.deepEqual(
      sorted(upper, (name) => name.toLowerCase()),
      expected,
      where,
    );
  }
});
