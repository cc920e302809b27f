import assert from 'node:assert/strict';
import { test } from 'node:test';
import { difficulty } from '../../libs/primitives/units.ts';
import type { SubmitAnswer } from '../../libs/stratum/types.ts';
import { StratumClient } from '../support/stratumClient.ts';
import { until } from '../support/until.ts';
import {
  accepted,
  FakePool,
  fakeJob,
  lowDifficulty,
  plainPort,
  startServer,
  submitLine,
  varDiff,
} from './support/fakePool.ts';

const varDiffPort = { ...plainPort, varDiff };

test('a subscription answers extranonce1 and size, then come the difficulty of the port and the job, clean', async (t) => {
  const { port, pool } = await startServer(t);
  pool.job = fakeJob(0xbf);
  const miner = await StratumClient.open(port, {}, t);
  miner.send({ id: 1, method: 'mining.subscribe', params: ['cgminer/4.10'] });
  await miner.waitForNotify();
  assert.deepEqual(miner.lines[0], {
    id: 1,
    result: [
      [
        ['mining.set_difficulty', '10000000'],
        ['mining.notify', '10000000'],
      ],
      '10000000',
      4,
    ],
    error: null,
  });
  assert.deepEqual(miner.lines[1], { id: null, method: 'mining.set_difficulty', params: [8] });
  const [jobId, ...rest] = miner.lines[2]?.params ?? [];
  assert.equal(jobId, 'bf');
  assert.equal(rest.at(-1), true);
  assert.equal(miner.lines.length, 3);
});

test('a miner that subscribes before there is a job gets it when it comes', async (t) => {
  const { port, pool, server } = await startServer(t);
  pool.job = undefined;
  const miner = await StratumClient.open(port, {}, t);
  await miner.request('mining.subscribe', []);
  assert.deepEqual(miner.paramsOf('mining.notify'), []);
  server.broadcast(fakeJob(1, false));
  assert.equal((await miner.waitForNotify()).at(-1), false);
});

