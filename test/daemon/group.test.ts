import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { DaemonConfig } from '../../libs/config/types.ts';
import { createDaemonGroup } from '../../libs/daemon/group.ts';
import { type BatchOutcome, DaemonError } from '../../libs/daemon/types.ts';
import { millis } from '../../libs/primitives/units.ts';
import { isRecord, own, parseJson } from '../../libs/primitives/unknown.ts';
import { logTo } from '../support/memoryLog.ts';
import { until } from '../support/until.ts';
import { deadDaemon, type FaultyCall, FaultyDaemon } from './faultyDaemon.ts';

function groupOf(t: TestContext, configs: readonly DaemonConfig[]) {
  const lines: string[] = [];
  const clock = { now: 1_000_000 };
  const group = createDaemonGroup(configs, logTo(lines), () => millis(clock.now));
  t.after(() => group.close());
  return { group, lines, clock };
}

const says = (word: string) => (call: FaultyCall) => call.result(word);
const codeIs = (code: number) => (error: unknown) =>
  error instanceof DaemonError && error.rpcCode === code;

test('calls go to the first daemon while it answers', async (t) => {
  const first = await FaultyDaemon.start(t, says('first'));
  const second = await FaultyDaemon.start(t, says('second'));
  const { group } = groupOf(t, [first.config, second.config]);
  assert.equal(await group.call('getblockcount'), 'first');
  assert.equal(await group.call('getblockcount'), 'first');
  assert.equal(second.calls.length, 0);
});

const failures: readonly [string, (call: FaultyCall) => void][] = [
  ['busy', (call) => call.send(503, 'Work queue depth exceeded')],
  ['auth', (call) => call.send(401, '')],
  ['badReply', (call) => call.send(200, '<html>')],
  ['reset', (call) => call.request.socket.destroy()],
  ['timeout', () => undefined],
  ['warming up', (call) => call.error(-28, 'Loading block index...')],
  ['no peers', (call) => call.error(-9, 'not connected')],
  ['initial sync', (call) => call.error(-10, 'in initial sync')],
];

for (const [name, behave] of failures) {
  test(`a call moves on to the next daemon when the first one fails: ${name}`, async (t) => {
    const first = await FaultyDaemon.start(t, behave);
    const second = await FaultyDaemon.start(t, says('second'));
    const { group, lines } = groupOf(t, [first.config, second.config]);
    assert.equal(await group.call('getblocktemplate', [], { timeout: 200 }), 'second');
    assert.equal(lines.length, 1);
    assert.match(
      lines[0] ?? '',
      new RegExp(
        `^warning: Daemon 127.0.0.1:${first.config.port} fails, 127.0.0.1:${second.config.port} is asked instead: .*\\.$`,
      ),
    );
  });
}

test('an error that the daemon answers is an answer: no other daemon is asked', async (t) => {
  const first = await FaultyDaemon.start(t, (call) => call.error(-5, 'Block not found'));
  const second = await FaultyDaemon.start(t, says('second'));
  const { group } = groupOf(t, [first.config, second.config]);
  await assert.rejects(group.call('getblock', ['00']), codeIs(-5));
  assert.equal(second.calls.length, 0);
});

test('a call that could move money twice is made to one daemon only', async (t) => {
  const second = await FaultyDaemon.start(t, says('second'));
  for (const method of ['sendmany', 'sendrawtransaction', 'walletpassphrase', 'unheardof']) {
    const first = await FaultyDaemon.start(t, (call) => call.request.socket.destroy());
    const { group } = groupOf(t, [first.config, second.config]);
    await assert.rejects(group.call(method), { kind: 'reset' });
    assert.deepEqual(first.methods, [method]);
  }
  assert.equal(second.calls.length, 0);
});

test('when all daemons fail, the answer of one is told rather than the silence of another', async (t) => {
  const warming = await FaultyDaemon.start(t, (call) => call.error(-28, 'Loading...'));
  const { group } = groupOf(t, [await deadDaemon(), warming.config, await deadDaemon()]);
  await assert.rejects(group.call('getblockcount'), codeIs(-28));
});

