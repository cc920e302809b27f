import { test } from 'node:test';
import { difficulty, systemClock } from '../../../libs/primitives/units.ts';
import { createMposDifficulties } from '../../../libs/shares/mpos/difficulties.ts';
import { until } from '../../support/until.ts';
import { mariaForTests } from './ground.ts';

const maria = mariaForTests();

test('the latest difficulty of each worker that is there is written, and no worker is made', async (t) => {
  const ground = await maria.ground(t);
  await ground.rows(
    "INSERT INTO pool_worker (account_id, username) VALUES (1, 'alice.rig'), (1, 'bob.rig')",
  );
  const difficulties = createMposDifficulties({
    database: ground.database,
    coin: 'testcoin',
    log: ground.log,
    now: systemClock,
  });
  t.after(() => difficulties.close());
  for (let i = 1; i <= 1_000; i++) difficulties.changed('Alice.Rig', difficulty(i / 2));
  difficulties.changed('bob.rig', difficulty(0.25));
  difficulties.changed("nobody'; --", difficulty(8));
  const of = async () => {
    const rows = await ground.rows('SELECT username, difficulty FROM pool_worker ORDER BY id');
    return rows.map(({ username, difficulty: value }) => `${username} ${value}`).join(', ');
  };
  await until('it is written', async () => (await of()) === 'alice.rig 500, bob.rig 0.25');
});

test('what could not be written is written when the database is back', async (t) => {
  const ground = await maria.ground(t);
  await ground.rows("INSERT INTO pool_worker (account_id, username) VALUES (1, 'alice.rig')");
  const difficulties = createMposDifficulties({
    database: ground.database,
    coin: 'testcoin',
    log: ground.log,
    now: systemClock,
  });
  t.after(() => difficulties.close());
  await ground.server.kill('SIGKILL');
  difficulties.changed('alice.rig', difficulty(64));
  await until('it was tried', () => ground.lines.length > 0);
  await ground.server.restart();
  await until('it is written', async () => {
    const [row] = await ground.rows('SELECT difficulty FROM pool_worker');
    return row?.['difficulty'] === 64;
  });
});
