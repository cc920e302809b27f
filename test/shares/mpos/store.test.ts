import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { difficulty, systemClock } from '../../../libs/primitives/units.ts';
import { createMposRounds } from '../../../libs/shares/mpos/rounds.ts';
import { createMposStore } from '../../../libs/shares/mpos/store.ts';
import type { FoundBlock, ShareRecord, ShareStore } from '../../../libs/shares/types.ts';
import { mposTables } from '../../support/mposTables.ts';
import { until } from '../../support/until.ts';
import { sampleShare } from '../sampleShare.ts';
import { type Ground, mariaForTests } from './ground.ts';

const maria = mariaForTests();
const blockHash = '00000000000000000007878ec04bb2b2e12317804810f4c26033585b3f81ffaa';

function storeOf(t: TestContext, ground: Ground, writerId = 'w1', multiplier = 1): ShareStore {
  const stop = new AbortController();
  t.after(() => stop.abort());
  return createMposStore({
    database: ground.database,
    coin: 'testcoin',
    multiplier,
    writerId,
    now: systemClock,
    signal: stop.signal,
    waiting: () => 3,
  });
}

function roundsOf(t: TestContext, ground: Ground) {
  const stop = new AbortController();
  t.after(() => stop.abort());
  return createMposRounds({
    database: ground.database,
    coin: 'testcoin',
    multiplier: 256,
    now: systemClock,
    signal: stop.signal,
  });
}

const fresh = (change: Partial<ShareRecord> = {}): ShareRecord => ({
  ...sampleShare({ time: Date.now() }),
  ...change,
});

const block: FoundBlock = {
  height: 100,
  blockHash,
  txHash: 'ab'.repeat(32),
  finder: 'alice.rig',
  time: systemClock(),
  reward: '5000000000',
  networkDifficulty: 1_000,
};

const sharesIn = (ground: Ground) => ground.rows('SELECT * FROM shares ORDER BY id');
const workersIn = async (ground: Ground) =>
  (await sharesIn(ground)).map(({ username }) => username);

test('a share is one row with the columns that MPOS reads', async (t) => {
  const ground = await maria.ground(t);
  const store = storeOf(t, ground, 'w1', 256);
  const outcome = await store.apply(
    1,
    [
      fresh({ worker: 'Alice.Rig', ip: '2001:db8::1' }),
      fresh({ valid: false, error: 'low difficulty share of 0.5', difficulty: difficulty(2) }),
      fresh({ blockHashInvalid: 'cd'.repeat(32) }),
    ],
    0,
  );
  assert.equal(outcome, 'applied');
  const rows = (await sharesIn(ground)).map(({ id: _, time: __, ...row }) => row);
  assert.deepEqual(rows, [
    {
      rem_host: '2001:db8::1',
      username: 'Alice.Rig',
      our_result: 'Y',
      upstream_result: 'N',
      reason: null,
      solution: '',
      // 16 × 256
      difficulty: 4_096,
    },
    {
      rem_host: '127.0.0.1',
      username: 'w1',
      our_result: 'N',
      upstream_result: 'N',
      reason: 'low difficulty share of 0.5',
      solution: '',
      difficulty: 512,
    },
    {
      rem_host: '127.0.0.1',
      username: 'w1',
      our_result: 'Y',
      upstream_result: 'N',
      reason: null,
      solution: 'cd'.repeat(32),
      difficulty: 4_096,
    },
  ]);
});

test('the time of a share is the clock of the database, less what the share had to wait', async (t) => {
  const ground = await maria.ground(t);
  const old = Date.now() - 300_000;
  await storeOf(t, ground).apply(1, [fresh(), { ...sampleShare({ time: old }) }], 0);
  const [now, late] = await ground.rows(
    'SELECT TIMESTAMPDIFF(SECOND, time, NOW()) AS age FROM shares ORDER BY id',
  );
  assert.ok(Number(now?.['age']) <= 2, `${now?.['age']}`);
  assert.ok(Math.abs(Number(late?.['age']) - 300) <= 2, `${late?.['age']}`);
});

test('a reason is cut to its column, and nothing that a miner names can hold up the shares behind it', async (t) => {
  const ground = await maria.ground(t);
  const long = 'r'.repeat(80);
  const outcome = await storeOf(t, ground).apply(
    1,
    [
      fresh({ valid: false, error: long }),
      fresh({ worker: `${'w'.repeat(119)}żż` }),
      fresh({ worker: "fox 🦊 '; DROP TABLE shares" }),
      fresh({ difficulty: difficulty(1e300) }),
      fresh({ time: sampleShare({ time: 0 }).time }),
    ],
    0,
  );
  assert.equal(outcome, 'applied');
  const rows = await sharesIn(ground);
  assert.equal(rows[0]?.['reason'], 'r'.repeat(50));
  assert.equal(rows[1]?.['username'], `${'w'.repeat(119)}ż`);
  assert.equal(rows[2]?.['username'], "fox ? '; DROP TABLE shares");
  assert.equal(rows.length, 5);
});

