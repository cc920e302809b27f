import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { DaemonConfig } from '../../libs/config/types.ts';
import { createDaemonGroup } from '../../libs/daemon/group.ts';
import { detectDaemon, waitForDaemon, waitForSync } from '../../libs/daemon/startup.ts';
import { systemClock } from '../../libs/primitives/units.ts';
import { logTo } from '../support/memoryLog.ts';
import { until } from '../support/until.ts';
import { coinFor, deadDaemon, type FaultyCall, FaultyDaemon } from './faultyDaemon.ts';

/** Milliseconds until a wait looks again. */
const soon = 10;

function groupOf(t: TestContext, ...configs: DaemonConfig[]) {
  const group = createDaemonGroup(configs, logTo([]), systemClock);
  t.after(() => group.close());
  const lines: string[] = [];
  const stop = new AbortController();
  return { group, lines, log: logTo(lines), signal: stop.signal, stop };
}

/** A daemon that answers some methods with a fixed result, and knows no other. */
const knows = (results: Readonly<Record<string, unknown>>) => (call: FaultyCall) => {
  if (Object.hasOwn(results, call.method)) call.result(results[call.method]);
  else call.error(-32601, 'Method not found', 404);
};

test('waitForDaemon names every daemon with its reason, and resolves when one answers', async (t) => {
  let isDown = true;
  const loading = await FaultyDaemon.start(t, (call) => {
    if (isDown) call.error(-28, 'Loading block index...');
    else call.result(1);
  });
  const locked = await FaultyDaemon.start(t, (call) => call.send(401, ''));
  const dead = await deadDaemon();
  const { group, lines, log, signal } = groupOf(t, dead, locked.config, loading.config);
  const waiting = waitForDaemon(group, log, signal, soon);
  await until('the line', () => lines.length === 1);
  assert.match(lines[0] ?? '', /^error: No daemon answers, so this pool waits /);
  for (const reason of [
    `127.0.0.1:${dead.port} cannot be reached for getblockcount: .*ECONNREFUSED`,
    `127.0.0.1:${locked.config.port} .*HTTP 401: the user or password is wrong`,
    `127.0.0.1:${loading.config.port} .*error -28: Loading block index`,
  ]) {
    assert.match(lines[0] ?? '', new RegExp(reason));
  }
  isDown = false;
  await waiting;
  assert.deepEqual(
    lines.filter((line) => line.startsWith('special')),
    [`special: Daemon 127.0.0.1:${loading.config.port} answers now.`],
  );
});

test('waitForDaemon takes an RPC error for an answer, and is silent when nothing is wrong', async (t) => {
  const daemon = await FaultyDaemon.start(t, knows({}));
  const { group, lines, log, signal } = groupOf(t, daemon.config);
  await waitForDaemon(group, log, signal, soon);
  assert.deepEqual(lines, []);
});

test('waitForDaemon does not wait for a daemon that hangs while another answers', async (t) => {
  const hangs = await FaultyDaemon.start(t, () => undefined);
  const good = await FaultyDaemon.start(t, (call) => call.result(1));
  const { group, log, signal } = groupOf(t, hangs.config, good.config);
  await waitForDaemon(group, log, signal, soon);
  assert.equal(good.calls.length, 1);
});

test('an abort ends the waiting', async (t) => {
  const { group, lines, log, signal, stop } = groupOf(t, await deadDaemon());
  const daemon = waitForDaemon(group, log, signal, soon);
  const sync = waitForSync(group, log, signal, soon);
  await until('both lines', () => lines.length === 2);
  stop.abort();
  await assert.rejects(daemon, { name: 'AbortError' });
  await assert.rejects(sync, { name: 'AbortError' });
});

const newDaemon = {
  getblockchaininfo: { chain: 'main' },
  getnetworkinfo: { protocolversion: 70_016 },
  getdifficulty: 0.00024,
  submitblock: 'never',
};

test('a daemon of today is known by getblockchaininfo and getnetworkinfo', async (t) => {
  const daemon = await FaultyDaemon.start(t, (call) => {
    if (call.method === 'submitblock') call.error(-1, 'submitblock "hexdata" ( "dummy" )');
    else knows(newDaemon)(call);
  });
  const { group } = groupOf(t, daemon.config);
  assert.deepEqual(await detectDaemon(group, coinFor()), {
    network: 'main',
    reward: 'POW',
    protocolVersion: 70_016,
    hasSubmitBlock: true,
  });
  assert.deepEqual(daemon.calls.find(({ method }) => method === 'submitblock')?.params, []);
});

test('an old daemon is known by getinfo, whether or not the coin file says so', async (t) => {
  const old = knows({
    getinfo: { protocolversion: 60_003, testnet: false },
    getmininginfo: { blocks: 5, testnet: false },
    getdifficulty: { 'proof-of-work': 1.5, 'proof-of-stake': 0.2, 'search-interval': 0 },
  });
  for (const hasGetInfo of [true, false]) {
    const daemon = await FaultyDaemon.start(t, old);
    const { group } = groupOf(t, daemon.config);
    assert.deepEqual(await detectDaemon(group, coinFor({ hasGetInfo })), {
      network: 'main',
      reward: 'POS',
      protocolVersion: 60_003,
      hasSubmitBlock: false,
    });
  }
});

