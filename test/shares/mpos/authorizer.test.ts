import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../libs/primitives/units.ts';
import { createMposAuthorizer, type MposAuthorizer } from '../../../libs/shares/mpos/authorizer.ts';
import { mposTables } from '../../support/mposTables.ts';
import { until } from '../../support/until.ts';
import { type Ground, mariaForTests } from './ground.ts';

const maria = mariaForTests();

interface Rules {
  readonly validateWorkerUsername?: boolean;
  readonly checkPassword?: boolean;
  readonly autoCreateWorker?: boolean;
}

function authorizerOf(ground: Ground, rules: Rules): MposAuthorizer {
  return createMposAuthorizer({
    validateWorkerUsername: false,
    checkPassword: false,
    autoCreateWorker: false,
    ...rules,
    database: ground.database,
    coin: 'testcoin',
    log: ground.log,
    now: systemClock,
  });
}

const ask = (authorize: MposAuthorizer, worker: string, password = 'x') =>
  authorize({ worker, password, ip: '127.0.0.1', port: 3008 });

async function allows(authorize: MposAuthorizer, worker: string, password?: string) {
  return (await ask(authorize, worker, password)).ok;
}

async function reasonOf(authorize: MposAuthorizer, worker: string, password?: string) {
  const answer = await ask(authorize, worker, password);
  return answer.ok ? 'ok' : answer.reason;
}

const alice = [
  "INSERT INTO accounts (id, username) VALUES (7, 'alice')",
  "INSERT INTO pool_worker (account_id, username, password) VALUES (7, 'alice.rig', 'secret')",
];

// Original rules: worker known with the right password, known with a wrong one, unknown of a known account, unknown of
// none. y: allowed. c: allowed, and there is a worker afterwards that was not there before.
const table = [
  { validate: false, create: false, check: false, outcome: 'y y y y' },
  { validate: false, create: false, check: true, outcome: 'y y y y' },
  { validate: true, create: false, check: false, outcome: 'y y - -' },
  { validate: true, create: false, check: true, outcome: 'y - - -' },
  { validate: false, create: true, check: false, outcome: 'y y c -' },
  { validate: false, create: true, check: true, outcome: 'y - c -' },
  { validate: true, create: true, check: false, outcome: 'y y c -' },
  { validate: true, create: true, check: true, outcome: 'y - c -' },
];

for (const { validate, create, check, outcome } of table) {
  test(`validateWorkerUsername ${validate}, autoCreateWorker ${create}, checkPassword ${check}: ${outcome}`, async (t) => {
    const ground = await maria.ground(t);
    await ground.rows(...alice);
    const authorize = authorizerOf(ground, {
      validateWorkerUsername: validate,
      autoCreateWorker: create,
      checkPassword: check,
    });
    const tries = [
      ['Alice.Rig', 'secret'],
      ['alice.rig', 'wrong'],
      ['ALICE.new', 'mine'],
      ['nobody.rig', 'x'],
    ] as const;
    const seen: string[] = [];
    for (const [worker, password] of tries) {
      const before = await ground.rows('SELECT id FROM pool_worker');
      const ok = await allows(authorize, worker, password);
      const after = await ground.rows('SELECT id FROM pool_worker');
      seen.push(after.length > before.length ? 'c' : ok ? 'y' : '-');
      assert.ok(ok || after.length === before.length);
    }
    assert.equal(seen.join(' '), outcome);
    if (!create) return;
    const [made] = await ground.rows(
      "SELECT account_id, username, password FROM pool_worker WHERE username <> 'alice.rig'",
    );
    assert.deepEqual({ ...made }, { account_id: 7, username: 'alice.new', password: 'mine' });
  });
}

test('a name without a dot is the account itself', async (t) => {
  const ground = await maria.ground(t);
  await ground.rows(...alice);
  assert.equal(await allows(authorizerOf(ground, { autoCreateWorker: true }), 'alice'), true);
  const rows = await ground.rows("SELECT account_id FROM pool_worker WHERE username = 'alice'");
  assert.equal(rows[0]?.['account_id'], 7);
});