test('the first three messages may come in one packet, and byte by byte', async (t) => {
  const { port, pool } = await startServer(t);
  const lines = [
    { id: 1, method: 'mining.subscribe', params: [] },
    { id: 2, method: 'mining.authorize', params: ['Läddr.rig€', 'x'] },
    submitLine(3, 'Läddr.rig€'),
  ];
  const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\r\n`).join(''));
  const whole = await StratumClient.open(port, {}, t);
  whole.send(bytes);
  const cut = await StratumClient.open(port, {}, t);
  for (const byte of bytes) {
    cut.send(Uint8Array.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const miner of [whole, cut]) {
    const answer = await miner.waitFor(({ id }) => id === 3);
    assert.deepEqual(answer, { id: 3, result: true, error: null });
    assert.equal(miner.lines.filter(({ id }) => id === 1 || id === 2 || id === 3).length, 3);
  }
  assert.deepEqual(
    pool.submits.map(({ worker }) => worker),
    ['Läddr.rig€', 'Läddr.rig€'],
  );
});

test('a miner may log in before it subscribes, and with several workers', async (t) => {
  const { port, pool, server } = await startServer(t);
  const miner = await StratumClient.open(port, {}, t);
  assert.equal((await miner.request('mining.authorize', ['a.1', 'secret'])).result, true);
  assert.equal((await miner.request('mining.authorize', ['a.2'])).result, true);
  assert.equal((await miner.request('mining.authorize', ['a.1', 'x'])).result, true);
  assert.deepEqual(miner.notifications, []);
  await miner.request('mining.subscribe', []);
  await miner.waitForNotify();
  for (const worker of ['a.1', 'a.2']) {
    miner.send(submitLine(worker, worker));
    assert.equal((await miner.waitFor(({ id }) => id === worker)).result, true);
  }
  assert.deepEqual(server.stats(), { connections: 1, workers: 2 });
  assert.deepEqual(pool.logins[0], {
    worker: 'a.1',
    password: 'secret',
    ip: '127.0.0.1',
    port,
  });
});

test('only names that this connection has authorised are credited', async (t) => {
  const { port, pool } = await startServer(t);
  pool.onAuthorize = async ({ worker }) =>
    worker === 'bad' ? { ok: false, reason: 'not an address' } : { ok: true };
  const other = await StratumClient.open(port, {}, t);
  await other.start('other');
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('good');
  assert.deepEqual(await miner.request('mining.authorize', ['bad', 'x']), {
    id: 'c3',
    result: false,
    error: [24, 'not an address', null],
  });
  for (const worker of ['bad', 'other', 'GOOD', '', '__proto__', 'toString']) {
    miner.send(submitLine(worker, worker));
    const answer = await miner.waitFor(({ id, method }) => id === worker && method === undefined);
    assert.deepEqual(answer, {
      id: worker,
      result: null,
      error: [24, 'unauthorized worker', null],
    });
  }
  assert.deepEqual(pool.submits, []);
});

test('a submit without a subscription is answered 25', async (t) => {
  const { port } = await startServer(t);
  const miner = await StratumClient.open(port, {}, t);
  await miner.request('mining.authorize', ['a', 'x']);
  miner.send(submitLine(9, 'a'));
  assert.deepEqual(await miner.waitFor(({ id }) => id === 9), {
    id: 9,
    result: null,
    error: [25, 'not subscribed', null],
  });
});

test('submits that follow an open login wait for its outcome', async (t) => {
  const { port, pool } = await startServer(t);
  const decisions = new Map<string, (ok: boolean) => void>();
  pool.onAuthorize = ({ worker }) =>
    new Promise((resolve) => {
      decisions.set(worker, (ok) => resolve(ok ? { ok } : { ok, reason: 'no' }));
    });
  const miner = await StratumClient.open(port, {}, t);
  await miner.request('mining.subscribe', []);
  for (const [id, worker] of ['yes', 'no'].entries()) {
    miner.send({ id: `login ${id}`, method: 'mining.authorize', params: [worker, 'x'] });
    miner.send(submitLine(id, worker));
  }
  await until('both logins are asked', () => decisions.size === 2);
  assert.deepEqual(pool.submits, []);
  decisions.get('yes')?.(true);
  decisions.get('no')?.(false);
  assert.equal((await miner.waitFor(({ id }) => id === 0)).result, true);
  assert.deepEqual((await miner.waitFor(({ id }) => id === 1)).error, [
    24,
    'unauthorized worker',
    null,
  ]);
});

test('a login check that fails refuses that login only', async (t) => {
  const { port, pool } = await startServer(t);
  pool.onAuthorize = async ({ worker }) => {
    if (worker === 'unlucky') throw new Error('daemon offline');
    return { ok: true };
  };
  const miner = await StratumClient.open(port, {}, t);
  assert.equal((await miner.request('mining.authorize', ['unlucky', 'x'])).result, false);
  assert.equal((await miner.request('mining.authorize', ['lucky', 'x'])).result, true);
});

test('names that cannot be used are refused with a reason, without asking the pool', async (t) => {
  const { port, pool } = await startServer(t);
  const miner = await StratumClient.open(port, {}, t);
  for (const name of ['', 'x'.repeat(129), 'a:b', 'a\nb', '__proto__', 'constructor']) {
    const answer = await miner.request('mining.authorize', [name, 'x']);
    assert.equal(answer.result, false);
    assert.match(JSON.stringify(answer.error), /^\[20,"[^"]+",null\]$/);
  }
  assert.deepEqual(pool.logins, []);
});

test('a password reaches the pool and nothing else', async (t) => {
  const { port, pool, log } = await startServer(t);
  pool.onAuthorize = async ({ password }) =>
    password === 'canary-1' ? { ok: true } : { ok: false, reason: 'no' };
  const miner = await StratumClient.open(port, {}, t);
  await miner.request('mining.authorize', ['a', 'canary-1']);
  await miner.request('mining.authorize', ['b', 'canary-2']);
  miner.send('{"id":1,"method":"mining.authorize","params":["c","canary-3",');
  await miner.waitForClose();
  assert.deepEqual(
    pool.logins.map(({ password }) => password),
    ['canary-1', 'canary-2'],
  );
  assert.equal(log.count(/canary/), 0);
});

test('the verdict of the pool is the answer, under the id of the request whatever its type', async (t) => {
  const { port, pool } = await startServer(t);
  pool.onSubmit = ({ nonce }, answer) => answer(nonce === 'aaaaaaaa' ? accepted : lowDifficulty);
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  for (const id of [0, 17, -3, 2.5, 2 ** 53, 'text', '', '4', 'ünï"\\\n', null, true]) {
    const from = miner.lines.length;
    miner.send(submitLine(id, 'a', '1', 'aaaaaaaa'));
    const good = await miner.waitFor((line) => 'result' in line, 5_000, from);
    assert.deepEqual(good, { id, result: true, error: null });
    miner.send(submitLine(id, 'a', '1', 'bbbbbbbb'));
    const bad = await miner.waitFor((line) => 'result' in line, 5_000, from + 1);
    assert.deepEqual(bad, {
      id,
      result: null,
      error: [23, 'low difficulty share of 0.1', null],
    });
  }
});

test('a submit is answered once, although the pool answers twice', async (t) => {
  const { port, pool } = await startServer(t);
  pool.onSubmit = (_, answer) => {
    answer(accepted);
    answer(lowDifficulty);
  };
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  miner.send(submitLine(7, 'a'));
  await miner.request('mining.ping', []);
  assert.equal(miner.lines.filter(({ id }) => id === 7).length, 1);
});

test('an answer that comes after the miner has gone harms nobody', async (t) => {
  const { port, pool, server } = await startServer(t);
  const answers: ((verdict: SubmitAnswer) => void)[] = [];
  pool.onSubmit = (_, answer) => answers.push(answer);
  const gone = await StratumClient.open(port, {}, t);
  await gone.start('a');
  gone.send(submitLine(1, 'a'));
  await until('the share is with the pool', () => answers.length === 1);
  gone.close();
  await until('the server knows', () => server.connections === 0);
  answers[0]?.(accepted);
  const next = await StratumClient.open(port, {}, t);
  await next.start('b');
});

test('answers of one turn leave in order, in one piece', async (t) => {
  const { port, pool } = await startServer(t);
  const answers: ((verdict: SubmitAnswer) => void)[] = [];
  pool.onSubmit = (_, answer) => answers.push(answer);
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  let packets = 0;
  miner.socket.on('data', () => packets++);
  for (let id = 0; id < 256; id++) miner.send(submitLine(id, 'a'));
  await until('all shares are with the pool', () => answers.length === 256);
  for (const answer of answers) answer(accepted);
  await miner.waitFor(({ id }) => id === 255);
  assert.deepEqual(
    miner.lines
      .filter(({ result }) => result === true)
      .map(({ id }) => id)
      .slice(-256),
    Array.from({ length: 256 }, (_, id) => id),
  );
  assert.equal(packets, 1);
});

test('a submit carries what the pool needs to judge it', async (t) => {
  const { port, pool } = await startServer(t, { ports: [{ ...plainPort, extranonce2Size: 8 }] });
  const miner = await StratumClient.open(port, {}, t);
  const { extranonce1 } = await miner.start('a.b');
  miner.send({
    id: 1,
    method: 'mining.submit',
    params: ['a.b', '1', '0000000000000001', '504e86ed', 'b2957c02', '00c00000', 'more'],
  });
  await miner.waitFor(({ id }) => id === 1);
  assert.deepEqual(pool.submits, [
    {
      worker: 'a.b',
      ip: '127.0.0.1',
      port,
      jobId: '1',
      extranonce1: Buffer.from(extranonce1, 'hex'),
      extranonce2Size: 8,
      extranonce2: '0000000000000001',
      ntime: '504e86ed',
      nonce: 'b2957c02',
      versionBits: '00c00000',
      versionMask: 0,
      jobDifficulty: 8,
      currentDifficulty: 8,
      solo: false,
      accounts: undefined,
    },
  ]);
});

test('version rolling is granted within the pool mask, as BIP 310 has it', async (t) => {
  const { port, pool } = await startServer(t);
  const asked: [object, object, number][] = [
    [{ 'version-rolling.mask': 'ffffffff' }, { mask: '1fffe000' }, 0x1fffe000],
    [{ 'version-rolling.mask': '00c00000' }, { mask: '00c00000' }, 0x00c00000],
    [{ 'version-rolling.mask': '1FFFE000' }, { mask: '1fffe000' }, 0x1fffe000],
    [{ 'version-rolling.min-bit-count': 2 }, { mask: '1fffe000' }, 0x1fffe000],
    [{}, { mask: '1fffe000' }, 0x1fffe000],
    [{ 'version-rolling.mask': '00001fff' }, {}, 0],
    [{ 'version-rolling.mask': 'no hex' }, {}, 0],
    [{ 'version-rolling.mask': 5 }, {}, 0],
  ];
  for (const [options, expected, mask] of asked) {
    const miner = await StratumClient.open(port, {}, t);
    const { result } = await miner.request('mining.configure', [['version-rolling'], options]);
    const granted = 'mask' in expected;
    assert.deepEqual(result, {
      'version-rolling': granted,
      ...(granted ? { 'version-rolling.mask': expected.mask } : {}),
    });
    await miner.start('a');
    miner.send(submitLine(1, 'a'));
    await miner.waitFor(({ id }) => id === 1);
    assert.equal(pool.submits.at(-1)?.versionMask, mask);
  }
});

test('configure answers every extension that was asked for, unknown ones with false', async (t) => {
  const { port } = await startServer(t, { ports: [varDiffPort] });
  const miner = await StratumClient.open(port, {}, t);
  const { result } = await miner.request('mining.configure', [
    ['minimum-difficulty', 'subscribe-extranonce', 'info', '__proto__'],
    { 'minimum-difficulty.value': 64 },
  ]);
  assert.equal(
    JSON.stringify(result),
    '{"minimum-difficulty":true,"subscribe-extranonce":true,"info":false,"__proto__":false}',
  );
  await miner.start('a');
  assert.deepEqual(miner.paramsOf('mining.set_difficulty'), [[64]]);
  const greedy = await StratumClient.open(port, {}, t);
  const refused = await greedy.request('mining.configure', [
    ['minimum-difficulty'],
    { 'minimum-difficulty.value': 4_096 },
  ]);
  assert.deepEqual(refused.result, { 'minimum-difficulty': false });
});

test('polite methods are answered, unknown ones with error 20 and one log line a connection', async (t) => {
  const { port, log } = await startServer(t);
  const miner = await StratumClient.open(port, {}, t);
  const answers: [string, unknown][] = [
    ['mining.extranonce.subscribe', true],
    ['mining.get_transactions', []],
    ['mining.multi_version', true],
    ['mining.ping', 'pong'],
    ['client.pong', true],
    ['client.get_version', true],
  ];
  for (const [method, result] of answers) {
    const answer = await miner.request(method, ['1']);
    assert.deepEqual([answer.result, answer.error], [result, null], method);
  }
  for (const method of ['mining.nonsense', 'eth_getWork', '']) {
    const answer = await miner.request(method, []);
    assert.deepEqual(answer.error, [20, `Unknown method ${method}`, null]);
    assert.equal(answer.result, null);
  }
  assert.equal(log.count(/unknown method/), 1);
  assert.equal(miner.isClosed, false);
});

test('a share is measured by the difficulty that was in force when its job was sent', async (t) => {
  const { port, pool, server } = await startServer(t, { ports: [varDiffPort] });
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  await miner.request('mining.suggest_difficulty', [32]);
  await miner.waitFor(
    ({ method, params }) => method === 'mining.set_difficulty' && params?.[0] === 32,
  );
  pool.job = fakeJob(2);
  server.broadcast(pool.job);
  await miner.request('mining.suggest_difficulty', [16]);
  pool.job = fakeJob(3);
  server.broadcast(pool.job);
  for (const [id, jobId] of ['1', '2', '3', 'ff', 'nonsense'].entries()) {
    miner.send(submitLine(id, 'a', jobId));
    await miner.waitFor((line) => line.id === id);
  }
  assert.deepEqual(
    pool.submits.map((submit) => [submit.jobId, submit.jobDifficulty, submit.currentDifficulty]),
    [
      ['1', 8, 16],
      ['2', 32, 16],
      ['3', 16, 16],
      ['ff', 16, 16],
      ['nonsense', 16, 16],
    ],
  );
});

test('suggestions and d=N are taken within the bounds of the port, with the job sent again unclean', async (t) => {
  const { port } = await startServer(t, { ports: [varDiffPort], multiplier: 65_536 });
  const wishes: [string, readonly unknown[], number][] = [
    ['mining.suggest_difficulty', [100], 100],
    ['mining.suggest_difficulty', [1e12], 1_024],
    ['mining.suggest_difficulty', [9.5], 9.5],
    // diff1 / 2^-16 / 64: difficulty 64 in scrypt's units.
    ['mining.suggest_target', [`000003fffc${'00'.repeat(27)}`], 64],
    ['mining.authorize', ['a', 'x,d=77'], 77],
  ];
  for (const [method, params, expected] of wishes) {
    const miner = await StratumClient.open(port, {}, t);
    await miner.request('mining.subscribe', []);
    await miner.waitForNotify();
    assert.equal((await miner.request(method, params)).result, true);
    const again = await miner.waitForNotify(5_000, 3);
    assert.deepEqual(miner.paramsOf('mining.set_difficulty'), [[8], [expected]]);
    assert.equal(again.at(-1), false);
    const order = miner.notifications.map((line) => line.method);
    assert.deepEqual(order.slice(2), ['mining.set_difficulty', 'mining.notify']);
  }
  const early = await StratumClient.open(port, {}, t);
  await early.request('mining.suggest_difficulty', [50]);
  await early.start('a');
  assert.deepEqual(early.paramsOf('mining.set_difficulty'), [[50]]);
});

test('nonsense suggestions get an error, and a port without varDiff keeps its difficulty', async (t) => {
  const { port, server } = await startServer(t);
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a', 'd=4');
  assert.equal((await miner.request('mining.suggest_difficulty', [100])).result, true);
  for (const value of [0, -1]) {
    const answer = await miner.request('mining.suggest_difficulty', [value]);
    assert.deepEqual(answer.error, [20, 'A difficulty must be above 0', null]);
  }
  const target = await miner.request('mining.suggest_target', ['xyz']);
  assert.deepEqual(target.error, [20, 'A target must be 64 hex digits', null]);
  server.broadcast(fakeJob(2));
  await miner.waitFor(({ params }) => params?.[0] === '2');
  assert.deepEqual(miner.paramsOf('mining.set_difficulty'), [[8]]);
});

test('many suggestions do not make many jobs: the last ones wait for the next job', async (t) => {
  const { port, server } = await startServer(t, { ports: [varDiffPort] });
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  for (let d = 100; d < 150; d++) await miner.request('mining.suggest_difficulty', [d]);
  assert.equal(miner.paramsOf('mining.notify').length, 4);
  server.broadcast(fakeJob(2));
  await miner.waitFor(({ params }) => params?.[0] === '2');
  assert.deepEqual(miner.paramsOf('mining.set_difficulty').at(-1), [149]);
});

test('a difficulty of varDiff is sent right before the next job', async (t) => {
  const changes: [string, number][] = [];
  const { port, server, pass } = await startServer(t, {
    ports: [{ ...varDiffPort, diff: difficulty(512) }],
    onDifficultyChange: (worker, value) => changes.push([worker, value]),
  });
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  pass(90);
  assert.deepEqual(miner.paramsOf('mining.set_difficulty'), [[512]]);
  server.broadcast(fakeJob(2));
  await miner.waitFor(({ params }) => params?.[0] === '2');
  assert.deepEqual(
    miner.notifications.slice(-2).map(({ method, params }) => [method, params?.[0]]),
    [
      ['mining.set_difficulty', 8],
      ['mining.notify', '2'],
    ],
  );
  assert.deepEqual(changes, [
    ['a', 512],
    ['a', 8],
  ]);
});

test('who subscribes again and again has its difficulty told once, and anew to another pool', async (t) => {
  const changes: [string, number][] = [];
  const { port, server } = await startServer(t, {
    onDifficultyChange: (worker, value) => changes.push([worker, value]),
  });
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  for (let again = 0; again < 5; again++) await miner.request('mining.subscribe', []);
  assert.deepEqual(changes, [['a', 8]]);
  server.setPool(new FakePool());
  assert.deepEqual(changes, [
    ['a', 8],
    ['a', 8],
  ]);
});

test('a new difficulty that waits three seconds for a job goes out with the current one', async (t) => {
  const { port, pass } = await startServer(t, {
    ports: [{ ...varDiffPort, diff: difficulty(512) }],
  });
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  pass(90);
  pass(2);
  await miner.request('mining.ping', []);
  assert.equal(miner.notifications.length, 2);
  pass(1);
  await miner.waitFor(
    ({ method, params }) => method === 'mining.set_difficulty' && params?.[0] === 8,
  );
  const [jobId, ...rest] = await miner.waitForNotify(5_000, miner.lines.length - 1);
  assert.deepEqual([jobId, rest.at(-1)], ['1', false]);
});

test('good shares that come too fast raise the difficulty, refused ones do not', async (t) => {
  for (const [verdict, expected] of [
    [accepted, [[8], [107]]],
    [lowDifficulty, [[8]]],
  ] as const) {
    const { port, pool, server, pass } = await startServer(t, { ports: [varDiffPort] });
    const miner = await StratumClient.open(port, {}, t);
    await miner.start('a');
    pool.onSubmit = (_, answer) => answer(verdict);
    for (let id = 0; id < 80; id++) miner.send(submitLine(id, 'a'));
    await miner.waitFor(({ id }) => id === 79);
    // 80 in 90 s instead of 6; of refused ones the sweep would lower it, were it not minDiff already.
    pass(90);
    server.broadcast(fakeJob(2));
    await miner.waitFor(({ params }) => params?.[0] === '2');
    assert.deepEqual(miner.paramsOf('mining.set_difficulty'), expected);
  }
});

test('SOLO is a word in the password of a worker, or an option of the port', async (t) => {
  const { port, pool } = await startServer(t);
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  await miner.request('mining.authorize', ['b', 'x,m=solo']);
  miner.send(submitLine('one', 'a'));
  miner.send(submitLine('two', 'b'));
  await miner.waitFor(({ id }) => id === 'two');
  // The last login counts.
  await miner.request('mining.authorize', ['b', 'x']);
  miner.send(submitLine('three', 'b'));
  await miner.waitFor(({ id }) => id === 'three');
  assert.deepEqual(
    pool.submits.map(({ solo }) => solo),
    [false, true, false],
  );
  const soloPort = await startServer(t, { ports: [{ ...plainPort, solo: true }] });
  const other = await StratumClient.open(soloPort.port, {}, t);
  await other.start('a');
  other.send(submitLine('one', 'a'));
  await other.waitFor(({ id }) => id === 'one');
  assert.equal(soloPort.pool.submits[0]?.solo, true);
});

test('a coin that uses the version bits for itself lets nobody roll them', async (t) => {
  const { port } = await startServer(t, { versionMask: 0 });
  const miner = await StratumClient.open(port, {}, t);
  const { result } = await miner.request('mining.configure', [
    ['version-rolling'],
    { 'version-rolling.mask': 'ffffffff' },
  ]);
  assert.deepEqual(result, { 'version-rolling': false });
});

test('md=N is a floor for varDiff, within the bounds of the port, and d=N does not go below it', async (t) => {
  const { port, pass, server } = await startServer(t, {
    ports: [{ ...varDiffPort, diff: difficulty(512) }],
  });
  const cases: [string, number[]][] = [
    ['md=600', [512, 600]],
    ['md=1e9', [512, 1_024]],
    ['md=64,d=16', [512, 64]],
    ['md=64,d=128', [512, 128, 64]],
    ['md=64', [512, 64]],
    ['md=1', [512, 8]],
    ['md=0', [512, 8]],
  ];
  const miners = await Promise.all(cases.map(() => StratumClient.open(port, {}, t)));
  for (const [i, miner] of miners.entries()) await miner.start(`w${i}`, cases[i]?.[0]);
  // Nobody sends a share, so all sink as far as they may.
  for (let look = 0; look < 3; look++) {
    pass(90);
    server.broadcast(fakeJob(look + 2));
  }
  for (const [i, miner] of miners.entries()) {
    await miner.waitFor(({ params }) => params?.[0] === '4');
    assert.deepEqual(miner.paramsOf('mining.set_difficulty').flat(), cases[i]?.[1], cases[i]?.[0]);
  }
});

test('a port without varDiff has one difficulty: d, md and suggestions are taken, answered and not followed', async (t) => {
  const { port, server } = await startServer(t);
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a', 'd=64,md=32');
  assert.equal((await miner.request('mining.suggest_difficulty', [64])).result, true);
  assert.equal((await miner.request('mining.suggest_target', ['0f'.repeat(32)])).result, true);
  // The extension asks a question, and its answer is honest: 8 can be kept, 9 cannot.
  for (const [value, kept] of [
    [8, true],
    [9, false],
  ] as const) {
    const { result } = await miner.request('mining.configure', [
      ['minimum-difficulty'],
      { 'minimum-difficulty.value': value },
    ]);
    assert.deepEqual(result, { 'minimum-difficulty': kept });
  }
  server.broadcast(fakeJob(2));
  await miner.waitFor(({ params }) => params?.[0] === '2');
  assert.deepEqual(miner.paramsOf('mining.set_difficulty'), [[8]]);
});

test('accounts that a login gave go with the shares of that worker, until its next login', async (t) => {
  const { port, pool } = await startServer(t);
  const accounts = new Map([['dogecoin', 'D7Y55r']]);
  pool.onAuthorize = async ({ password }) =>
    password.includes('bad') ? { ok: false, reason: 'no address' } : { ok: true, accounts };
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a', 'DOGECOIN=D7Y55r');
  await miner.request('mining.authorize', ['b', 'x']);
  const share = async (id: string, worker: string): Promise<void> => {
    miner.send(submitLine(id, worker));
    await miner.waitFor((line) => line.id === id);
  };
  await share('s1', 'a');
  // The pool must check new words; a refusal leaves what was.
  assert.equal((await miner.request('mining.authorize', ['a', 'DOGECOIN=bad'])).result, false);
  await share('s2', 'a');
  assert.equal(pool.logins.length, 3);
  // Nothing to check: the name is good, and the words are gone.
  assert.equal((await miner.request('mining.authorize', ['a', 'd=8'])).result, true);
  await share('s3', 'a');
  assert.equal(pool.logins.length, 3);
  assert.deepEqual(
    pool.submits.map((submit) => submit.accounts),
    [accounts, accounts, undefined],
  );
});