test('a daemon that dropped getinfo is known although its coin file says hasGetInfo', async (t) => {
  const daemon = await FaultyDaemon.start(t, knows(newDaemon));
  const { group } = groupOf(t, daemon.config);
  const facts = await detectDaemon(group, coinFor({ hasGetInfo: true }));
  assert.equal(facts.protocolVersion, 70_016);
});

const chains: readonly [Readonly<Record<string, unknown>>, string][] = [
  [{ ...newDaemon, getblockchaininfo: { chain: 'test' } }, 'test'],
  [{ ...newDaemon, getblockchaininfo: { chain: 'testnet4' } }, 'test'],
  [{ ...newDaemon, getblockchaininfo: { chain: 'regtest' } }, 'regtest'],
  [{ ...newDaemon, getblockchaininfo: { chain: 'signet' } }, 'signet'],
  [{ ...newDaemon, getblockchaininfo: { chain: 'livenet' } }, 'main'],
  [{ getdifficulty: 1, getinfo: { protocolversion: 1, testnet: true } }, 'test'],
  [{ getdifficulty: 1, getinfo: { protocolversion: 1 }, getmininginfo: { testnet: true } }, 'test'],
  [
    { getdifficulty: 1, getinfo: { protocolversion: 1 }, getmininginfo: { chain: 'regtest' } },
    'regtest',
  ],
];

test('the network is read from whichever field names it', async (t) => {
  for (const [results, network] of chains) {
    const daemon = await FaultyDaemon.start(t, knows(results));
    const { group } = groupOf(t, daemon.config);
    assert.equal((await detectDaemon(group, coinFor())).network, network, JSON.stringify(results));
  }
});

test('detectDaemon rejects what it cannot read instead of guessing', async (t) => {
  const broken = [
    { ...newDaemon, getblockchaininfo: 'main' },
    { ...newDaemon, getnetworkinfo: {} },
    { ...newDaemon, getnetworkinfo: { protocolversion: '70016' } },
    { getdifficulty: 1 },
  ];
  for (const results of broken) {
    const daemon = await FaultyDaemon.start(t, knows(results));
    const { group } = groupOf(t, daemon.config);
    await assert.rejects(detectDaemon(group, coinFor()), { kind: 'badReply' });
  }
});

test('waitForSync tells the percent of headers, says each percent, and ends with the sync', async (t) => {
  let blocks = 500;
  const daemon = await FaultyDaemon.start(t, (call) => {
    const chain = { chain: 'main', blocks, headers: 2_000, initialblockdownload: blocks < 2_000 };
    if (call.method === 'getblockchaininfo') {
      call.result(chain);
      blocks += 750;
    } else call.result({ height: 2_001 });
  });
  const { group, lines, log, signal } = groupOf(t, daemon.config);
  await waitForSync(group, log, signal, soon);
  assert.deepEqual(lines, [
    'warning: The daemon is still loading the chain: 25 % (block 500 of 2000). The pool waits and starts by itself.',
    'warning: The daemon is still loading the chain: 62.5 % (block 1250 of 2000). The pool waits and starts by itself.',
    'special: The daemon is in sync and gives work now.',
  ]);
});

const readyErrors: readonly [number, string][] = [
  [-8, 'getblocktemplate must be called with the segwit & mweb rule sets'],
  [-1, 'CreateNewBlock: TestBlockValidity failed: bad-txns-vin-empty'],
];

for (const [code, message] of readyErrors) {
  test(`a template refused with ${code} comes from a daemon in sync`, async (t) => {
    const daemon = await FaultyDaemon.start(t, (call) => {
      if (call.method === 'getblocktemplate') call.error(code, message);
      else call.result({ chain: 'main', initialblockdownload: false });
    });
    const { group, lines, log, signal } = groupOf(t, daemon.config);
    await waitForSync(group, log, signal, soon);
    assert.deepEqual(lines, []);
  });
}

const obstacles: readonly [number, string, RegExp][] = [
  [-9, 'Litecoin is not connected!', /^warning: The daemon has no peers, .*not connected/],
  [-10, 'Litecoin is in initial sync', /^warning: .*loading the chain: 10 % \(block 3 of 30\)/],
  [-28, 'Loading block index...', /^warning: The daemon cannot say .*Loading block index/],
];

for (const [code, message, sentence] of obstacles) {
  test(`waitForSync goes on waiting at error ${code}, and says why`, async (t) => {
    let isReady = false;
    const daemon = await FaultyDaemon.start(t, (call) => {
      if (call.method === 'getblockcount') call.result(3);
      else if (call.method === 'getpeerinfo') {
        call.result([{ startingheight: 20 }, { startingheight: 30 }, {}, null]);
      } else if (call.method !== 'getblocktemplate') call.error(-32601, 'Method not found', 404);
      else if (isReady) call.result({});
      else call.error(code, message);
    });
    const { group, lines, log, signal } = groupOf(t, daemon.config);
    const waiting = waitForSync(group, log, signal, soon);
    await until('the line', () => lines.length === 1);
    assert.match(lines[0] ?? '', sentence);
    isReady = true;
    await waiting;
    assert.equal(lines.length, 2);
  });
}

test('on regtest a template decides, not the flag that stays up while the tip is old', async (t) => {
  const daemon = await FaultyDaemon.start(t, (call) => {
    if (call.method === 'getblocktemplate') call.result({});
    else call.result({ chain: 'regtest', blocks: 1, headers: 1, initialblockdownload: true });
  });
  const { group, lines, log, signal } = groupOf(t, daemon.config);
  await waitForSync(group, log, signal, soon);
  assert.deepEqual(lines, []);
});
