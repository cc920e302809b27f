import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  chooseCoin,
  coinsPerDay,
  type Standing,
  weightedBid,
} from '../../libs/switching/profit.ts';

const bids = (...pairs: [number, number][]) =>
  pairs.map(([price, quantity]) => ({ price, quantity }));

const closeTo = (actual: number | undefined, expected: number) => {
  assert.ok(actual !== undefined && Math.abs(actual / expected - 1) < 1e-12, `${actual}`);
};

test('the weighted bid is the mean price of the bids that are no further than depth below the best', () => {
  const book = bids([0.01, 100], [0.0095, 50], [0.0089, 1000]);
  // At 0.9 the limit is 0.009: (0.01 × 100 + 0.0095 × 50) / 150 = 1.475 / 150.
  closeTo(weightedBid(book, 0.9), 1.475 / 150);
  // At 0.95 the limit is 0.0095, which still counts.
  closeTo(weightedBid(book, 0.95), 1.475 / 150);
  // At 1 only the best one counts.
  closeTo(weightedBid(book, 1), 0.01);
  // At 0 all: (1 + 0.475 + 8.9) / 1150.
  closeTo(weightedBid(book, 0), 10.375 / 1150);
});

test('the order of the bids does not matter, and offers of nothing do not count', () => {
  closeTo(weightedBid(bids([2, 1], [0.1, 9], [4, 3], [3.9, 1]), 0.5), (2 + 12 + 3.9) / 5);
  closeTo(weightedBid(bids([30_736, 0.5], [90_000, 0]), 0.9), 30_736);
});

test('a book in which nobody buys has no weighted bid', () => {
  assert.equal(weightedBid([], 0.9), undefined);
  assert.equal(weightedBid(bids([1, 0]), 0.9), undefined);
});

test('coins of a day are 86,400 s × 10^6 hashes, over difficulty × 2^32 hashes a block, times its reward', () => {
  // 8.64e10 / 4294967296 = 20.116567611694336 blocks a day at difficulty 1.
  closeTo(coinsPerDay(1, 1), 20.116567611694336);
  closeTo(coinsPerDay(1, 50), 1005.8283805847168);
  // Litecoin-like: 20.1165… / 30,000,000 × 6.25.
  closeTo(coinsPerDay(30_000_000, 6.25), 4.190951585769653e-6);
  // 2^32 hashes a block of one coin, at 2^32 / 86,400 / 10^6 MH/s: one coin a day.
  closeTo(coinsPerDay(1, 1) * (2 ** 32 / 86_400 / 1e6), 1);
});

const coin = (name: string, btcPerDay: number | undefined, running = true): Standing => ({
  ...{ coin: name, running, btcPerDay },
});

const table: readonly {
  readonly rule: string;
  readonly current: string;
  readonly standings: readonly Standing[];
  readonly gain?: number;
  readonly chosen: string;
}[] = [
  {
    rule: 'the coin that pays most is chosen',
    current: 'a',
    standings: [coin('a', 1), coin('b', 2), coin('c', 3)],
    chosen: 'c',
  },
  {
    rule: 'equals do not change places, in either direction',
    current: 'a',
    standings: [coin('a', 2), coin('b', 2)],
    chosen: 'stay: best',
  },
  {
    rule: 'equals do not change places, in either direction',
    current: 'b',
    standings: [coin('a', 2), coin('b', 2)],
    chosen: 'stay: best',
  },
  {
    rule: 'a gain of exactly minimumGain is not enough: 110 is 10 % more than 100',
    current: 'a',
    standings: [coin('a', 100), coin('b', 110)],
    gain: 10,
    chosen: 'stay: gain',
  },
  {
    rule: 'a gain of more than minimumGain is',
    current: 'a',
    standings: [coin('a', 100), coin('b', 110.1)],
    gain: 10,
    chosen: 'b',
  },
  {
    rule: 'without minimumGain any gain is enough',
    current: 'a',
    standings: [coin('a', 100), coin('b', 100.001)],
    chosen: 'b',
  },
  {
    rule: 'a coin whose pool does not run is never chosen',
    current: 'a',
    standings: [coin('a', 1), coin('b', 2), coin('c', 9, false)],
    chosen: 'b',
  },
  {
    rule: 'a coin whose pool does not run is left, whatever the gain',
    current: 'a',
    standings: [coin('a', 9, false), coin('b', 1), coin('c', 2)],
    gain: 50,
    chosen: 'c',
  },
  {
    rule: 'with one running coin there is nothing to choose',
    current: 'a',
    standings: [coin('a', 1, false), coin('b', 2)],
    chosen: 'stay: onlyOne',
  },
  {
    rule: 'without any figure nothing is chosen',
    current: 'a',
    standings: [coin('a', undefined), coin('b', undefined)],
    chosen: 'stay: noFigures',
  },
  {
    rule: 'without any figure nothing is chosen, not even when the current pool does not run',
    current: 'a',
    standings: [coin('a', undefined, false), coin('b', undefined), coin('c', undefined)],
    chosen: 'stay: noFigures',
  },
  {
    rule: 'a current coin whose worth is not known is kept',
    current: 'a',
    standings: [coin('a', undefined), coin('b', 5)],
    chosen: 'stay: currentUnknown',
  },
  {
    rule: 'a coin whose worth is not known is not chosen',
    current: 'a',
    standings: [coin('a', 1), coin('b', undefined), coin('c', 2)],
    chosen: 'c',
  },
  {
    rule: 'a coin that no exchange trades is worth nothing, and is left',
    current: 'a',
    standings: [coin('a', 0), coin('b', 1e-12)],
    gain: 1000,
    chosen: 'b',
  },
  {
    rule: 'coins that no exchange trades are not chosen',
    current: 'a',
    standings: [coin('a', 0), coin('b', 0)],
    chosen: 'stay: noFigures',
  },
];

for (const { rule, current, standings, gain = 0, chosen } of table) {
  const from = standings.map(({ coin: name, btcPerDay }) => `${name} ${btcPerDay}`).join(', ');
  test(`${rule} (${from}; now ${current})`, () => {
    const choice = chooseCoin(current, standings, gain);
    assert.equal(choice.kind === 'switch' ? choice.coin : `stay: ${choice.why}`, chosen);
  });
}
