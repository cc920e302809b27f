import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../libs/primitives/units.ts';
import type { RedisConnection } from '../../libs/redis/connection.ts';
import { faultOf } from '../../libs/website/api/jsonSchema.ts';
import { apiSchemas } from '../../libs/website/api/schemas.ts';
import { sampleMillis } from './sampleRedis.ts';
import { dogecoin, siteFor } from './support.ts';

const now = () => millis(sampleMillis);
const minute = 60_000;

const port = { diff: 32 };
const switching = {
  'fast <b>': { enabled: true, algorithm: 'scrypt', ports: { 4444: port } },
  slow: { enabled: true, algorithm: 'scrypt', ports: { 4445: port } },
  off: { enabled: false, algorithm: 'scrypt', ports: { 4446: port } },
};

const profits = {
  time: sampleMillis - 2 * minute,
  algorithms: [
    {
      algorithm: 'scrypt',
      switches: [{ name: 'fast <b>', coin: 'dogecoin' }],
      coins: [
        {
          ...{ coin: 'dogecoin', symbol: 'DOGE', running: true, difficulty: 3e7, reward: 10_000 },
          ...{ coinsPerDay: 0.0067056, btcPerDay: 0.0000000134 },
          markets: [
            {
              ...{ exchange: 'Kraken', pair: 'DOGE/BTC', bid: 0.000002, btc: 0.000002 },
              btcPerDay: 0.0000000134,
            },
          ],
        },
        { coin: 'litecoin', symbol: 'LTC', running: false, markets: [] },
      ],
    },
  ],
};

async function fill(redis: RedisConnection): Promise<void> {
  const state = JSON.stringify({ coin: 'dogecoin', since: sampleMillis - 90 * minute });
  await redis.send('hset', ['nomp:switchState', 'fast <b>', state, 'slow', 'nonsense']);
  await redis.command('set', 'nomp:profitability', JSON.stringify(profits));
}

const options = { now, fill, switching, coins: { dogecoin } };

/** Text of a page, without tags. */
const words = (html: string): string =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();

test('the page shows each enabled switch, its coin and since when, and the last table of profits', async (t) => {
  const site = await siteFor(t, options);
  const { status, text } = await site.get('/switching');
  assert.equal(status, 200);
  const shown = words(text);
  assert.match(shown, /fast &#60;b&#62; scrypt 4444 Dogecoin 1 h 30 min ago/);
  assert.match(shown, /slow scrypt 4445 – –/);
  assert.doesNotMatch(shown, /4446/);
  assert.match(shown, /What scrypt earns 1 MH\/s in a day, seen 2 min ago/);
  assert.match(
    shown,
    /Dogecoin mined now 30 M 10,000 0\.006706 Kraken, DOGE\/BTC at 0\.000002 0\.0000000134/,
  );
  assert.match(shown, /Litecoin not running – – – – not known/);
  assert.match(text, /href="\/getting_started#switch-fast%20%3Cb%3E"/);
});

test('a portal without switches has the page, but no way there', async (t) => {
  const site = await siteFor(t, { now });
  assert.match((await site.get('/switching')).text, /There are no switching ports here\./);
  assert.doesNotMatch((await site.get('/')).text, /href="\/switching"/);
  const withThem = await siteFor(t, options);
  assert.match((await withThem.get('/')).text, /href="\/switching"/);
});

test('Get started says how to log in where coins are switched, only where they are', async (t) => {
  const site = await siteFor(t, options);
  const { text } = await site.get('/getting_started');
  assert.match(text, /YOUR_MINING_KEY\.rig1/);
  assert.match(text, /Ports that switch coins take a <a href="\/mining_key">mining key<\/a>/);
  const without = await siteFor(t, { now });
  assert.doesNotMatch((await without.get('/getting_started')).text, /Ports that switch coins/);
});

test('the API tells the same', async (t) => {
  const site = await siteFor(t, options);
  const view = (number: number) => ({ port: number, difficulty: 32, tls: false, varDiff: null });
  assert.deepEqual(await site.json('/api/v1/switches'), {
    data: [
      {
        ...{ name: 'fast <b>', algorithm: 'scrypt', ports: [view(4_444)] },
        ...{ coin: 'dogecoin', since: sampleMillis - 90 * minute },
      },
      { name: 'slow', algorithm: 'scrypt', ports: [view(4_445)], coin: null, since: null },
    ],
    ...{ page: 1, pageSize: 25, total: 2, stale: false },
  });
  const none = { difficulty: null, reward: null, coinsPerDay: null, btcPerDay: null };
  const [scrypt] = profits.algorithms;
  const [first, second] = scrypt?.coins ?? [];
  assert.deepEqual(await site.json('/api/v1/profitability'), {
    time: profits.time,
    algorithms: [{ ...scrypt, coins: [first, { ...second, ...none }] }],
    stale: false,
  });
  for (const [path, name] of [
    ['switches', 'Switches'],
    ['profitability', 'Profitability'],
  ]) {
    const schema = { $ref: `#/components/schemas/${name}` };
    assert.equal(faultOf(await site.json(`/api/v1/${path}`), schema, apiSchemas), undefined, path);
  }
  const empty = await siteFor(t, { now });
  assert.deepEqual(await empty.json('/api/v1/profitability'), {
    ...{ time: null, algorithms: [], stale: false },
  });
});

test('keys of another type or with nonsense in them are passed over', async (t) => {
  const site = await siteFor(t, {
    ...options,
    fill: async (redis) => {
      await redis.command('set', 'nomp:switchState', 'x');
      await redis.command('hset', 'nomp:profitability', 'a', 'b');
    },
  });
  const { status, text } = await site.get('/switching');
  assert.equal(status, 200);
  assert.match(words(text), /slow scrypt 4445 – –/);
  assert.doesNotMatch(text, /earns/);
});

test('while Redis is away the page shows what it knew, and says so', async (t) => {
  const clock = { now: Number(sampleMillis) };
  const site = await siteFor(t, { ...options, now: () => millis(clock.now) });
  await site.get('/switching');
  await site.redisServer.kill('SIGKILL');
  clock.now += minute;
  const { status, text } = await site.get('/switching');
  assert.equal(status, 200);
  assert.match(words(text), /fast &#60;b&#62; scrypt 4444 Dogecoin 1 h 31 min ago/);
  assert.match(text, /Old figures/);
});
