import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplyError } from 'ioredis';
import { explainOutage, toRedisError } from '../../libs/redis/errors.ts';

// Sentences of Redis 7.0 and 6.2, as its sources spell them.
const replies: readonly [string, string, string][] = [
  ['LOADING Redis is loading the dataset in memory', 'REDIS_LOADING', 'transient'],
  ["READONLY You can't write against a read only replica.", 'REDIS_READONLY', 'transient'],
  ["OOM command not allowed when used memory > 'maxmemory'.", 'REDIS_OOM', 'transient'],
  ['BUSY Redis is busy running a script.', 'REDIS_BUSY', 'transient'],
  ['CLUSTERDOWN The cluster is down', 'REDIS_CLUSTERDOWN', 'transient'],
  [
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    'REDIS_MASTERDOWN',
    'transient',
  ],
  ['MISCONF Redis is configured to save RDB snapshots, but', 'REDIS_MISCONF', 'transient'],
  ['NOAUTH Authentication required.', 'REDIS_NOAUTH', 'transient'],
  [
    'WRONGTYPE Operation against a key holding the wrong kind of value',
    'REDIS_WRONGTYPE',
    'permanent',
  ],
  ["NOPERM this user has no permissions to run the 'eval' command", 'REDIS_NOPERM', 'permanent'],
  ["CROSSSLOT Keys in request don't hash to the same slot", 'REDIS_CROSSSLOT', 'permanent'],
  ["ERR unknown command 'foo'", 'REDIS_ERR', 'permanent'],
  [
    "ERR Error running script (call to f_08cac73): @user_script:3: @user_script: 3: -OOM command not allowed when used memory > 'maxmemory'.",
    'REDIS_OOM',
    'transient',
  ],
];

test('replies that go away by themselves are transient, those that a person must repair permanent', () => {
  for (const [sentence, code, trouble] of replies) {
    const error = toRedisError(new ReplyError(sentence), 'here:6379');
    assert.deepEqual([error.code, error.trouble, error.mayHaveRun], [code, trouble, false]);
    assert.match(error.message, /here:6379/);
  }
});

test('a lost connection is transient and leaves open whether the command ran', () => {
  const error = toRedisError(new Error('Connection is closed.'), 'here:6379');
  assert.deepEqual(
    [error.code, error.trouble, error.mayHaveRun],
    ['REDIS_DOWN', 'transient', true],
  );
});

test('a command that never left is known not to have run', () => {
  const never = new Error("Stream isn't writeable and enableOfflineQueue options is false");
  assert.equal(toRedisError(never, 'here:6379').mayHaveRun, false);
});

test('an outage is explained with what the operator must do', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  assert.match(explainOutage(refused), /is it running/);
  assert.match(explainOutage(new ReplyError('NOAUTH Authentication required.')), /redis\.password/);
  assert.match(
    explainOutage(new ReplyError('WRONGPASS invalid username-password pair')),
    /refuses the password/,
  );
  assert.match(explainOutage(new ReplyError('ERR DB index is out of range')), /redis\.db/);
  assert.match(explainOutage(new Error('strange')), /strange/);
});
