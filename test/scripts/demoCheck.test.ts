import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChainBooks, PoolBooks } from '../../scripts/demo/books.ts';
import { disagreements, type Evidence, paidByAddress } from '../../scripts/demo/check.ts';

// A block of 50.00001411 coins: one percent of it, rounded down, is 0.50000014.
const reward = 5_000_001_411n;
const fee = 50_000_014n;
const forMiners = reward - fee;

interface Changes {
  readonly pool?: Partial<PoolBooks>;
  readonly chain?: Partial<ChainBooks>;
  readonly evidence?: Partial<Evidence>;
}

/** Books that agree, but for the changes. */
function evidence({ pool, chain, evidence: rest }: Changes = {}): Evidence {
  return {
    pool: {
      balances: new Map([['bob.rig', 1_000n]]),
      payouts: new Map([
        ['ann.one', 2_000_000_000n],
        ['ann.two', 1_000_000_000n],
        ['bob.rig', forMiners - 3_000_001_000n],
      ]),
      paying: false,
      pending: [],
      confirmed: [{ blockHash: 'b1', height: 104 }],
      orphaned: [],
      kicked: [],
      validShares: 12,
      ...pool,
    },
    chain: {
      height: 210,
      received: new Map([
        ['ann', 3_000_000_000n],
        ['bob', forMiners - 3_000_001_000n],
      ]),
      coinbases: new Map([['b1', coinbase({})]]),
      ...chain,
    },
    poolAddress: 'pool',
    feeAddress: 'fee',
    acknowledged: 12,
    foundBlocks: ['b1'],
    ...rest,
  };
}

function coinbase({ pool = forMiners, recipient = fee }) {
  return [
    { address: undefined, value: 0n },
    { address: 'pool', value: pool },
    { address: 'fee', value: recipient },
  ];
}

test('books that agree give no sentence', () => {
  assert.deepEqual(disagreements(evidence()), []);
});

test('workers of one address are added up', () => {
  assert.deepEqual(
    paidByAddress(
      new Map([
        ['ann.one', 2n],
        ['ann', 3n],
        ['bob.x', 4n],
      ]),
    ),
    new Map([
      ['ann', 5n],
      ['bob', 4n],
    ]),
  );
});

const wrongs: readonly (readonly [string, Changes, RegExp])[] = [
  [
    'an address that received one satoshi less',
    {
      chain: {
        received: new Map([
          ['ann', 2_999_999_999n],
          ['bob', forMiners - 3_000_001_000n],
        ]),
      },
    },
    /^ann was paid 30\.00000000 according to Redis, but the chain shows 29\.99999999/,
  ],
  ['nothing paid at all', { pool: { payouts: new Map() } }, /^Nobody was paid/],
  [
    'a satoshi that was credited to nobody',
    { pool: { balances: new Map([['bob.rig', 999n]]) } },
    /^The confirmed blocks gave the pool 49\.50001397/,
  ],
  ['a payment under way', { pool: { paying: true } }, /^A payment is still under way/],
  [
    'a recipient that got more than one percent rounded down',
    {
      chain: {
        coinbases: new Map([['b1', coinbase({ pool: forMiners - 1n, recipient: fee + 1n })]]),
      },
    },
    /^Block 104 pays its recipient 0\.50000015, 1 % of 50\.00001411 is 0\.50000014/,
  ],
  [
    'an acknowledged block that the pool lost',
    {
      evidence: { foundBlocks: ['b1', 'b2'] },
      chain: {
        coinbases: new Map([
          ['b1', coinbase({})],
          ['b2', coinbase({})],
        ]),
      },
    },
    /^Block b2 is ours and on the chain, but the pool does not know it/,
  ],
  [
    'a credited block that none of the miners found',
    { evidence: { foundBlocks: [] } },
    /^Block b1 was found by none of our miners/,
  ],
  [
    'a credited block that is not on the chain',
    { chain: { coinbases: new Map() } },
    /^Block b1 was credited, but is not on the chain/,
  ],
  [
    'a share that was acknowledged and not counted',
    { evidence: { acknowledged: 13 } },
    /^The miners had 13 shares acknowledged, but the pool counts 12/,
  ],
];

for (const [what, changes, sentence] of wrongs) {
  test(`the check tells of ${what}`, () => {
    const found = disagreements(evidence(changes));
    assert.ok(
      found.some((line) => sentence.test(line)),
      found.join('\n'),
    );
  });
}

test('a block that lost against another of its height is no loss', () => {
  assert.deepEqual(disagreements(evidence({ evidence: { foundBlocks: ['b1', 'loser'] } })), []);
});
