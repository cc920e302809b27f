import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type BatchCall, type BatchOutcome, DaemonError } from '../../libs/daemon/types.ts';
import { type AddressLookups, createAddressLookups } from '../../libs/pool/addressLookups.ts';

const script = `76a914${'11'.repeat(20)}88ac`;
const good = (address: string) => ({ isvalid: true, address, scriptPubKey: script, ismine: false });

const refused = (kind: 'rpc' | 'badReply' | 'unreachable') =>
  new DaemonError(kind, `the daemon says ${kind}`, { daemon: 'a:1', method: 'batch' });

interface Bench {
  readonly lookups: AddressLookups;
  /** The addresses of each request so far. */
  readonly requests: string[][];
  readonly stop: () => void;
}

/** Stands in for a daemon that knows every address but "bad…". */
function bench(
  t: TestContext,
  answer: (calls: readonly BatchCall[]) => Promise<readonly BatchOutcome[]> = async (calls) =>
    calls.map(({ params }) => ({ ok: true, result: reply(String(params?.[0])) })),
): Bench {
  const requests: string[][] = [];
  const controller = new AbortController();
  t.after(() => controller.abort());
  const lookups = createAddressLookups({
    group: {
      batch: (calls) => {
        requests.push(calls.map(({ params }) => String(params?.[0])));
        return answer(calls);
      },
      call: async (_, params) => {
        requests.push([String(params?.[0])]);
        return reply(String(params?.[0]));
      },
    },
    signal: controller.signal,
    every: 5,
  });
  return { lookups, requests, stop: () => controller.abort() };
}

function reply(address: string): object {
  return address.startsWith('bad') ? { isvalid: false } : good(address);
}

test('questions of one moment are one request, and each gets its own answer', async (t) => {
  const { lookups, requests } = bench(t);
  const [one, two, three] = await Promise.all([
    lookups.ask('one', '10.0.0.1'),
    lookups.ask('bad', '10.0.0.1'),
    lookups.ask('three', '10.0.0.2'),
  ]);
  assert.deepEqual(
    [one?.isValid, one?.scriptPubKey, two?.isValid, three?.isValid],
    [true, script, false, true],
  );
  assert.equal(requests.length, 1);
  assert.deepEqual(requests[0]?.toSorted(), ['bad', 'one', 'three']);
});

test('one address is asked for once, however many miners have it', async (t) => {
  const { lookups, requests } = bench(t);
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, at) => lookups.ask('farm', `10.0.0.${at}`)),
  );
  assert.ok(answers.every(({ isValid }) => isValid));
  assert.deepEqual(requests, [['farm']]);
});

test('a flood of one source goes out in few requests and does not hold up another source', async (t) => {
  const { lookups, requests } = bench(t);
  const flood = Array.from({ length: 900 }, (_, at) => lookups.ask(`flood${at}`, '10.0.0.1'));
  const honest = lookups.ask('honest', '10.0.0.2');
  await honest;
  assert.ok(requests.length <= 1, `${requests.length} requests before the honest one's answer`);
  await Promise.all(flood);
  assert.equal(requests.length, 10, '901 questions at 100 a request');
  assert.ok(requests.every((request) => request.length <= 100));
});

test('a source that asks more than a thousand at a time is refused, and others are not', async (t) => {
  const { lookups } = bench(t);
  const flood = Array.from({ length: 1_100 }, (_, at) => lookups.ask(`flood${at}`, '10.0.0.1'));
  const other = lookups.ask('honest', '10.0.0.2');
  const outcomes = await Promise.allSettled(flood);
  assert.equal(outcomes.filter(({ status }) => status === 'rejected').length, 100);
  assert.equal((await other).isValid, true);
});

test('a daemon that takes no list of calls is asked one by one from then on', async (t) => {
  for (const kind of ['badReply', 'rpc'] as const) {
    const { lookups, requests } = bench(t, () => Promise.reject(refused(kind)));
    const both = [lookups.ask('one', '10.0.0.1'), lookups.ask('two', '10.0.0.1')];
    assert.deepEqual(
      (await Promise.all(both)).map(({ isValid }) => isValid),
      [true, true],
    );
    assert.equal((await lookups.ask('three', '10.0.0.1')).isValid, true);
    assert.deepEqual(requests, [['one', 'two'], ['one'], ['two'], ['three']]);
  }
});

test('while the daemon is away every question fails, and the next one is asked again', async (t) => {
  let away = true;
  const { lookups } = bench(t, async (calls) => {
    if (away) throw refused('unreachable');
    return calls.map(() => ({ ok: true, result: good('x') }));
  });
  await assert.rejects(lookups.ask('one', '10.0.0.1'), { kind: 'unreachable' });
  away = false;
  assert.equal((await lookups.ask('one', '10.0.0.1')).isValid, true);
});

test('an odd reply, an error and a missing one fail the question they belong to', async (t) => {
  const { lookups } = bench(t, async () => [
    { ok: true, result: 7 },
    { ok: false, error: refused('rpc') },
    { ok: true, result: good('three') },
  ]);
  const outcomes = await Promise.allSettled(
    ['one', 'two', 'three', 'four'].map((address) => lookups.ask(address, '10.0.0.1')),
  );
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected', 'fulfilled', 'rejected'],
  );
});

test('a question to a pool that has stopped is refused at once', async (t) => {
  const { lookups, stop } = bench(t);
  await lookups.ask('one', '10.0.0.1');
  stop();
  await assert.rejects(lookups.ask('two', '10.0.0.1'), { code: 'LOOKUP_ENDED' });
});

test('a pool that stops leaves no question open', async (t) => {
  const { lookups, stop } = bench(t);
  const first = lookups.ask('one', '10.0.0.1');
  await first;
  const waiting = lookups.ask('two', '10.0.0.1');
  stop();
  await assert.rejects(waiting, { code: 'LOOKUP_ENDED' });
});
