import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { millis, systemClock } from '../../libs/primitives/units.ts';
import { coinKeys } from '../../libs/redis/keys.ts';
import { createRedisRecorder } from '../../libs/shares/redisRecorder.ts';
import { createRounds, parseBlock, RoundsError } from '../../libs/shares/rounds.ts';
import type { FoundBlock } from '../../libs/shares/types.ts';
import {
  badNetworkStandIn,
  clusterFor,
  connectFor,
  eventsOf,
  hashOf,
  listOf,
  redisFor,
} from '../redis/testbed.ts';
import { memoryLog } from '../support/memoryLog.ts';
import { until } from '../support/until.ts';
import { sampleShare } from './sampleShare.ts';
import { dataDirFor } from './support/dataDir.ts';

const keys = coinKeys('testcoin');
const hashA = 'aa'.repeat(32);
const hashB = 'bb'.repeat(32);
const hashC = 'dd'.repeat(32);
const txHash = 'cc'.repeat(32);

function blockOf(blockHash: string, height = 7): FoundBlock {
  return {
    height,
    blockHash,
    txHash,
    finder: 'Laddr.rig',
    time: millis(1_700_000_000_123),
    reward: '1250000000',
    networkDifficulty: 1234.5,
  };
}

async function setUp(t: TestContext, through?: (port: number) => Promise<number>) {
  const server = await redisFor(t);
  const log = memoryLog();
  const look = await connectFor(t, { port: server.port });
  const connection =
    through === undefined ? look : await connectFor(t, { port: await through(server.port) }, log);
  const stop = new AbortController();
  const rounds = createRounds({ connection, keys, log, now: systemClock, signal: stop.signal });
  const mine = (...fields: string[]) => look.command('hset', keys.roundCurrent, ...fields);
  return { server, log, look, rounds, mine, stop };
}

test('a found block ends the round: roundCurrent becomes round<height>, with the facts of the block', async (t) => {
  const { look, rounds, mine } = await setUp(t);
  await mine('w1', '16', 'w2', '0.5');
  assert.equal(await rounds.close(blockOf(hashA)), 'closed');
  assert.equal(await look.command('exists', 'testcoin:shares:roundCurrent'), 0);
  assert.deepEqual(await hashOf(look, 'testcoin:shares:round7'), { w1: '16', w2: '0.5' });
  assert.deepEqual(await hashOf(look, `testcoin:blk:${hashA}`), {
    state: 'candidate',
    height: '7',
    txHash,
    finder: 'Laddr.rig',
    time: '1700000000123',
    reward: '1250000000',
    networkDifficulty: '1234.5',
    // 16.5 / 1234.5 = 0.01336573…
    effort: '0.013366',
  });
  assert.deepEqual(await listOf(look, 'smembers', 'testcoin:blk:round7'), [hashA]);
});

test('effort is the work of the round against the network, as plain decimal text', async (t) => {
  const { look, rounds, mine } = await setUp(t);
  for (const [at, [difficulty, shares, effort]] of (
    [
      [100, ['50', '25', '25'], '1'],
      [300, ['99.5', '0.5'], '0.333333'],
      [0.5, ['1000000'], '2000000'],
      [1e12, ['1'], '0'],
      [100, ['10', 'much', 'nan', '0x10', 'inf'], '0.1'],
      [100, [], '0'],
      [0, ['1'], '0'],
    ] as const
  ).entries()) {
    const fields = shares.flatMap((share, i) => [`w${i}`, share]);
    if (fields.length > 0) await mine(...fields);
    const blockHash = `${at}`.padStart(64, 'e');
    await rounds.close({ ...blockOf(blockHash, at + 1), networkDifficulty: difficulty });
    assert.equal(await look.command('hget', keys.block(blockHash), 'effort'), effort);
  }
});

test('found blocks are in the index by height, twins both, and each once', async (t) => {
  const { look, rounds, mine } = await setUp(t);
  await mine('w1', '617.25');
  await rounds.close(blockOf(hashB, 8));
  await rounds.close(blockOf(hashA));
  await rounds.close(blockOf(hashC));
  await rounds.close(blockOf(hashA));
  await rounds.accept(hashB);
  const index = ['testcoin:blk:index', '0', '-1', 'WITHSCORES'];
  const expected = [hashA, '7', hashC, '7', hashB, '8'];
  assert.deepEqual(await listOf(look, 'zrange', ...index), expected);
  assert.equal(await look.command('hget', keys.block(hashB), 'effort'), '0.5');
});

