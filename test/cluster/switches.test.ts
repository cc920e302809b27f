import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Switches, type SwitchMove } from '../../libs/cluster/switches.ts';
import type { PoolConfig } from '../../libs/config/types.ts';
import type { SwitchCoin } from '../../libs/ipc/messages.ts';
import { difficulty, millis } from '../../libs/primitives/units.ts';
import type { RedisConnection } from '../../libs/redis/connection.ts';
import type { RedisServer } from '../../scripts/regtest/redisServer.ts';
import { configFolder, load, pool } from '../config/configFolder.ts';
import { connectFor, redisFor } from '../redis/testbed.ts';
import { memoryLog } from '../support/memoryLog.ts';
import { until } from '../support/until.ts';

const patience = 20;
const coinFiles = ['litecoin', 'dogecoin', 'bitcoin'];

/** Pools of two scrypt coins (dogecoin is the first by its file's name) and of bitcoin. */
function threePools(t: TestContext, changes: object = {}): readonly PoolConfig[] {
  const files = coinFiles.map((coin, at) => [
    `pool_configs/${coin}.json`,
    pool({ coin: `${coin}.json`, ports: { [3001 + at]: { diff: 8 } }, ...changes }),
  ]);
  return load(configFolder(t, { 'config.json': {}, ...Object.fromEntries(files) })).pools;
}

const port = (number: number) => ({
  [number]: { port: number, diff: difficulty(8), extranonce2Size: 4, tls: false },
});

const switching = {
  multi: { enabled: true, algorithm: 'scrypt', ports: port(3030) },
  off: { enabled: false, algorithm: 'scrypt', ports: port(3031) },
};

interface Ground {
  readonly switches: Switches;
  readonly redis: RedisConnection;
  readonly log: ReturnType<typeof memoryLog>;
  readonly told: SwitchCoin[];
  readonly moves: SwitchMove[];
}

async function ground(
  t: TestContext,
  server: RedisServer,
  pools: readonly PoolConfig[] = threePools(t),
): Promise<Ground> {
  const log = memoryLog();
  const redis = await connectFor(t, { port: server.port }, log);
  const told: SwitchCoin[] = [];
  const moves: SwitchMove[] = [];
  let time = 1_000;
  const switches = new Switches({
    switching,
    pools: () => pools,
    redis,
    log,
    now: () => millis(time++),
    tell: (coin) => told.push(coin),
    onMove: (move) => moves.push(move),
    patience,
  });
  t.after(() => switches.close());
  return { switches, redis, log, told, moves };
}

const coinOf = (switches: Switches) => switches.coins[0]?.coin;
const toDogecoin = { switch: 'multi', coin: 'dogecoin' };
const toLitecoin = { switch: 'multi', coin: 'litecoin' };

test('a switch begins with the first pool of its algorithm; a disabled one is none', async (t) => {
  const { switches } = await ground(t, await redisFor(t));
  await switches.restore();
  assert.deepEqual(switches.coins, [toDogecoin]);
  assert.deepEqual(switches.list()[0]?.ports, [3030]);
});

test('a coin is put behind a switch only when its pool takes miners on some fork', async (t) => {
  const { switches, told } = await ground(t, await redisFor(t));
  await switches.restore();
  const wish = { name: 'multi', algorithm: undefined };
  assert.match(switches.coinSwitch('litecoin', wish).text, /has not started/);
  switches.poolReady(0, 'litecoin', undefined);
  switches.forkDied(0);
  assert.equal(switches.coinSwitch('litecoin', wish).ok, false);
  switches.poolReady(1, 'litecoin', undefined);
  assert.equal(switches.coinSwitch('litecoin', wish).ok, true);
  assert.deepEqual(told, [toLitecoin]);
  assert.match(switches.coinSwitch('litecoin', wish).text, /on litecoin already/);
  switches.poolReady(1, 'bitcoin', undefined);
  assert.deepEqual(switches.coinSwitch('bitcoin', wish), {
    ok: false,
    text: '"multi" is a switch for scrypt, but bitcoin is sha256.',
  });
});

test('another coin stands in only while the chosen one has no running pool for longer than the patience', async (t) => {
  const { switches, moves, redis } = await ground(t, await redisFor(t));
  await switches.restore();
  t.mock.timers.enable({ apis: ['setTimeout'] });
  switches.poolReady(0, 'litecoin', undefined);
  switches.poolReady(0, 'dogecoin', undefined);
  switches.poolReady(1, 'litecoin', undefined);
  // One fork of the two still has it.
  switches.forkDied(1);
  switches.poolReady(1, 'litecoin', undefined);
  t.mock.timers.tick(patience);
  assert.deepEqual(moves, []);
  switches.forkDied(0);
  t.mock.timers.tick(patience - 1);
  assert.deepEqual(moves, []);
  t.mock.timers.tick(1);
  assert.equal(coinOf(switches), 'litecoin');
  t.mock.timers.reset();
  switches.poolReady(0, 'dogecoin', undefined);
  assert.equal(coinOf(switches), 'dogecoin');
  assert.deepEqual(
    moves.map(({ from, to }) => `${from} ${to}`),
    ['dogecoin litecoin', 'litecoin dogecoin'],
  );
  assert.equal(await redis.command('EXISTS', 'proxyState'), 0);
});