test('shares keep their order, however many come at once', async (t) => {
  const ground = await maria.ground(t);
  const shares = Array.from({ length: 2_500 }, (_, i) => fresh({ worker: `w${i}` }));
  shares[1_777] = fresh({ worker: 'w1777', blockHash });
  await storeOf(t, ground).apply(4, shares, 0);
  assert.deepEqual(
    await workersIn(ground),
    shares.map(({ worker }) => worker),
  );
});

test('a sequence that is there is not applied again, and one that does not follow is not either', async (t) => {
  const ground = await maria.ground(t);
  const store = storeOf(t, ground);
  assert.equal(await store.lastSequence(), 0);
  assert.equal(await store.apply(3, [fresh({ worker: 'a' })], 0), 'applied');
  assert.equal(await store.apply(3, [fresh({ worker: 'b' })], 0), 'already');
  assert.equal(await store.apply(5, [fresh({ worker: 'c' })], 4), 'moved');
  assert.equal(await store.apply(5, [fresh({ worker: 'd' })], 3), 'applied');
  assert.equal(await storeOf(t, ground, 'w2').apply(1, [fresh({ worker: 'e' })], 0), 'applied');
  assert.deepEqual(await workersIn(ground), ['a', 'd', 'e']);
  assert.equal(await store.lastSequence(), 5);
  assert.equal(await store.safeSequence(), 5);
});

test('a batch that breaks in the middle leaves nothing behind, neither rows nor a sequence', async (t) => {
  const ground = await maria.ground(t);
  await ground.rows(
    "CREATE TRIGGER no BEFORE INSERT ON shares FOR EACH ROW IF NEW.username = 'bad' THEN SIGNAL SQLSTATE '45000'; END IF",
  );
  const store = storeOf(t, ground);
  const shares = [fresh({ worker: 'a' }), fresh({ worker: 'b' }), fresh({ worker: 'bad' })];
  const applied = store.apply(1, shares, 0);
  await until('the trouble is said', () => ground.lines.some((line) => line.includes('[error]')));
  assert.deepEqual(await workersIn(ground), []);
  assert.equal(await storeOf(t, ground).lastSequence(), 0);
  await ground.rows('DROP TRIGGER no');
  assert.equal(await applied, 'applied');
  assert.deepEqual(await workersIn(ground), ['a', 'b', 'bad']);
});

test('tables that are missing are named, waited for, and then written', async (t) => {
  const ground = await maria.ground(t, { tables: [] });
  const applied = storeOf(t, ground).apply(1, [fresh()], 0);
  await until('it is said', () => ground.lines.length > 0);
  assert.match(
    ground.lines[0] ?? '',
    /\[error\].*3 shares of testcoin wait in the spool.*has no table shares that the user pool may see/,
  );
  await ground.rows(mposTables.shares.replace('reason varchar(50) DEFAULT NULL,', ''));
  await ground.rows('ALTER TABLE shares ADD reason varchar(50)');
  assert.equal(await applied, 'applied');
  assert.match(ground.lines.at(-1) ?? '', /\[special\].*works again/);
});

test('a table of an engine without transactions is refused with the statement that mends it', async (t) => {
  const ground = await maria.ground(t, {
    tables: [mposTables.shares.replace('InnoDB', 'MyISAM')],
  });
  const applied = storeOf(t, ground).apply(1, [fresh()], 0);
  await until('it is said', () => ground.lines.length > 0);
  assert.match(ground.lines[0] ?? '', /engine MyISAM.*ALTER TABLE shares ENGINE=InnoDB/);
  await ground.rows('ALTER TABLE shares ENGINE=InnoDB');
  assert.equal(await applied, 'applied');
});

test('without the right to make tables the log has the statements, and they are enough', async (t) => {
  const ground = await maria.ground(t);
  await ground.rows(`REVOKE CREATE ON ${ground.name}.* FROM 'pool'@'%'`);
  const applied = storeOf(t, ground).apply(1, [fresh({ worker: 'a' })], 0);
  await until('it is said', () => ground.lines.length > 0);
  const [, statements = ''] = /Run there: (.*;) It is tried/.exec(ground.lines[0] ?? '') ?? [];
  await ground.rows(...statements.split(';').filter((statement) => statement.trim() !== ''));
  assert.equal(await applied, 'applied');
  assert.deepEqual(await workersIn(ground), ['a']);
});

test('an accepted block: its row is Y and has the block hash as its solution', async (t) => {
  const ground = await maria.ground(t);
  const rounds = roundsOf(t, ground);
  await storeOf(t, ground).apply(1, [fresh(), fresh({ worker: block.finder, blockHash })], 0);
  assert.equal((await sharesIn(ground))[1]?.['upstream_result'], 'N');
  await rounds.close(block);
  await rounds.accept(blockHash);
  await rounds.accept(blockHash);
  assert.equal(await rounds.isKept(blockHash), true);
  const rows = await ground.rows(
    `SELECT username, our_result FROM shares WHERE upstream_result = 'Y' AND solution = '${blockHash}'`,
  );
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    [{ username: 'alice.rig', our_result: 'Y' }],
  );
  assert.equal((await sharesIn(ground)).length, 2);
});