test('a failed daemon costs later calls nothing, and is taken back when it answers', async (t) => {
  let isDown = true;
  const first = await FaultyDaemon.start(t, (call) => {
    if (isDown) call.request.socket.destroy();
    else call.result('first');
  });
  const second = await FaultyDaemon.start(t, says('second'));
  const { group, lines, clock } = groupOf(t, [first.config, second.config]);
  assert.equal(await group.call('getinfo'), 'second');
  assert.equal(await group.call('getinfo'), 'second');
  assert.deepEqual(first.methods, ['getinfo']);

  // 1 s later it is asked in the background, and found down: after that it has 2 s.
  clock.now += 1_000;
  assert.equal(await group.call('getinfo'), 'second');
  await until('the probe', () => first.calls.length === 2);
  assert.deepEqual(first.methods, ['getinfo', 'getblockcount']);
  isDown = false;
  await until('the time after the probe', async () => {
    clock.now += 250;
    await group.call('getinfo');
    return first.calls.length > 2;
  });
  assert.ok(clock.now >= 1_000_000 + 3_000, `${clock.now}`);
  await until('its return', async () => (await group.call('getinfo')) === 'first');
  assert.equal(lines.length, 2);
  assert.equal(lines[1], `special: Daemon 127.0.0.1:${first.config.port} answers again.`);
});

test('an outage is said once a minute', async (t) => {
  const first = await FaultyDaemon.start(t, (call) => call.error(-9, 'not connected'));
  const second = await FaultyDaemon.start(t, says('second'));
  const { group, lines, clock } = groupOf(t, [first.config, second.config]);
  for (let call = 0; call < 5; call++) await group.call('getblocktemplate');
  assert.equal(lines.length, 1);
  clock.now += 60_000;
  for (let call = 0; call < 5; call++) await group.call('getblocktemplate');
  assert.equal(lines.length, 2);
});

test('a group of one daemon asks it each time, and recovers at once', async (t) => {
  let isDown = true;
  const only = await FaultyDaemon.start(t, (call) => {
    if (isDown) call.send(200, '');
    else call.result('up');
  });
  const { group, lines } = groupOf(t, [only.config]);
  await assert.rejects(group.call('getblockcount'), { kind: 'badReply' });
  isDown = false;
  assert.equal(await group.call('getblockcount'), 'up');
  assert.deepEqual(lines, []);
});

test('callAll reports each daemon as it answers; one that hangs delays none', async (t) => {
  const slow = await FaultyDaemon.start(t, () => undefined);
  const good = await FaultyDaemon.start(t, says('done'));
  const bad = await FaultyDaemon.start(t, (call) => call.error(-22, 'Block decode failed'));
  const { group } = groupOf(t, [slow.config, good.config, bad.config]);
  const outcomes = new Map<number, BatchOutcome>();
  const all = group.callAll(
    'submitblock',
    ['00'],
    (client, outcome) => outcomes.set(group.clients.indexOf(client), outcome),
    { timeout: 500 },
  );
  await until('two outcomes', () => outcomes.size === 2);
  assert.deepEqual(outcomes.get(1), { ok: true, result: 'done' });
  const refused = outcomes.get(2);
  assert.ok(refused?.ok === false && refused.error.rpcCode === -22);
  await all;
  const late = outcomes.get(0);
  assert.ok(late?.ok === false && late.error.kind === 'timeout');
});

test('a batch goes to the first daemon that is alive, as one request, and each call has its outcome', async (t) => {
  const requests: string[] = [];
  const second = await FaultyDaemon.start(t, (call) => {
    requests.push(call.text);
    const calls = parseJson(call.text);
    const answers = Array.isArray(calls) ? calls.filter(isRecord) : [];
    call.send(
      200,
      JSON.stringify(
        answers.map((one) => ({ id: own(one, 'id'), result: own(one, 'params'), error: null })),
      ),
    );
  });
  const first = await FaultyDaemon.start(t, (call) => call.send(401, ''));
  const { group } = groupOf(t, [first.config, second.config]);
  const outcomes = await group.batch([
    { method: 'validateaddress', params: ['a'] },
    { method: 'validateaddress', params: ['b'] },
  ]);
  assert.deepEqual(outcomes, [
    { ok: true, result: ['a'] },
    { ok: true, result: ['b'] },
  ]);
  assert.equal(requests.length, 1);
});
