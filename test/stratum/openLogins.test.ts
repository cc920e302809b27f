import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SubmitMessage } from '../../libs/stratum/messages.ts';
import { OpenLogins } from '../../libs/stratum/openLogins.ts';

const submit = (worker: string, id = 0): SubmitMessage => ({
  kind: 'submit',
  id,
  worker,
  jobId: '1',
  extranonce2: '00000000',
  ntime: '504e86ed',
  nonce: '00000000',
  versionBits: undefined,
});

test('submits wait for the login of their worker, 64 of them, and come out in order', () => {
  const logins = new OpenLogins();
  assert.equal(logins.hold(submit('a')), false);
  logins.begin('a');
  for (let id = 0; id < 64; id++) assert.equal(logins.hold(submit('a', id)), true);
  assert.equal(logins.hold(submit('a', 64)), false);
  assert.equal(logins.hold(submit('b')), false);
  const ids = logins.settle('a', false).map(({ id }) => id);
  assert.deepEqual(
    ids,
    Array.from({ length: 64 }, (_, id) => id),
  );
  assert.equal(logins.size, 0);
});

test('of several logins of one name the first good one lets the submits through, a bad one waits for the next', () => {
  const logins = new OpenLogins();
  for (let login = 0; login < 3; login++) logins.begin('a');
  logins.hold(submit('a', 1));
  assert.deepEqual(logins.settle('a', false), []);
  assert.deepEqual(
    logins.settle('a', true).map(({ id }) => id),
    [1],
  );
  logins.hold(submit('a', 2));
  assert.equal(logins.settle('a', false).length, 1);
  assert.equal(logins.size, 0);
  assert.deepEqual(logins.settle('a', true), []);
});

test('what waits on one connection is bounded in characters, and makes room as it leaves', () => {
  const logins = new OpenLogins();
  const long = (worker: string): SubmitMessage => ({
    ...submit(worker),
    nonce: '0'.repeat(10_000),
  });
  for (let worker = 0; worker < 10; worker++) logins.begin(`w${worker}`);
  const held = (): number =>
    Array.from({ length: 10 }, (_, worker) => logins.hold(long(`w${worker}`))).filter(Boolean)
      .length;
  assert.equal(held(), 6);
  assert.equal(logins.settle('w0', true).length, 1);
  assert.equal(held(), 1);
});