test('twins have the effort of the round that they share', async (t) => {
  const { look, rounds, mine } = await setUp(t);
  await mine('w1', '617.25');
  await rounds.close(blockOf(hashA));
  await mine('w1', '1234.5');
  assert.equal(await rounds.close(blockOf(hashB)), 'twin');
  for (const hash of [hashA, hashB]) {
    assert.equal(await look.command('hget', keys.block(hash), 'effort'), '0.5');
  }
});

test('a refused block leaves the index, and is in it again when it is accepted after all', async (t) => {
  const { look, rounds } = await setUp(t);
  await rounds.close(blockOf(hashA));
  await rounds.close(blockOf(hashB));
  await rounds.refuse(hashA, 'stale');
  assert.deepEqual(await listOf(look, 'zrange', keys.blockIndex, '0', '-1'), [hashB]);
  await rounds.accept(hashA);
  assert.deepEqual(await listOf(look, 'zrange', keys.blockIndex, '0', '-1'), [hashA, hashB]);
});

test('an accepted block is told once, with its reward in coins', async (t) => {
  const { look, rounds, mine } = await setUp(t);
  await mine('w1', '2469');
  await rounds.close(blockOf(hashA));
  assert.deepEqual(await eventsOf(look), []);
  for (let i = 0; i < 10; i += 1) {
    await rounds.close(blockOf(hashA));
    await rounds.accept(hashA);
  }
  const told = {
    height: 7,
    hash: hashA,
    finder: 'Laddr.rig',
    time: 1_700_000_000_123,
    reward: '12.5',
    networkDifficulty: 1234.5,
    effort: 2,
  };
  assert.deepEqual(await eventsOf(look), [['block', told]]);
});

test('a block that was refused is told when it is accepted after all, and only then', async (t) => {
  const { look, rounds } = await setUp(t);
  await rounds.close(blockOf(hashA));
  await rounds.refuse(hashA, 'no daemon');
  assert.deepEqual(await eventsOf(look), []);
  await rounds.accept(hashA);
  assert.equal((await eventsOf(look)).length, 1);
});

test('names in events are text, whatever they are', async (t) => {
  const { look, rounds } = await setUp(t);
  const finder = `"}],ü🦆<b>\u0000'`;
  await rounds.close({ ...blockOf(hashA), finder });
  await rounds.accept(hashA);
  assert.equal((await eventsOf(look))[0]?.[1]['finder'], finder);
});

test('coins with other decimals are told with theirs', async (t) => {
  const { look, log } = await setUp(t);
  const rounds = createRounds({ connection: look, keys, log, now: systemClock, decimals: 6 });
  await rounds.close(blockOf(hashA));
  await rounds.accept(hashA);
  assert.equal((await eventsOf(look))[0]?.[1]['reward'], '1250');
});

test('the stream of events keeps about the last five thousand', async (t) => {
  const { look, rounds } = await setUp(t);
  const fill = "for i = 1, 6000 do redis.call('XADD', KEYS[1], '*', 'type', 'x', 'data', '{}') end";
  await look.command('eval', fill, 1, keys.events);
  await rounds.close(blockOf(hashA));
  await rounds.accept(hashA);
  const length = Number(await look.command('xlen', keys.events));
  // Redis drops whole nodes of its list: a hundred entries each.
  assert.ok(length >= 5_000 && length <= 5_101, `${length}`);
});

test('an index or a stream that is something else holds up no block', async (t) => {
  const { look, rounds, mine } = await setUp(t);
  await look.command('set', keys.blockIndex, 'text');
  await look.command('set', keys.events, 'text');
  await mine('w1', '16');
  assert.equal(await rounds.close(blockOf(hashA)), 'closed');
  await rounds.refuse(hashA, 'stale');
  await rounds.accept(hashA);
  assert.deepEqual(await hashOf(look, keys.round(7)), { w1: '16' });
  assert.deepEqual(await listOf(look, 'smembers', keys.blocksPending), [`${hashA}:${txHash}:7`]);
  assert.equal(await look.command('get', keys.events), 'text');
});