test('names of 50 characters are known, of 51 refused with a reason where workers are looked up', async (t) => {
  const ground = await maria.ground(t);
  await ground.rows(...alice);
  const authorize = authorizerOf(ground, { validateWorkerUsername: true, autoCreateWorker: true });
  assert.equal(await allows(authorize, `alice.${'r'.repeat(44)}`), true);
  assert.match(await reasonOf(authorize, `alice.${'r'.repeat(45)}`), /longer than 50 characters/);
});

test('names of 120 characters are taken, of 121 refused with a reason where everyone may log in', async (t) => {
  const ground = await maria.ground(t);
  const authorize = authorizerOf(ground, {});
  assert.equal(await allows(authorize, 'w'.repeat(120)), true);
  assert.match(await reasonOf(authorize, 'w'.repeat(121)), /longer than 120 characters/);
});

test('quotes, backslashes and Unicode in names and passwords are text like any other', async (t) => {
  const ground = await maria.ground(t);
  await ground.rows("INSERT INTO accounts (id, username) VALUES (9, 'o''neil')");
  const authorize = authorizerOf(ground, { autoCreateWorker: true, checkPassword: true });
  const tries = [
    ["o'neil.'; DROP TABLE shares; --", "x' OR '1'='1"],
    ["o'neil.\\", '\\" \' ` % _'],
    ["o'neil.żółw 漢字", 'пароль'],
  ] as const;
  for (const [worker, password] of tries) {
    assert.equal(await allows(authorize, worker, password), true, worker);
    const rows = await ground.rows('SELECT username, password FROM pool_worker ORDER BY id DESC');
    assert.deepEqual({ ...rows[0] }, { username: worker.toLowerCase(), password });
    assert.equal(
      await allows(
        authorizerOf(ground, { validateWorkerUsername: true, checkPassword: true }),
        worker,
        password,
      ),
      true,
    );
    assert.equal(await reasonOf(authorize, worker, `${password}!`), 'the password is wrong');
  }
  assert.equal((await ground.rows("SHOW TABLES LIKE 'shares'")).length, 1);
});

test('letters that the column has no room for are refused with a reason, in names and in passwords', async (t) => {
  const ground = await maria.ground(t);
  await ground.rows(...alice);
  const authorize = authorizerOf(ground, { autoCreateWorker: true });
  assert.match(await reasonOf(authorize, 'alice.🦊'), /name has letters that the database cannot/);
  assert.match(await reasonOf(authorize, 'alice.b', '🦊'), /password has letters/);
  assert.match(
    await reasonOf(authorize, 'alice.b', 'p'.repeat(256)),
    /password is longer than 255/,
  );
});

test('a password column that holds a hash is text: the hash itself is the password', async (t) => {
  const ground = await maria.ground(t);
  const hash = 'e'.repeat(64);
  await ground.rows(
    `INSERT INTO pool_worker (account_id, username, password) VALUES (1, 'a.b', '${hash}')`,
  );
  const authorize = authorizerOf(ground, { validateWorkerUsername: true, checkPassword: true });
  assert.equal(await allows(authorize, 'a.b', hash), true);
  assert.equal(await reasonOf(authorize, 'a.b', 'e'), 'the password is wrong');
});

test('a worker without a password is nobody’s when passwords are checked', async (t) => {
  const ground = await maria.ground(t);
  await ground.rows("INSERT INTO pool_worker (account_id, username) VALUES (1, 'a.b')");
  const rules = { validateWorkerUsername: true, checkPassword: true };
  assert.equal(await allows(authorizerOf(ground, rules), 'a.b', ''), false);
  assert.equal(
    await allows(authorizerOf(ground, { ...rules, checkPassword: false }), 'a.b', ''),
    true,
  );
});

test('an account that vanishes before its worker is made leaves no worker behind', async (t) => {
  const ground = await maria.ground(t);
  await ground.rows(...alice);
  const authorize = authorizerOf(ground, { autoCreateWorker: true });
  assert.equal(await reasonOf(authorize, 'bob.rig'), 'there is no such account in MPOS');
  await ground.rows("DELETE FROM accounts WHERE username = 'alice'");
  assert.equal(await reasonOf(authorize, 'alice.other'), 'there is no such account in MPOS');
  // A worker that is there does not need it.
  assert.equal(await allows(authorize, 'alice.rig'), true);
  assert.equal((await ground.rows('SELECT id FROM pool_worker')).length, 1);
});

