import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJson } from '../../../libs/primitives/unknown.ts';
import type { RedisConnection } from '../../../libs/redis/connection.ts';
import { alice, fillAll, sampleMillis } from '../sampleRedis.ts';
import { dogecoin, hashOf, siteFor, sse } from '../support.ts';

const quick = { stats: { updateInterval: 0.2, historicalRetention: 100, hashrateWindow: 300 } };

const tell = (redis: RedisConnection, type: string, data: unknown, coin = 'litecoin') =>
  redis.command('xadd', `${coin}:events`, '*', 'type', type, 'data', JSON.stringify(data));

test('what happens in a pool is passed on at once, with an id', async (t) => {
  const site = await siteFor(t);
  const client = await sse(t, site.website.port, '/api/v1/events');
  await client.waitFor(({ type }) => type === 'pool', 'the stream is open');
  const data = {
    height: 7,
    hash: hashOf(7),
    finder: `${alice}.rig1`,
    time: sampleMillis,
    reward: '6.25',
    networkDifficulty: 2_000,
    effort: 0.5,
  };
  const id = await tell(site.redis, 'block', data);
  const block = await client.waitFor(({ type }) => type === 'block', 'the block');
  assert.equal(block.id, `${String(id)}@litecoin`);
  const time = Number(String(id).split('-')[0]);
  assert.deepEqual(parseJson(block.data), { coin: 'litecoin', ...data, time });
  await tell(site.redis, 'block-confirmed', { height: 7, hash: hashOf(7), reward: '6.25' });
  await tell(site.redis, 'block-orphaned', { height: 8, hash: hashOf(8) });
  await tell(site.redis, 'payment', { txid: hashOf(9), amount: '1.5', addresses: 3 });
  const payment = await client.waitFor(({ type }) => type === 'payment', 'the payment');
  const told = parseJson(payment.data);
  assert.deepEqual(told, {
    coin: 'litecoin',
    time: Number(payment.id?.split('-')[0]),
    txid: hashOf(9),
    amount: '1.5',
    miners: 3,
  });
  const types = client.messages.map(({ type }) => type);
  assert.deepEqual(
    types.filter((type) => type !== 'pool' && type !== 'round'),
    ['block', 'block-confirmed', 'block-orphaned', 'payment'],
  );
});

test('a move of a switch is told', async (t) => {
  const site = await siteFor(t);
  const client = await sse(t, site.website.port, '/api/v1/events?coin=litecoin');
  const move = { switch: 'switch1', from: 'dogecoin', to: 'litecoin', time: 1_700_000_000_000 };
  await tell(site.redis, 'switch', move);
  const { data } = await client.waitFor(({ type }) => type === 'switch', 'the move');
  const { time: _, ...told } = JSON.parse(data);
  assert.deepEqual(told, {
    coin: 'litecoin',
    ...{ switch: 'switch1', from: 'dogecoin', to: 'litecoin' },
  });
});

test('Last-Event-ID brings what was missed, once and in order, over all pools', async (t) => {
  const site = await siteFor(t, { coins: { dogecoin } });
  const first = await sse(t, site.website.port, '/api/v1/events');
  await tell(site.redis, 'block-orphaned', { height: 1, hash: hashOf(1) });
  const last = await first.waitFor(({ type }) => type === 'block-orphaned', 'the first block');
  first.close();
  await tell(site.redis, 'block-orphaned', { height: 2, hash: hashOf(2) }, 'dogecoin');
  await tell(site.redis, 'block-orphaned', { height: 3, hash: hashOf(3) });
  const watcher = await sse(t, site.website.port, '/api/v1/events');
  await tell(site.redis, 'notice', { text: 'All were told.' });
  await watcher.waitFor(({ type }) => type === 'notice', 'everything has arrived');

  const heights = async (path: string) => {
    const client = await sse(t, site.website.port, path, { 'Last-Event-ID': last.id ?? '' });
    await client.waitFor(({ type }) => type === 'pool', 'the replay is over');
    return client.messages.flatMap(({ type, data }) =>
      type === 'block-orphaned' ? [Number(/"height":(\d+)/.exec(data)?.[1])] : [],
    );
  };
  assert.deepEqual((await heights('/api/v1/events')).sort(), [2, 3]);
  assert.deepEqual(await heights('/api/v1/events?coin=dogecoin'), [2]);
});

test('events from before the website started are told again too', async (t) => {
  let firstId = '';
  const site = await siteFor(t, {
    fill: async (redis) => {
      firstId = String(await tell(redis, 'block-orphaned', { height: 1, hash: hashOf(1) }));
      await tell(redis, 'block-orphaned', { height: 2, hash: hashOf(2) });
    },
  });
  const client = await sse(t, site.website.port, '/api/v1/events', {
    'Last-Event-ID': `${firstId}@litecoin`,
  });
  await client.waitFor(({ type }) => type === 'pool', 'the replay is over');
  const replayed = client.messages.filter(({ type }) => type === 'block-orphaned');
  assert.equal(replayed.length, 1);
  assert.match(replayed[0]?.data ?? '', /"height":2,/);
});

test('entries that are no events, and ids that are none, do no harm', async (t) => {
  const site = await siteFor(t, {
    fill: async (redis) => {
      await redis.command('xadd', 'litecoin:events', '*', 'type', 'block', 'data', '{"height":');
      await redis.command('xadd', 'litecoin:events', '*', 'nothing', 'at all');
      await tell(redis, '__proto__', {});
      await tell(redis, 'block', [1, 2]);
    },
  });
  const client = await sse(t, site.website.port, '/api/v1/events', { 'Last-Event-ID': '../../x' });
  await client.waitFor(({ type }) => type === 'pool', 'the stream is open');
  await tell(site.redis, 'block', { height: 'x', hash: 5, reward: {}, effort: 'NaN' });
  const block = await client.waitFor(({ type }) => type === 'block', 'the block');
  assert.deepEqual(parseJson(block.data), {
    ...{ coin: 'litecoin', time: Number(block.id?.split('-')[0]), height: null, hash: null },
    ...{ finder: null, reward: null, networkDifficulty: null, effort: null },
  });
});

test("a miner's workers are told when they come and go", async (t) => {
  const site = await siteFor(t, { website: quick });
  const client = await sse(t, site.website.port, `/api/v1/events?address=${alice}`);
  await client.waitFor(({ type }) => type === 'pool', 'the stream is open');
  const seconds = Math.floor(Date.now() / 1000);
  const member = `64:${alice}.rig1:${Date.now()}`;
  await site.redis.command('zadd', 'litecoin:hashrate', seconds, member);
  const came = await client.waitFor(({ type }) => type === 'worker', 'it came');
  assert.equal(came.id, undefined);
  assert.deepEqual(parseJson(came.data), {
    coin: 'litecoin',
    worker: `${alice}.rig1`,
    online: true,
  });
  await site.redis.command('del', 'litecoin:hashrate');
  const went = await client.waitFor(({ data }) => data.includes('"online":false'), 'it went');
  assert.equal(went.type, 'worker');
});

test('a stream of a pool that does not exist is refused', async (t) => {
  const site = await siteFor(t, { fill: fillAll });
  assert.equal((await site.get('/api/v1/events?coin=nocoin')).status, 404);
});