test('closing a block again changes nothing, although a new round has begun', async (t) => {
  const { look, rounds, mine } = await setUp(t);
  await mine('w1', '16');
  await rounds.close(blockOf(hashA));
  await mine('w1', '1');
  assert.equal(await rounds.close(blockOf(hashA)), 'already');
  assert.deepEqual(await hashOf(look, keys.round(7)), { w1: '16' });
  assert.deepEqual(await hashOf(look, keys.roundCurrent), { w1: '1' });
});

test('a block without shares is closed as well', async (t) => {
  const { look, rounds } = await setUp(t);
  assert.equal(await rounds.close(blockOf(hashA)), 'closed');
  assert.equal(await look.command('exists', keys.round(7)), 0);
  await rounds.refuse(hashA, 'stale');
  assert.equal(await look.command('exists', keys.round(7), keys.roundCurrent), 0);
});

test('a twin at the same height overwrites nothing and shares the round', async (t) => {
  const { look, rounds, mine } = await setUp(t);
  await mine('w1', '16');
  await rounds.close(blockOf(hashA));
  await mine('w2', '4');
  assert.equal(await rounds.close(blockOf(hashB)), 'twin');
  assert.deepEqual(await hashOf(look, keys.round(7)), { w1: '16' });
  assert.deepEqual(await hashOf(look, keys.roundCurrent), { w2: '4' });
  const blocks = await listOf(look, 'smembers', keys.roundBlocks(7));
  assert.deepEqual(blocks.sort(), [hashA, hashB]);
});

test('an accepted block waits in blocksPending as blockHash:txHash:height and is counted once', async (t) => {
  const { look, rounds } = await setUp(t);
  await rounds.close(blockOf(hashA));
  await rounds.accept(hashA);
  await rounds.accept(hashA);
  const member = `${hashA}:${txHash}:7`;
  assert.deepEqual(await listOf(look, 'smembers', 'testcoin:blocksPending'), [member]);
  assert.deepEqual(await hashOf(look, 'testcoin:stats'), { validBlocks: '1' });
  assert.equal(await look.command('hget', keys.block(hashA), 'state'), 'accepted');
});

test('accepting again does not bring back a block that payments have moved on', async (t) => {
  const { look, rounds } = await setUp(t);
  await rounds.close(blockOf(hashA));
  await rounds.accept(hashA);
  const member = `${hashA}:${txHash}:7`;
  await look.command('smove', keys.blocksPending, keys.blocksConfirmed, member);
  await rounds.accept(hashA);
  assert.equal(await look.command('scard', keys.blocksPending), 0);
});

test('a refused block gives its round back with exact sums, and is counted once', async (t) => {
  const { look, log, rounds, mine } = await setUp(t);
  await mine('w1', '0.1', 'w2', '16', '__proto__', '1', 'ü"', '9007199254740993');
  await rounds.close(blockOf(hashA));
  await mine('w1', '0.2', 'w3', '5', 'ü"', '1');
  await rounds.refuse(hashA, 'high-hash');
  await rounds.refuse(hashA, 'high-hash');
  assert.deepEqual(
    new Map(Object.entries(await hashOf(look, keys.roundCurrent))),
    new Map([
      ['w1', '0.3'],
      ['w3', '5'],
      ['ü"', '9007199254740994'],
      ['w2', '16'],
      ['__proto__', '1'],
    ]),
  );
  assert.equal(await look.command('exists', keys.round(7), keys.roundBlocks(7)), 0);
  assert.deepEqual(await hashOf(look, keys.stats), { invalidBlocks: '1' });
  const facts = await hashOf(look, keys.block(hashA));
  assert.deepEqual([facts['state'], facts['reason']], ['refused', 'high-hash']);
  assert.equal(log.count('accepted before'), 0);
  assert.ok(Number(await look.command('ttl', keys.block(hashA))) > 29 * 86_400);
});

test('a refused twin leaves the round to the other block; the last one refused gives it back', async (t) => {
  const { look, rounds, mine } = await setUp(t);
  await mine('w1', '16');
  await rounds.close(blockOf(hashA));
  await rounds.close(blockOf(hashB));
  await rounds.refuse(hashA, 'stale');
  assert.deepEqual(await hashOf(look, keys.round(7)), { w1: '16' });
  await rounds.refuse(hashB, 'stale');
  assert.deepEqual(await hashOf(look, keys.roundCurrent), { w1: '16' });
  assert.deepEqual(await hashOf(look, keys.stats), { invalidBlocks: '2' });
});

