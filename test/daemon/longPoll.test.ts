import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { DaemonConfig } from '../../libs/config/types.ts';
import { LongPoll } from '../../libs/daemon/longPoll.ts';
import { systemClock } from '../../libs/primitives/units.ts';
import { isRecord, own } from '../../libs/primitives/unknown.ts';
import { type LitecoinNode, startLitecoinPair } from '../../scripts/regtest/litecoin.ts';
import { logTo } from '../support/memoryLog.ts';
import { until } from '../support/until.ts';
import { coinFor, FaultyDaemon } from './faultyDaemon.ts';

interface Watched {
  readonly longPoll: LongPoll;
  readonly offers: { index: number; reply: unknown }[];
  readonly lines: string[];
  /** The previous blocks of the templates that came. */
  readonly tips: () => unknown[];
}

function watch(t: TestContext, daemons: readonly DaemonConfig[], pick = () => 0): Watched {
  const offers: Watched['offers'] = [];
  const lines: string[] = [];
  const longPoll = new LongPoll({
    daemons,
    coin: coinFor(),
    log: logTo(lines),
    now: systemClock,
    pick,
    onTemplate: (index, reply) => void offers.push({ index, reply }),
  });
  t.after(() => longPoll.stop());
  longPoll.start();
  const tips = () =>
    offers.map(({ reply }) => (isRecord(reply) ? own(reply, 'previousblockhash') : undefined));
  return { longPoll, offers, lines, tips };
}

const configOf = ({ rpcPort, user, password }: LitecoinNode): DaemonConfig => ({
  host: '127.0.0.1',
  port: rpcPort,
  user,
  password,
});

/** The node holds a call for a template open: once the first template is there, a long poll. */
const isAsked = (node: LitecoinNode) =>
  until('a long poll is open', async () => {
    const info = await node.rpc('getrpcinfo');
    const active = isRecord(info) ? own(info, 'active_commands') : undefined;
    return (
      Array.isArray(active) &&
      active.some((call) => isRecord(call) && own(call, 'method') === 'getblocktemplate')
    );
  });

/** Counts the calls of another long poll, which is answered at once each time and so asks every 200 ms. */
async function clock(t: TestContext): Promise<() => number> {
  const daemon = await FaultyDaemon.start(t, (call) => call.result({ longpollid: 'same' }));
  watch(t, [daemon.config]);
  return () => daemon.calls.length;
}

test('a real litecoind', async (t) => {
  const pair = await startLitecoinPair({ mweb: 'never' });
  t.after(() => pair.stop());
  const { a } = pair;

  await t.test('answers the long poll at the next block, and at the one after it', async (t) => {
    const { tips, lines } = watch(t, [configOf(a)]);
    await until('the template in force', () => tips().length === 1);
    assert.equal(tips()[0], await a.rpc('getbestblockhash'));
    for (let count = 2; count <= 3; count++) {
      await isAsked(a);
      const [hash] = await a.generate(1);
      await until('the template on it', () => tips().at(-1) === hash);
      assert.equal(tips().length, count);
    }
    assert.deepEqual(lines, []);
  });

  await t.test(
    'can end while a long poll is open; when it is back, the next one stands',
    async (t) => {
      const { tips, lines } = watch(t, [configOf(a)]);
      await until('the template in force', () => tips().length === 1);
      await isAsked(a);
      const began = performance.now();
      await a.stop();
      assert.ok(performance.now() - began < 10_000);
      await a.start();
      await a.waitReady();
      await until('the template in force', () => tips().length === 2);
      await isAsked(a);
      const [hash] = await a.generate(1);
      await until('the template on the new block', () => tips().at(-1) === hash);
      const said = lines.filter((line) => line.startsWith('warning: Long polling failed: '));
      assert.equal(said.length, 1);
    },
  );

  await t.test('can end after stop, and is asked nothing more', async (t) => {
    const { longPoll, tips } = watch(t, [configOf(a)]);
    await until('the template in force', () => tips().length === 1);
    await isAsked(a);
    longPoll.stop();
    const [hash] = await a.generate(1);
    const began = performance.now();
    await a.stop();
    assert.ok(performance.now() - began < 10_000);
    assert.ok(!tips().includes(hash));
  });
});

test('one call at a time is open, however many templates come', async (t) => {
  let open = 0;
  let most = 0;
  const rounds = await clock(t);
  const daemon = await FaultyDaemon.start(t, async (call) => {
    most = Math.max(most, ++open);
    const { number } = call;
    const began = rounds();
    if (number === 1) await until('two rounds of another', () => rounds() >= began + 2);
    open--;
    call.result({ longpollid: `id ${number}` });
  });
  const { offers } = watch(t, [daemon.config]);
  await until('three templates', () => offers.length >= 3);
  assert.equal(most, 1);
  assert.deepEqual(
    daemon.calls.slice(0, 3).map(({ params: [request] }) => {
      return isRecord(request) ? own(request, 'longpollid') : 'no request';
    }),
    [undefined, 'id 1', 'id 2'],
  );
});

test('a daemon that answers at once is asked at most five times a second', async (t) => {
  const daemon = await FaultyDaemon.start(t, (call) => call.result({ longpollid: 'same' }));
  watch(t, [daemon.config]);
  const began = performance.now();
  await until('four calls', () => daemon.calls.length >= 4);
  assert.ok(performance.now() - began > 550);
});

test('a daemon without long polling is left alone, and that is said', async (t) => {
  const daemon = await FaultyDaemon.start(t, (call) => call.result({ height: 7 }));
  const { lines, offers } = watch(t, [daemon.config]);
  await until('the line', () => lines.length > 0);
  assert.match(lines[0] ?? '', /^warning: Daemon 127\.0\.0\.1:\d+ knows no long polling /);
  const rounds = await clock(t);
  await until('three rounds of another', () => rounds() >= 3);
  assert.equal(daemon.calls.length, 1);
  assert.equal(offers.length, 0);
});

test('failures are said once, and tried again after a second and more', async (t) => {
  const times: number[] = [];
  const daemon = await FaultyDaemon.start(t, (call) => {
    times.push(performance.now());
    if (times.length < 3) call.error(-10, 'is in initial sync');
    else call.result({ longpollid: 'id' });
  });
  const { lines, offers } = watch(t, [daemon.config]);
  await until('a template', () => offers.length > 0);
  assert.equal(lines.length, 1);
  const [first = 0, second = 0, third = 0] = times;
  assert.ok(second - first > 950 && third - second > 1_950, `${times}`);
});

test('the daemon that is asked is the one that the pool follows by then', async (t) => {
  const [first, second] = await Promise.all(
    ['a', 'b'].map((name) =>
      FaultyDaemon.start(t, (call) => call.result({ longpollid: name, name })),
    ),
  );
  assert.ok(first !== undefined && second !== undefined);
  let followed = 0;
  const { offers } = watch(t, [first.config, second.config], () => followed);
  await until('work from the first', () => offers.length > 0);
  followed = 1;
  await until('work from the second', () => offers.at(-1)?.index === 1);
  assert.ok(!second.calls[0]?.text.includes('longpollid'));
});

test('stop breaks off the call that is open', async (t) => {
  let closed = false;
  const daemon = await FaultyDaemon.start(t, (call) => {
    call.request.socket.on('close', () => {
      closed = true;
    });
  });
  const { longPoll, lines } = watch(t, [daemon.config]);
  await until('the call', () => daemon.calls.length === 1);
  longPoll.stop();
  await until('its end', () => closed);
  assert.deepEqual(lines, []);
});