test('a coin whose chain pays no mining keys is never behind a switch, and that is said once', async (t) => {
  const { switches, log } = await ground(t, await redisFor(t));
  await switches.restore();
  const why =
    'cannot make addresses of mining keys: coins/dogecoin.json has no "addresses" of the regtest chain';
  switches.poolReady(0, 'dogecoin', why);
  switches.poolReady(1, 'dogecoin', why);
  switches.poolReady(0, 'litecoin', undefined);
  await until('litecoin stands in', () => coinOf(switches) === 'litecoin');
  assert.equal(log.count('The pool for dogecoin cannot make addresses of mining keys'), 1);
  const answer = switches.coinSwitch('dogecoin', { name: 'multi', algorithm: undefined });
  assert.match(answer.text, /cannot make addresses.*it cannot be behind a switch/);
});

test('without a pool that pays mining keys a switch is not opened, and that is said', async (t) => {
  const mposMode = { enabled: true, host: 'db', user: 'mpos', password: 'x', database: 'mpos' };
  const { switches, log } = await ground(t, await redisFor(t), threePools(t, { mposMode }));
  assert.deepEqual(switches.coins, []);
  assert.equal(log.count('The switch "multi" is not opened'), 1);
  const answer = switches.coinSwitch('litecoin', { name: 'multi', algorithm: undefined });
  assert.match(answer.text, /the switch "multi" is not open/);
});

test('a choice that Redis did not take is written when it is back', async (t) => {
  const server = await redisFor(t);
  const { switches, redis, log } = await ground(t, server);
  await switches.restore();
  switches.poolReady(0, 'litecoin', undefined);
  await server.kill('SIGKILL');
  await until('the connection is lost', () => !redis.ready);
  assert.equal(switches.coinSwitch('litecoin', { name: 'multi', algorithm: undefined }).ok, true);
  await until('the trouble is said', () => log.count('as soon as it answers') === 1);
  await server.restart();
  await until('the choice is in Redis', async () => {
    if (!redis.ready) return false;
    return (await redis.command('HGET', 'proxyState', 'scrypt')) === 'litecoin';
  });
  const state = JSON.parse(String(await redis.command('HGET', 'nomp:switchState', 'multi')));
  assert.equal(state.coin, 'litecoin');
});

test('what was chosen earlier is restored when Redis answers late, unless somebody has chosen meanwhile', async (t) => {
  for (const decides of [false, true]) {
    const server = await redisFor(t);
    const { switches, redis, log } = await ground(t, server);
    await redis.command('HSET', 'proxyState', 'multi', 'litecoin');
    await redis.command('SAVE');
    await server.kill('SIGKILL');
    await until('the connection is lost', () => !redis.ready);
    await switches.restore();
    assert.equal(log.count('cannot be restored before Redis answers'), 1);
    assert.equal(coinOf(switches), 'dogecoin');
    switches.poolReady(0, 'dogecoin', undefined);
    switches.poolReady(0, 'litecoin', undefined);
    if (decides) switches.coinSwitch('dogecoin', { name: 'multi', algorithm: undefined });
    await server.restart();
    await until('the state is written', async () => {
      return redis.ready && (await redis.command('HEXISTS', 'nomp:switchState', 'multi')) === 1;
    });
    const coin = decides ? 'dogecoin' : 'litecoin';
    await until(`the switch is on ${coin}`, () => coinOf(switches) === coin);
    await until('Redis says so', async () => {
      const state = String(await redis.command('HGET', 'nomp:switchState', 'multi'));
      return JSON.parse(state).coin === coin;
    });
  }
});

test('nonsense in the remembered state is passed over', async (t) => {
  const { switches, redis, log } = await ground(t, await redisFor(t));
  await redis.command('HSET', 'proxyState', 'multi', '__proto__\n', 'scrypt', 'litecoin');
  await redis.command('HSET', 'nomp:switchState', 'multi', '{"coin":"dogecoin","since":"x"}');
  await switches.restore();
  assert.equal(coinOf(switches), 'dogecoin');
  assert.equal(log.count('was on "__proto__\\n", for which there is no pool'), 1);
});