test('a refused block gives its round back although a SOLO block of its height waits', async (t) => {
  const { look, rounds, mine } = await setUp(t);
  await rounds.close({ ...blockOf(hashA), solo: true });
  await rounds.accept(hashA);
  await mine('w1', '16');
  await rounds.close(blockOf(hashB));
  await mine('w1', '1');
  await rounds.refuse(hashB, 'stale');
  assert.deepEqual(await hashOf(look, keys.roundCurrent), { w1: '17' });
  assert.deepEqual(await hashOf(look, keys.round(7)), {});
});

test('a refused block leaves its round to a twin that waits beside a SOLO block', async (t) => {
  const { look, rounds, mine } = await setUp(t);
  await mine('w1', '16');
  for (const hash of [hashA, hashB, hashC]) {
    await rounds.close({ ...blockOf(hash), ...(hash === hashA ? { solo: true } : {}) });
  }
  await rounds.accept(hashA);
  await rounds.accept(hashC);
  await rounds.refuse(hashB, 'stale');
  assert.deepEqual(await hashOf(look, keys.round(7)), { w1: '16' });
});

for (const kind of ['SOLO', 'older pool'] as const) {
  test(`a block (${kind}) that comes to wait while another of its height is refused is looked at as well`, async (t) => {
    const { look, server, log } = await setUp(t);
    const plain = createRounds({ connection: look, keys, log, now: systemClock });
    await look.command('hset', keys.roundCurrent, 'w1', '16');
    await plain.close(blockOf(hashB));
    await plain.close({ ...blockOf(hashA), solo: true });
    const connection = await connectFor(t, { port: server.port });
    let come = false;
    const rounds = createRounds({
      connection: {
        ...connection,
        ready: true,
        send: async (name, args) => {
          if (!come && kind === 'SOLO') await plain.accept(hashA);
          else if (!come) await look.command('sadd', keys.blocksPending, `${hashC}:${txHash}:7`);
          come = true;
          return connection.send(name, args);
        },
      },
      keys,
      log,
      now: systemClock,
    });
    await rounds.refuse(hashB, 'stale');
    const [given, kept] = [{ w1: '16' }, {}];
    assert.deepEqual(await hashOf(look, keys.roundCurrent), kind === 'SOLO' ? given : kept);
    assert.deepEqual(await hashOf(look, keys.round(7)), kind === 'SOLO' ? kept : given);
  });
}

test('a round that a pending block of an older pool needs is not taken from it', async (t) => {
  const { look, rounds } = await setUp(t);
  await look.command('hset', keys.round(7), 'w1', '16');
  await look.command(
    'sadd',
    keys.blocksPending,
    `${hashB}:${txHash}:7:finder`,
    `${hashB}:${txHash}:17`,
  );
  assert.equal(await rounds.close(blockOf(hashA)), 'twin');
  await rounds.refuse(hashA, 'stale');
  assert.deepEqual(await hashOf(look, keys.round(7)), { w1: '16' });
});

test('refusing a block that was accepted changes nothing and is said', async (t) => {
  const { look, log, rounds, mine } = await setUp(t);
  await mine('w1', '16');
  await rounds.close(blockOf(hashA));
  await rounds.accept(hashA);
  await rounds.refuse(hashA, 'inconclusive');
  assert.deepEqual(await hashOf(look, keys.round(7)), { w1: '16' });
  assert.deepEqual(await hashOf(look, keys.stats), { validBlocks: '1' });
  assert.equal(log.count(/\[warning\].*accepted before and stays so/), 1);
});

test('a block accepted after it was refused has its round again', async (t) => {
  const { look, rounds, mine } = await setUp(t);
  await mine('w1', '16');
  await rounds.close(blockOf(hashA));
  await rounds.refuse(hashA, 'no daemon');
  await mine('w2', '1');
  await rounds.accept(hashA);
  assert.deepEqual(await hashOf(look, keys.round(7)), { w1: '16', w2: '1' });
  assert.deepEqual(await listOf(look, 'smembers', keys.blocksPending), [`${hashA}:${txHash}:7`]);
  assert.deepEqual(await hashOf(look, keys.stats), { invalidBlocks: '0', validBlocks: '1' });
  assert.equal(await look.command('ttl', keys.block(hashA)), -1);
  assert.deepEqual(await listOf(look, 'smembers', keys.roundBlocks(7)), [hashA]);
});