test('two forks that make one worker at the same time make one row, and both let it in', async (t) => {
  const ground = await maria.ground(t);
  await ground.rows(...alice);
  const forks = [1, 2].map(() =>
    authorizerOf(ground, { autoCreateWorker: true, checkPassword: true }),
  );
  const answers = await Promise.all(forks.map((authorize) => allows(authorize, 'alice.twin', 'p')));
  assert.deepEqual(answers, [true, true]);
  assert.equal(
    (await ground.rows("SELECT id FROM pool_worker WHERE username = 'alice.twin'")).length,
    1,
  );
});

test('a flood of logins is one question to the database for each name', async (t) => {
  const ground = await maria.ground(t);
  await ground.rows(...alice);
  const authorize = authorizerOf(ground, { validateWorkerUsername: true, checkPassword: true });
  const asked = async () => {
    const [row] = await ground.rows("SHOW GLOBAL STATUS LIKE 'Com_stmt_execute'");
    return Number(row?.['Value']);
  };
  assert.equal(await allows(authorize, 'alice.rig', 'secret'), true);
  const before = await asked();
  const answers = await Promise.all(
    Array.from({ length: 2_000 }, (_, i) =>
      allows(authorize, i % 2 === 0 ? 'alice.rig' : 'nobody.rig', 'secret'),
    ),
  );
  assert.equal(answers.filter(Boolean).length, 1_000);
  assert.equal((await asked()) - before, 1);
});

test('a missing table refuses the login, and the log names it and no password', async (t) => {
  const ground = await maria.ground(t, { tables: [mposTables.shares] });
  const authorize = authorizerOf(ground, { validateWorkerUsername: true, autoCreateWorker: true });
  assert.match(
    await reasonOf(authorize, 'alice.rig', 'canary-password'),
    /cannot be looked up|try again/,
  );
  const [line = ''] = ground.lines;
  assert.match(line, /\[error\].*no table pool_worker.*no table accounts/);
  assert.doesNotMatch(ground.lines.join(''), /canary-password/);
});

test('a missing column is named', async (t) => {
  const lame = 'CREATE TABLE pool_worker (id int PRIMARY KEY, username char(50))';
  const ground = await maria.ground(t, { tables: [lame] });
  const authorize = authorizerOf(ground, { validateWorkerUsername: true });
  assert.equal(await allows(authorize, 'alice.rig'), false);
  assert.match(ground.lines.join(''), /table pool_worker lacks account_id, password, difficulty/);
});

test('wrong credentials refuse the login with a clear line and are tried again at the next one', async (t) => {
  const ground = await maria.ground(t, { config: { password: 'canary-wrong' } });
  await ground.rows(...alice);
  const authorize = authorizerOf(ground, { validateWorkerUsername: true });
  assert.equal(await allows(authorize, 'alice.rig', 'p'), false);
  assert.equal(await allows(authorize, 'alice.rig', 'p'), false);
  assert.equal(ground.lines.length, 1);
  assert.match(ground.lines[0] ?? '', /\[error\].*Access denied for user 'pool'/);
  assert.doesNotMatch(ground.lines.join(''), /canary-wrong/);
  await ground.rows("ALTER USER 'pool'@'%' IDENTIFIED BY 'canary-wrong'");
  await until('the login is good', () => allows(authorize, 'alice.rig', 'p'));
  await ground.rows("ALTER USER 'pool'@'%' IDENTIFIED BY 'canary-db-password'");
});

test('a database that hangs refuses logins in time, and takes them when it goes on', async (t) => {
  const ground = await maria.ground(t, { statementMillis: 300 });
  await ground.rows(...alice);
  const authorize = authorizerOf(ground, { validateWorkerUsername: true });
  assert.equal(await allows(authorize, 'alice.rig'), true);
  await ground.server.kill('SIGSTOP');
  try {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => allows(authorize, `alice.r${i}`)),
    );
    assert.ok(answers.every((ok) => !ok));
  } finally {
    await ground.server.kill('SIGCONT');
  }
  await until('the login is good', () => allows(authorize, 'alice.rig'));
});
