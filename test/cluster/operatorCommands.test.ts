import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OperatorEffects } from '../../libs/cluster/operatorCommands.ts';
import { runOperatorCommand } from '../../libs/cluster/operatorCommands.ts';
import { millis } from '../../libs/primitives/units.ts';

interface Recorded {
  readonly effects: OperatorEffects;
  readonly done: unknown[][];
}

/** A portal of one fork with one pool; `isDraining` follows what it is told. */
function recorded(changes: Partial<OperatorEffects> = {}): Recorded {
  const done: unknown[][] = [];
  let draining = false;
  const effects: OperatorEffects = {
    coins: () => ['litecoin'],
    blockNotify: () => undefined,
    reloadPool: () => undefined,
    coinSwitch: () => ({ ok: true, text: '' }),
    switches: () => [],
    ask: (_role, command) =>
      Promise.resolve(command === 'stats' ? [[{ coin: 'litecoin', connections: 7 }]] : []),
    bans: () => [],
    ban: () => undefined,
    unban: () => false,
    setLogLevel: () => undefined,
    processes: () => [{ name: 'master', pid: 1 }],
    pools: () => [],
    inRedis: () => Promise.reject(new Error('Redis is away')),
    notice: (text) => {
      done.push(['notice', text]);
      return Promise.resolve();
    },
    check: () => Promise.resolve({ ok: true, lines: ['ok      config.json: Redis answers.'] }),
    isDraining: () => draining,
    drain: (seconds) => {
      draining = seconds !== undefined;
      done.push(['drain', seconds]);
    },
    ...changes,
  };
  return { effects, done };
}

const run = (effects: OperatorEffects, command: string, params: string[] = [], json = false) =>
  runOperatorCommand(
    { command, params, options: new Map(json ? [['json', 'true']] : []) },
    effects,
  );

test('drain asks the miners over a minute or the seconds given, and says how many are left', async () => {
  const { effects, done } = recorded();
  const first = await run(effects, 'drain');
  assert.deepEqual(done, [['drain', 60]]);
  assert.equal(first.ok, true);
  assert.match(first.text, /7 connection\(s\) are left/);
  const again = await run(effects, 'drain', [], true);
  assert.deepEqual(JSON.parse(again.text), { draining: true, connections: 7 });
  assert.equal(done.length, 1, 'looking does not ask again');
  await run(effects, 'drain', ['5']);
  assert.deepEqual(done.at(-1), ['drain', 5]);
  assert.match((await run(effects, 'status')).text, /No new miners are taken/);
});

test('drain off opens the ports again, once', async () => {
  const { effects, done } = recorded();
  assert.equal((await run(effects, 'drain', ['off'])).ok, false);
  await run(effects, 'drain');
  assert.equal((await run(effects, 'drain', ['OFF'])).ok, true);
  assert.deepEqual(done.at(-1), ['drain', undefined]);
});

test('drain refuses what is no number of seconds, and does nothing', async () => {
  for (const word of ['0', '-1', '1.5', 'soon', '3601', 'NaN', '']) {
    const { effects, done } = recorded();
    const { ok, text } = await run(effects, 'drain', [word]);
    assert.equal(ok, false, word);
    assert.match(text, /drain needs/);
    assert.deepEqual(done, []);
  }
});

test('a notice is one line of at most 500 characters; none takes it away', async () => {
  const { effects, done } = recorded();
  await run(effects, 'notice', ['The\twallet', 'is\nmoved']);
  assert.deepEqual(done.at(-1), ['notice', 'The wallet is moved']);
  const { text } = await run(effects, 'notice');
  assert.deepEqual(done.at(-1), ['notice', '']);
  assert.match(text, /gone/);
  assert.equal((await run(effects, 'notice', ['x'.repeat(501)])).ok, false);
  assert.equal(done.length, 2);
});

test('check that finds something wrong is an error that holds the whole report', async () => {
  const lines = ['error: config.json:1:1 is broken', 'FAILED  Redis'];
  const { effects } = recorded({ check: () => Promise.resolve({ ok: false, lines }) });
  assert.deepEqual(await run(effects, 'check'), { ok: false, text: lines.join('\n') });
  assert.equal((await run(recorded().effects, 'check')).ok, true);
});

test('blocks and balances of an unknown coin, and a silly count, are errors', async () => {
  const { effects } = recorded();
  assert.match((await run(effects, 'balances', ['dogecoin'])).text, /no pool for "dogecoin"/);
  assert.match((await run(effects, 'blocks', ['dogecoin'])).text, /no pool for "dogecoin"/);
  assert.equal((await run(effects, 'blocks', ['0'])).ok, false);
  assert.equal((await run(effects, 'blocks', ['litecoin', 'many'])).ok, false);
});

test('status shows each switch with its coin, since when, and its miners on all forks', async () => {
  const fork = (coin: string | null) => [{ switch: 'multi', coin, connections: 2, workers: 3 }];
  const { effects } = recorded({
    switches: () => [
      {
        ...{ name: 'multi', algorithm: 'scrypt', ports: [3030, 3031], coin: 'litecoin' },
        since: millis(1_700_000_000_000),
      },
    ],
    ask: (_role, what) =>
      Promise.resolve(
        what === 'switches' ? [fork('litecoin'), fork('dogecoin'), [7], 'x', fork(null)] : [],
      ),
  });
  const { text } = await run(effects, 'status');
  assert.match(
    text,
    /multi +scrypt +3030,3031 +litecoin \(not yet on 2 fork\(s\)\) +2023-11-14T22:13:20\.000Z +6 +9/,
  );
  const { switches } = JSON.parse((await run(effects, 'status', [], true)).text);
  assert.equal(switches[0].workers, 9);
  assert.match((await run(effects, 'drain')).text, /6 connection\(s\) are left/);
});