test('a nonsense value in the round: refusing does nothing by halves, and goes on after the repair', async (t) => {
  const { look, log, rounds, mine } = await setUp(t);
  await mine('w1', '16', 'w2', 'much');
  await rounds.close(blockOf(hashA));
  await mine('w1', '4');
  const refused = rounds.refuse(hashA, 'stale');
  await until('it is said', () => log.count('round7 field w2 holds "much", not a number') === 1);
  assert.deepEqual(await hashOf(look, keys.roundCurrent), { w1: '4' });
  assert.equal(await look.command('hget', keys.block(hashA), 'state'), 'candidate');
  await look.command('hset', keys.round(7), 'w2', '8');
  await refused;
  assert.deepEqual(await hashOf(look, keys.roundCurrent), { w1: '20', w2: '8' });
});

test('a nonsense value in roundCurrent stops the merge before anything is written', async (t) => {
  const { look, log, rounds, mine } = await setUp(t);
  await mine('w1', '16', 'w2', '8');
  await rounds.close(blockOf(hashA));
  await mine('w2', 'x');
  const refused = rounds.refuse(hashA, 'stale');
  await until('it is said', () => log.count('roundCurrent field w2 holds "x"') === 1);
  assert.deepEqual(await hashOf(look, keys.roundCurrent), { w2: 'x' });
  assert.deepEqual(await hashOf(look, keys.round(7)), { w1: '16', w2: '8' });
  await mine('w2', '2');
  await refused;
  assert.deepEqual(await hashOf(look, keys.roundCurrent), { w1: '16', w2: '10' });
});

test('a wrong type ends with a typed error when the pool stops, and nothing is half done', async (t) => {
  const { look, log, rounds, mine, stop } = await setUp(t);
  await mine('w1', '16');
  await look.command('set', keys.openBlocks, 'text');
  const closing = assert.rejects(rounds.close(blockOf(hashA)), {
    code: 'REDIS_WRONGTYPE',
    trouble: 'permanent',
  });
  await until('it is said', () => log.count(/\[error\].*WRONGTYPE testcoin:blk:open/) === 1);
  stop.abort();
  await closing;
  assert.equal(await look.command('exists', keys.block(hashA), keys.round(7)), 0);
  assert.deepEqual(await hashOf(look, keys.roundCurrent), { w1: '16' });
});

test('each step whose answer is lost is done once', async (t) => {
  let network: Awaited<ReturnType<typeof badNetworkStandIn>> | undefined;
  const { look, rounds, mine } = await setUp(t, async (port) => {
    network = await badNetworkStandIn(t, port);
    return network.port;
  });
  assert.ok(network);
  await mine('w1', '16');
  network.loseNextScriptReply();
  assert.equal(await rounds.close(blockOf(hashA)), 'already');
  network.loseNextScriptReply();
  await rounds.refuse(hashA, 'stale');
  network.loseNextScriptReply();
  await rounds.close(blockOf(hashB));
  network.loseNextScriptReply();
  await rounds.accept(hashB);
  assert.equal(network.lost, 4);
  assert.deepEqual(await hashOf(look, keys.round(7)), { w1: '16' });
  assert.deepEqual(await hashOf(look, keys.stats), { invalidBlocks: '1', validBlocks: '1' });
  assert.deepEqual(await listOf(look, 'zrange', keys.blockIndex, '0', '-1'), [hashB]);
  assert.equal((await eventsOf(look)).length, 1);
});

test('a block found while Redis is down is closed when it is back', async (t) => {
  const { server, look, rounds, mine } = await setUp(t);
  await mine('w1', '16');
  await server.kill('SIGKILL');
  const closed = rounds.close(blockOf(hashA));
  const accepted = closed.then(() => rounds.accept(hashA));
  await server.restart();
  assert.equal(await closed, 'closed');
  await accepted;
  assert.deepEqual(await hashOf(look, keys.round(7)), { w1: '16' });
});

