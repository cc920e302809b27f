import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Choice, type Tip, Tips } from '../../libs/pool/tips.ts';

const tip = (height: number, fork = ''): Tip => ({ hash: `${height}${fork}`, height });

/** Each daemon says one tip, or (undefined) nothing. */
function tipsOf(...said: readonly (Tip | undefined)[]): Tips {
  const tips = new Tips(said.length);
  for (const [index, word] of said.entries()) {
    if (word !== undefined) tips.said(index, word, tips.turn());
  }
  return tips;
}

const say = (tips: Tips, index: number, word: Tip): void => tips.said(index, word, tips.turn());

const follow = (of: Tip, ...daemons: number[]): Choice => ({ kind: 'follow', tip: of, daemons });

test('nothing is known before a daemon has spoken', () => {
  assert.deepEqual(tipsOf(undefined, undefined).choose(undefined), { kind: 'unknown' });
});

test('the daemon with the most blocks is followed, wherever it stands in the list', () => {
  assert.deepEqual(tipsOf(tip(99), tip(101), tip(100)).choose(tip(100)), follow(tip(101), 1));
});

test('of several daemons on the same block the first of the list comes first', () => {
  const tips = tipsOf(tip(99), tip(100), tip(100));
  assert.deepEqual(tips.choose(undefined), follow(tip(100), 1, 2));
});

test('of two blocks of one height the current one stays while a daemon stands on it', () => {
  const tips = tipsOf(tip(100, 'x'), tip(100, 'y'));
  assert.deepEqual(tips.choose(tip(100, 'x')), follow(tip(100, 'x'), 0));
  assert.deepEqual(tips.choose(tip(100, 'y')), follow(tip(100, 'y'), 1));
  assert.deepEqual(tips.choose(undefined), follow(tip(100, 'x'), 0));
});

test('another block of the same height is taken when nobody stands on the current one any more', () => {
  const tips = tipsOf(tip(100, 'x'));
  say(tips, 0, tip(100, 'y'));
  assert.deepEqual(tips.choose(tip(100, 'x')), follow(tip(100, 'y'), 0));
});

test('a lower block is taken when the daemon of the current one has moved there by itself', () => {
  const tips = tipsOf(tip(100));
  say(tips, 0, tip(98));
  assert.deepEqual(tips.choose(tip(100)), follow(tip(98), 0));
});

test('a daemon that lags does not bring back an old block when the other one falls silent', () => {
  const tips = tipsOf(tip(100), tip(97));
  tips.silent(0);
  assert.deepEqual(tips.choose(tip(100)), { kind: 'behind', blocks: 3 });
  say(tips, 1, tip(99));
  assert.deepEqual(tips.choose(tip(100)), { kind: 'behind', blocks: 1 });
  say(tips, 1, tip(100, 'other'));
  assert.deepEqual(tips.choose(tip(100)), follow(tip(100, 'other'), 1));
});

test('a daemon that lags changes nothing while the other one has stepped back to a lower block', () => {
  const tips = tipsOf(tip(100), tip(95));
  say(tips, 0, tip(98, 'new'));
  assert.deepEqual(tips.choose(tip(100)), follow(tip(98, 'new'), 0));
});

test('while a daemon stands on the current block, another that stepped back from it is not followed', () => {
  const tips = tipsOf(tip(100), tip(100));
  say(tips, 0, tip(98));
  assert.deepEqual(tips.choose(tip(100)), follow(tip(100), 1));
});

test('a silent daemon counts again as soon as it speaks', () => {
  const tips = tipsOf(tip(100), tip(99));
  tips.silent(0);
  say(tips, 0, tip(101));
  assert.deepEqual(tips.choose(tip(100)), follow(tip(101), 0));
});

test('an answer that was overtaken by a newer one does not take the chain back', () => {
  const tips = tipsOf(tip(100));
  const asked = tips.turn();
  say(tips, 0, tip(101));
  tips.said(0, tip(100), asked);
  assert.deepEqual(tips.choose(tip(101)), follow(tip(101), 0));
  const again = tips.turn();
  say(tips, 0, tip(101));
  tips.said(0, tip(102), again);
  assert.deepEqual(tips.choose(tip(101)), follow(tip(102), 0));
});

test('a guessed height is acted on, and not remembered', () => {
  const tips = tipsOf(tip(100), tip(100));
  tips.said(0, { hash: 'new', height: 101 }, tips.turn(), true);
  assert.deepEqual(tips.choose(tip(100)), follow({ hash: 'new', height: 101 }, 0));
  assert.equal(tips.heightOf('new'), undefined);
  say(tips, 0, { hash: 'new', height: 99 });
  assert.deepEqual(tips.choose(tip(100)), follow(tip(100), 1));
});

test('heights of blocks that any daemon stood on are remembered, of the last 32 each', () => {
  const tips = tipsOf(tip(1), tip(7));
  say(tips, 0, tip(2));
  assert.equal(tips.heightOf('1'), 1);
  assert.equal(tips.heightOf('7'), 7);
  assert.equal(tips.heightOf('3'), undefined);
  for (let height = 3; height <= 33; height++) say(tips, 0, tip(height));
  assert.equal(tips.heightOf('1'), undefined);
  assert.equal(tips.heightOf('2'), 2);
});
