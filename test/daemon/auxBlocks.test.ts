import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createAuxSource, parseAuxTemplate, readAuxOutcome } from '../../libs/daemon/auxBlocks.ts';
import type { SubmitKind, SubmitOutcome } from '../../libs/daemon/blocks.ts';
import { createDaemonGroup } from '../../libs/daemon/group.ts';
import { DaemonError } from '../../libs/daemon/types.ts';
import { systemClock } from '../../libs/primitives/units.ts';
import type { UnknownRecord } from '../../libs/primitives/unknown.ts';
import { logTo } from '../support/memoryLog.ts';
import { type FaultyCall, FaultyDaemon } from './faultyDaemon.ts';

/** As Namecoin Core answers createauxblock on regtest. */
const namecoin: UnknownRecord = {
  hash: '574f20c7b2b1f810e9d7adf5b72af031112fc51bd770608b6bafd694b3efa0c7',
  chainid: 1,
  previousblockhash: '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206',
  coinbasevalue: 5_000_000_000,
  bits: '207fffff',
  height: 1,
  _target: '0000000000000000000000000000000000000000000000000000000000ffff7f',
};
const littleEndian = Buffer.from(String(namecoin['_target']), 'hex');
const read = (changes: UnknownRecord) => parseAuxTemplate({ ...namecoin, ...changes }, 'm');
const refusalOf = (changes: UnknownRecord): string => {
  try {
    read(changes);
  } catch (error) {
    assert.ok(error instanceof DaemonError && error.kind === 'badReply');
    return error.message;
  }
  return 'it was taken';
};

test("Namecoin's reply is read, its target in wire order", () => {
  assert.deepEqual(read({}), {
    hash: namecoin['hash'],
    chainId: 1,
    target: littleEndian,
    reward: 5_000_000_000n,
    height: 1,
  });
});

test("Dogecoin's `target` means the same as Namecoin's `_target`, and either order agrees with the bits", () => {
  const { _target, ...rest } = namecoin;
  const shown = Buffer.from(littleEndian).reverse().toString('hex');
  for (const target of [_target, shown]) {
    assert.deepEqual(parseAuxTemplate({ ...rest, target }, 'm').target, littleEndian);
  }
  assert.deepEqual(read({ bits: undefined }).target, littleEndian);
  assert.deepEqual(read({ _target: undefined }).target, littleEndian);
});

test('an old reply of hash, chain id and target is enough', () => {
  const { hash, chainid, _target: target } = namecoin;
  const { reward, height } = parseAuxTemplate({ hash, chainid, target }, 'm');
  assert.deepEqual([reward, height], [0n, undefined]);
});

test('nonsense is refused with the name of the field', () => {
  const wrong: readonly [UnknownRecord, RegExp][] = [
    [{ hash: 'a'.repeat(63) }, /its hash is not 64 hex digits/],
    [{ hash: undefined }, /its hash/],
    [{ hash: 7 }, /its hash/],
    [{ chainid: undefined }, /its chainid is missing/],
    [{ chainid: -1 }, /its chainid is no integer/],
    [{ chainid: '1' }, /its chainid is no integer/],
    [{ chainid: 1.5 }, /its chainid is no integer/],
    [{ chainid: 2 ** 31 }, /its chainid is no integer/],
    [{ bits: undefined, _target: '00'.repeat(32) }, /its target is zero/],
    [{ bits: undefined, _target: undefined }, /neither bits nor target/],
    [{ _target: 'ff' }, /its target is not 32 bytes/],
    [{ _target: '11'.repeat(32) }, /contradict each other/],
    [{ bits: '00000000' }, /its bits are wrong/],
    [{ bits: '20ffffff' }, /its bits are wrong/],
    [{ bits: 0x207fffff }, /its bits are wrong/],
    [{ coinbasevalue: -1 }, /its coinbasevalue/],
    [{ coinbasevalue: 1.5 }, /its coinbasevalue/],
    [{ height: 0 }, /its height/],
    [{ height: 'x' }, /its height/],
  ];
  for (const [changes, pattern] of wrong) assert.match(refusalOf(changes), pattern);
  for (const reply of [null, [], 'x', 7, true]) {
    assert.throws(() => parseAuxTemplate(reply, 'm'), /it is no object/);
  }
});

async function setUp(t: TestContext, behave: (call: FaultyCall) => void) {
  const daemon = await FaultyDaemon.start(t, behave);
  const group = createDaemonGroup([daemon.config], logTo([]), systemClock);
  t.after(() => group.close());
  const calls = () => daemon.calls.map(({ method, params }) => [method, ...params]);
  return { source: createAuxSource(group), calls };
}

test('a daemon with createauxblock is told the address, and gets the proof by submitauxblock', async (t) => {
  const { source, calls } = await setUp(t, (call) =>
    call.result(call.method === 'createauxblock' ? namecoin : true),
  );
  assert.equal((await source.create('Npool')).height, 1);
  const outcomes: SubmitOutcome[] = [];
  await source.submit('ab', 'cd', (_daemon, outcome) => void outcomes.push(outcome));
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ['accepted'],
  );
  assert.deepEqual(calls(), [
    ['createauxblock', 'Npool'],
    ['submitauxblock', 'ab', 'cd'],
  ]);
});

test('an older daemon is asked by getauxblock both ways, and for the height that it does not tell', async (t) => {
  const { hash, chainid, _target: target } = namecoin;
  const { source, calls } = await setUp(t, (call) => {
    if (call.method === 'createauxblock') call.error(-32601, 'Method not found');
    else if (call.method === 'getblockcount') call.result(41);
    else call.result(call.params.length === 0 ? { hash, chainid, target } : true);
  });
  assert.equal((await source.create('Npool')).height, 42);
  await source.create('Npool');
  await source.submit('ab', 'cd', () => undefined);
  assert.deepEqual(
    calls().filter(([method]) => method !== 'getblockcount'),
    [['createauxblock', 'Npool'], ['getauxblock'], ['getauxblock'], ['getauxblock', 'ab', 'cd']],
  );
});

test('a daemon without either method is said to have none', async (t) => {
  const { source } = await setUp(t, (call) => call.error(-32601, 'Method not found'));
  await assert.rejects(source.create('Npool'), /neither this method nor getauxblock/);
});

test('a proof is refused by false and by errors of the daemon, and not judged by an outage', () => {
  const facts = { daemon: 'd', method: 'submitauxblock' };
  const failure = (kind: 'rpc' | 'timeout' | 'reset', rpcCode?: number) => ({
    ok: false as const,
    error: new DaemonError(kind, 'w', { ...facts, ...(rpcCode === undefined ? {} : { rpcCode }) }),
  });
  const cases: readonly [Parameters<typeof readAuxOutcome>[0], SubmitKind][] = [
    [{ ok: true, result: true }, 'accepted'],
    [{ ok: true, result: null }, 'accepted'],
    [{ ok: true, result: false }, 'rejected'],
    [failure('rpc', -8), 'rejected'],
    [failure('rpc', -1), 'rejected'],
    [failure('rpc', -32601), 'failed'],
    [failure('rpc', -28), 'failed'],
    [failure('rpc', -10), 'failed'],
    [failure('rpc', -9), 'failed'],
    [failure('timeout'), 'failed'],
    [failure('reset'), 'failed'],
  ];
  for (const [outcome, kind] of cases) assert.equal(readAuxOutcome(outcome).kind, kind);
});