test('with hashTag shares and rounds work on a Cluster', async (t) => {
  const { port, look } = await clusterFor(t);
  const connection = await connectFor(t, { port: 1, cluster: [{ host: '127.0.0.1', port }] });
  const tagged = coinKeys('testcoin', true);
  const facts = { connection, keys: tagged, log: memoryLog(), now: systemClock };
  const dataDir = await dataDirFor(t);
  const recorder = createRedisRecorder({ ...facts, dataDir, writerId: 'w', groupMillis: 1 });
  t.after(() => recorder.close());
  const rounds = createRounds(facts);
  const record = async () => {
    const recorded = await new Promise((resolve) => recorder.record(sampleShare(), resolve));
    await recorder.applied();
    return recorded;
  };
  assert.equal(await record(), true);
  assert.equal(await rounds.close(blockOf(hashA)), 'closed');
  await rounds.refuse(hashA, 'stale');
  assert.equal(await record(), true);
  assert.equal(await rounds.close(blockOf(hashB)), 'closed');
  await rounds.accept(hashB);
  assert.deepEqual(await hashOf(look, '{testcoin}:shares:round7'), { w1: '32' });
});

test('a block that was never closed is neither accepted nor refused', async (t) => {
  const { rounds } = await setUp(t);
  await assert.rejects(rounds.accept(hashA), { code: 'ROUNDS_UNKNOWN_BLOCK' });
  await assert.rejects(rounds.refuse(hashA, 'stale'), { code: 'ROUNDS_UNKNOWN_BLOCK' });
});

test('what is no block hash, txid or height never comes into a key', async (t) => {
  const { rounds } = await setUp(t);
  const bad = [
    { ...blockOf(hashA), blockHash: 'x:y' },
    { ...blockOf(hashA), txHash: '' },
    { ...blockOf(hashA), height: 0.5 },
  ];
  for (const block of bad) await assert.rejects(rounds.close(block), RoundsError);
  await assert.rejects(rounds.accept('*'), { code: 'ROUNDS_BAD_BLOCK' });
});

test('unfinished blocks are those neither accepted nor refused, with all their facts', async (t) => {
  const { look, log, rounds } = await setUp(t);
  await rounds.close(blockOf(hashA));
  await rounds.close(blockOf(hashB, 8));
  await rounds.close(blockOf(hashC, 9));
  await rounds.accept(hashB);
  await rounds.refuse(hashC, 'stale');
  assert.deepEqual(await rounds.unfinishedBlocks(), [blockOf(hashA)]);
  await look.command('sadd', keys.openBlocks, 'gone');
  assert.deepEqual(await rounds.unfinishedBlocks(), [blockOf(hashA)]);
  assert.equal(log.count(/\[error\].*testcoin:blk:gone does not hold the facts/), 1);
});

test('a round is read with every name in it, and an absent one is empty', async (t) => {
  const { rounds, mine } = await setUp(t);
  await mine('__proto__', '1', 'w', '2.5');
  await rounds.close(blockOf(hashA));
  assert.deepEqual(
    await rounds.readRound(7),
    new Map([
      ['__proto__', '1'],
      ['w', '2.5'],
    ]),
  );
  assert.equal((await rounds.readRound(99)).size, 0);
});

test('facts that somebody edited are no block', () => {
  const facts = {
    height: '7',
    txHash,
    finder: 'w',
    time: '5',
    reward: '10',
    networkDifficulty: '2.5',
  };
  assert.deepEqual(parseBlock(hashA, new Map(Object.entries(facts))), {
    blockHash: hashA,
    height: 7,
    txHash,
    finder: 'w',
    time: 5,
    reward: '10',
    networkDifficulty: 2.5,
  });
  for (const wrong of [
    { height: 'x' },
    { reward: '1.5' },
    { time: 'x' },
    { networkDifficulty: 'x' },
  ]) {
    const edited = new Map(Object.entries({ ...facts, ...wrong }));
    assert.equal(parseBlock(hashA, edited), undefined);
  }
  assert.equal(parseBlock(hashA, new Map()), undefined);
});

test('an accepted block is kept as soon as Redis has it on disk', async (t) => {
  const { rounds } = await setUp(t);
  await rounds.close(blockOf(hashA));
  await rounds.accept(hashA);
  assert.equal(await rounds.isKept(hashA), true);
});

test('a block of which a crashed Redis has forgotten the acceptance, or all, is not kept', async (t) => {
  const { rounds, look } = await setUp(t);
  await rounds.close(blockOf(hashA));
  assert.equal(await rounds.isKept(hashA), false);
  await rounds.accept(hashA);
  await look.command('flushall');
  assert.equal(await rounds.isKept(hashA), false);
});
