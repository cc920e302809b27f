import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../../libs/primitives/units.ts';
import { RedisError } from '../../../libs/redis/errors.ts';
import { Memo } from '../../../libs/website/data/memo.ts';

const down = new RedisError('REDIS_DOWN', 'away', { trouble: 'transient', mayHaveRun: false });

test('the same question is asked once within its time, and once by many at a time', async () => {
  let time = 0;
  let asked = 0;
  const memo = new Memo<number>(() => millis(time), 1_000, 10);
  const read = async () => ++asked;
  const all = await Promise.all([memo.get('q', read), memo.get('q', read), memo.get('q', read)]);
  assert.deepEqual(
    all.map(({ value }) => value),
    [1, 1, 1],
  );
  time = 999;
  assert.deepEqual(await memo.get('q', read), { value: 1, stale: false });
  time = 1_000;
  assert.deepEqual(await memo.get('q', read), { value: 2, stale: false });
});

test('while Redis is away the last answer stands, marked; a first question fails', async () => {
  let time = 0;
  const memo = new Memo<number>(() => millis(time), 1_000, 10);
  await memo.get('q', async () => 7);
  time = 5_000;
  const fail = () => Promise.reject(down);
  assert.deepEqual(await memo.get('q', fail), { value: 7, stale: true });
  await assert.rejects(memo.get('other', fail), { code: 'REDIS_DOWN' });
  // A mistake of ours is not hidden behind an old answer.
  await assert.rejects(
    memo.get('q', () => Promise.reject(new TypeError('bug'))),
    TypeError,
  );
});

test('no more answers are kept than allowed: the oldest goes', async () => {
  const memo = new Memo<string>(() => millis(0), 1_000, 2);
  for (const name of ['a', 'b', 'c']) await memo.get(name, async () => name);
  let asked = 0;
  const again = async () => {
    asked += 1;
    return 'new';
  };
  await memo.get('b', again);
  await memo.get('c', again);
  assert.equal(asked, 0);
  await memo.get('a', again);
  assert.equal(asked, 1);
});