test('a refused block: its row stays N, the finder’s share counts', async (t) => {
  const ground = await maria.ground(t);
  const rounds = roundsOf(t, ground);
  await storeOf(t, ground).apply(1, [fresh({ worker: block.finder, blockHash })], 0);
  await rounds.close(block);
  await rounds.refuse(blockHash, 'bad-txnmrklroot');
  const [row, ...others] = await sharesIn(ground);
  assert.deepEqual(
    [row?.['our_result'], row?.['upstream_result'], row?.['solution']],
    ['Y', 'N', blockHash],
  );
  assert.equal(others.length, 0);
});

test('a block whose share was never recorded gets a row without difficulty, so that MPOS knows its finder', async (t) => {
  const ground = await maria.ground(t);
  const rounds = roundsOf(t, ground);
  await rounds.close(block);
  await rounds.accept(blockHash);
  const [row, ...others] = await sharesIn(ground);
  assert.deepEqual(
    [row?.['username'], row?.['upstream_result'], row?.['solution'], row?.['difficulty']],
    ['alice.rig', 'Y', blockHash, 0],
  );
  assert.equal(others.length, 0);
});

test('a share that comes after its block was accepted becomes that row, not a second one', async (t) => {
  const ground = await maria.ground(t);
  const rounds = roundsOf(t, ground);
  await rounds.close(block);
  await rounds.accept(blockHash);
  const share = fresh({ worker: block.finder, blockHash, ip: '10.0.0.1' });
  await storeOf(t, ground, 'w1', 256).apply(1, [share], 0);
  const [row, ...others] = await sharesIn(ground);
  assert.deepEqual(
    [row?.['rem_host'], row?.['upstream_result'], row?.['difficulty'], others.length],
    ['10.0.0.1', 'Y', 4_096, 0],
  );
});

test('a share whose block MPOS has paid and put away already is not lost: it counts in the next round', async (t) => {
  const ground = await maria.ground(t);
  const rounds = roundsOf(t, ground);
  await rounds.close(block);
  await rounds.accept(blockHash);
  await ground.rows('DELETE FROM shares');
  await storeOf(t, ground).apply(1, [fresh({ worker: block.finder, blockHash })], 0);
  const rows = await sharesIn(ground);
  assert.deepEqual(
    rows.map((row) => [row['username'], row['our_result'], row['upstream_result']]),
    [['alice.rig', 'Y', 'N']],
  );
});

test('a block that the database has forgotten is closed and accepted again', async (t) => {
  const ground = await maria.ground(t);
  const rounds = roundsOf(t, ground);
  await assert.rejects(rounds.accept(blockHash), { code: 'ROUNDS_UNKNOWN_BLOCK' });
  await rounds.close(block);
  await rounds.accept(blockHash);
  await ground.rows('DELETE FROM nomp_share_blocks');
  assert.equal(await rounds.isKept(blockHash), false);
});

test('with innodb_flush_log_at_trx_commit=2 a sequence is safe only seconds after it was committed', async (t) => {
  const ground = await maria.ground(t);
  await ground.rows('SET GLOBAL innodb_flush_log_at_trx_commit = 2');
  t.after(() => ground.rows('SET GLOBAL innodb_flush_log_at_trx_commit = 1'));
  const store = storeOf(t, ground);
  await store.apply(1, [fresh()], 0);
  assert.equal(await store.safeSequence(), 0);
  const began = Date.now();
  await until('it is safe', async () => (await store.safeSequence()) === 1);
  assert.ok(Date.now() - began >= 3_000);
});

test('retired writers are forgotten after 90 days, others never', async (t) => {
  const ground = await maria.ground(t);
  for (const writer of ['gone', 'alive', 'going']) {
    await storeOf(t, ground, writer).apply(1, [fresh()], 0);
  }
  await storeOf(t, ground, 'gone').retire();
  await ground.rows(
    "UPDATE nomp_share_writers SET changed = NOW() - INTERVAL 91 DAY WHERE writer <> 'going'",
  );
  await storeOf(t, ground, 'going').retire();
  const rows = await ground.rows('SELECT writer FROM nomp_share_writers ORDER BY writer');
  assert.deepEqual(
    rows.map(({ writer }) => writer),
    ['alive', 'going'],
  );
});

test('after its signal apply gives up in a second, also when the server hangs', async (t) => {
  const ground = await maria.ground(t);
  const stop = new AbortController();
  const store = createMposStore({
    database: ground.database,
    coin: 'testcoin',
    multiplier: 1,
    writerId: 'w1',
    now: systemClock,
    signal: stop.signal,
    waiting: () => 1,
  });
  await store.apply(1, [fresh()], 0);
  await ground.server.kill('SIGSTOP');
  try {
    const applied = store.apply(2, [fresh()], 1);
    stop.abort();
    await assert.rejects(applied, { code: 'MPOS_DOWN' });
  } finally {
    await ground.server.kill('SIGCONT');
  }
});
