import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HandBackFacts, judgeHandBack } from '../../libs/payments/handBack.ts';

const quiet: HandBackFacts = {
  coin: 'litecoin',
  paused: true,
  openBatch: undefined,
  openBlocks: [],
  rounds: [{ member: 'a:b:7', workers: 2, solo: false }],
  owed: '3.5',
  problem: undefined,
};

test('a paused coin without an open batch, whose pending blocks have shares, can go back', () => {
  assert.deepEqual(judgeHandBack(quiet), {
    coin: 'litecoin',
    ready: true,
    obstacles: [],
    owed: '3.5',
    pendingBlocks: 1,
  });
});

const inTheWay: readonly (readonly [string, Partial<HandBackFacts>, RegExp])[] = [
  ['payments that are not paused', { paused: false }, /payments pause litecoin/],
  ['an open batch', { openBatch: 'x' }, /batch x is open: its money is not in balances/],
  ['a block that no daemon has judged yet', { openBlocks: ['ab'] }, /Block ab is neither/],
  ['a balance that cannot be read', { problem: 'it is abc' }, /it is abc/],
  [
    'a SOLO block',
    { rounds: [{ member: 'a:b:7', workers: 0, solo: true }] },
    /a:b:7 belongs to its finder alone/,
  ],
  [
    'a block without shares',
    { rounds: [{ member: 'a:b:7', workers: 0, solo: false }] },
    /a:b:7 has no shares/,
  ],
];
for (const [what, facts, sentence] of inTheWay) {
  test(`${what} is in the way of going back`, () => {
    const { ready, obstacles } = judgeHandBack({ ...quiet, ...facts });
    assert.equal(ready, false);
    assert.equal(obstacles.length, 1);
    assert.match(obstacles[0] ?? '', sentence);
  });
}
