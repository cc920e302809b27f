import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MposError, mposError } from '../../../libs/shares/mpos/errors.ts';
import { until } from '../../support/until.ts';
import { mariaForTests } from './ground.ts';

const maria = mariaForTests();

test('an outage is said once, waited out, and its end is said', async (t) => {
  const ground = await maria.ground(t);
  const { database, server, lines } = ground;
  await database.once((session) => session.rows('SELECT 1'));
  let returns = 0;
  database.onReturn(() => {
    returns += 1;
  });
  await server.kill('SIGKILL');
  const stop = new AbortController();
  t.after(() => stop.abort());
  const works = Array.from({ length: 5 }, () =>
    database.untilDone(
      () => database.once((session) => session.rows('SELECT 1 AS one')),
      () => 'Things wait',
      stop.signal,
    ),
  );
  await until('it is said', () => lines.length > 0);
  await server.restart();
  for (const rows of await Promise.all(works)) assert.equal(rows[0]?.['one'], 1);
  const waits = lines.filter((line) => line.includes('Things wait'));
  assert.equal(waits.length, 1, lines.join(''));
  assert.match(waits[0] ?? '', /\[warning\].*Things wait: MySQL at 127\.0\.0\.1:\d+.*is away/);
  assert.equal(lines.filter((line) => line.includes('works again')).length, 1);
  assert.ok(returns >= 1);
});

test('a transaction whose work fails leaves nothing, and its connection is good for the next', async (t) => {
  const { database, rows } = await maria.ground(t);
  const insert = "INSERT INTO accounts (username) VALUES ('a')";
  await assert.rejects(
    database.transaction(async (session) => {
      await session.change(insert);
      await session.change(insert);
    }),
    { code: 'MPOS_DUPLICATE' },
  );
  assert.equal((await rows('SELECT id FROM accounts')).length, 0);
  await database.transaction((session) => session.change(insert));
  assert.equal((await rows('SELECT id FROM accounts')).length, 1);
});

test('more work than connections is done one after the other', async (t) => {
  const { database } = await maria.ground(t);
  const ids = await Promise.all(
    Array.from({ length: 50 }, () =>
      database.once(async (session) => {
        const [row] = await session.rows('SELECT CONNECTION_ID() AS id');
        return row?.['id'];
      }),
    ),
  );
  assert.ok(new Set(ids).size <= 3);
});

test('a database that is not there is an error to be mended, not an outage', async (t) => {
  const { database } = await maria.ground(t, { config: { database: 'no_such' } });
  const error = await database.once((session) => session.rows('SELECT 1')).catch((e) => e);
  assert.ok(error instanceof MposError);
  assert.deepEqual([error.code, error.trouble], ['MPOS_ACCESS', 'permanent']);
});

test('a server error that quotes a value keeps the value to itself', () => {
  const told = Object.assign(
    new Error("Incorrect string value: 'canary' for column `mpos`.`pool_worker`.`password`"),
    { errno: 1366, code: 'ER_TRUNCATED_WRONG_VALUE_FOR_FIELD', sqlState: '22007' },
  );
  const { message, code } = mposError(told, 'MySQL');
  assert.equal(code, 'MPOS_REFUSED');
  assert.doesNotMatch(message, /canary/);
});

test('errors of the connection are outages', () => {
  for (const code of ['ECONNREFUSED', 'ETIMEDOUT', 'PROTOCOL_CONNECTION_LOST']) {
    const error = mposError(Object.assign(new Error(code), { code, errno: -111 }), 'MySQL');
    assert.deepEqual([error.code, error.trouble], ['MPOS_DOWN', 'transient']);
  }
});
