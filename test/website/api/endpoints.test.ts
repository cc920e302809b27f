import assert from 'node:assert/strict';
import { test } from 'node:test';
import { difficulty, millis } from '../../../libs/primitives/units.ts';
import { isRecord, own } from '../../../libs/primitives/unknown.ts';
import type { RedisConnection } from '../../../libs/redis/connection.ts';
import { faultOf, type JsonSchema } from '../../../libs/website/api/jsonSchema.ts';
import { alice, bob, fillAll, sampleMillis, sampleSeconds } from '../sampleRedis.ts';
import { dogecoin, hashOf, siteFor } from '../support.ts';

const now = () => millis(sampleMillis);

/** A ring as it stands in Redis: 8 bytes number of the last bucket, then float32s (bucket n in slot n mod N). */
function ring(seconds: number, slots: number, difficultyOf: (ago: number) => number): Buffer {
  const bytes = Buffer.alloc(8 + slots * 4);
  const newest = Math.floor(sampleSeconds / seconds);
  bytes.writeBigUInt64BE(BigInt(newest), 0);
  for (let ago = 0; ago < slots; ago++) {
    bytes.writeFloatLE(difficultyOf(ago), 8 + ((newest - ago) % slots) * 4);
  }
  return bytes;
}

async function setBytes(redis: RedisConnection, key: string, bytes: Buffer): Promise<void> {
  // Lua's string escapes carry any byte through a text command.
  const escaped = [...bytes].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('');
  await redis.command('eval', `return redis.call('SET', KEYS[1], '${escaped}')`, 1, key);
}

async function fillEverything(redis: RedisConnection): Promise<void> {
  await fillAll(redis);
  await setBytes(
    redis,
    'litecoin:series:1m',
    ring(60, 1_440, (ago) => (ago < 90 ? 60 : 0)),
  );
  await setBytes(
    redis,
    `litecoin:miner:${alice}:1m`,
    ring(60, 1_440, (ago) => (ago < 60 ? 6 : 0)),
  );
}

test('every answer of /api/v1 is what openapi.json says of it', async (t) => {
  const site = await siteFor(t, { fill: fillEverything, now, coins: { dogecoin } });
  const document = await site.json('/api/v1/openapi.json');
  assert.ok(isRecord(document));
  assert.equal(own(document, 'openapi'), '3.1.0');
  const components = own(document, 'components');
  const schemas = isRecord(components) ? own(components, 'schemas') : undefined;
  const paths = own(document, 'paths');
  assert.ok(isRecord(schemas) && isRecord(paths));
  // The document's own schemas, as a client would read them, not the objects that it was made of.
  const named = new Map(Object.entries(schemas) as [string, JsonSchema][]);
  const asked = new Set<string>();
  for (const path of Object.keys(paths)) {
    // What the admin centre answers is held against the document by its own tests.
    if (path === '/v1/events' || path.startsWith('/admin/')) continue;
    const operation = own(own(paths, path) as Record<string, unknown>, 'get') as {
      responses: { 200: { content: Record<string, { schema: JsonSchema }> } };
    };
    const [type, content] = Object.entries(operation.responses[200].content)[0] ?? [];
    assert.ok(type !== undefined && content !== undefined);
    for (const coin of ['litecoin', 'dogecoin']) {
      const url = path.replace('{coin}', coin).replace('{address}', alice);
      const query = path === '/v1/calculator' ? `?coin=${coin}&hashrate=10MH` : '';
      const reply = await site.get(`/api${url}${query}`);
      asked.add(path);
      // Nobody by that name has mined dogecoin.
      const wanted = coin === 'dogecoin' && path.includes('{address}') ? 404 : 200;
      assert.equal(reply.status, wanted, `${url}: ${reply.text}`);
      if (wanted === 404) {
        assert.equal(reply.headers['content-type'], 'application/problem+json; charset=utf-8');
        assert.equal(
          faultOf(reply.json(), { $ref: '#/components/schemas/Problem' }, named),
          undefined,
        );
        continue;
      }
      assert.ok(reply.headers['content-type']?.startsWith(type), url);
      if (type !== 'application/json') continue;
      assert.equal(faultOf(reply.json(), content.schema, named), undefined, url);
    }
  }
  assert.equal(asked.size, 19);
});

test('a pool is told with its figures', async (t) => {
  const site = await siteFor(t, { fill: fillEverything, now });
  const pool = await site.json('/api/v1/pools/Litecoin');
  assert.ok(isRecord(pool));
  assert.equal(own(pool, 'symbol'), 'LTC');
  assert.equal(own(pool, 'workers'), 3);
  assert.equal(own(pool, 'miners'), 2);
  assert.equal(own(pool, 'feePercent'), 1.5);
  assert.equal(own(pool, 'blockReward'), '6.25');
  assert.equal(own(pool, 'networkDifficulty'), 2_000);
  // 600 + 150.5 + 249.5 of 2000.
  assert.deepEqual(own(pool, 'round'), {
    started: sampleMillis - 3_600_000,
    shares: 1_000,
    effort: 0.5,
  });
  // The mean of 1.5 and 0.5.
  assert.deepEqual(own(pool, 'luck'), { effort: 1, blocks: 2 });
  assert.deepEqual(own(pool, 'payments'), {
    enabled: true,
    scheme: 'PROP',
    minimum: '0.01',
    interval: 600,
    confirmations: 101,
  });
  assert.deepEqual(own(pool, 'ports'), [
    {
      port: 3_032,
      difficulty: difficulty(32),
      tls: false,
      varDiff: { min: 8, max: 512, targetTime: 15 },
    },
  ]);
});

test('blocks come highest first, and can be asked for by status and page', async (t) => {
  const site = await siteFor(t, { fill: fillAll, now });
  const heights = async (query: string) => {
    const list = await site.json(`/api/v1/pools/litecoin/blocks${query}`);
    assert.ok(isRecord(list));
    const data = own(list, 'data');
    assert.ok(Array.isArray(data));
    const rows = data.map((row) => (isRecord(row) ? [own(row, 'height'), own(row, 'status')] : []));
    return [rows, own(list, 'total')];
  };
  const all = [
    [1_004, 'pending'],
    [1_003, 'confirmed'],
    [1_002, 'confirmed'],
    [1_001, 'kicked'],
    [1_000, 'orphaned'],
  ];
  assert.deepEqual(await heights(''), [all, 5]);
  assert.deepEqual(await heights('?status=confirmed'), [all.slice(1, 3), 2]);
  assert.deepEqual(await heights('?pageSize=2&page=2'), [all.slice(2, 4), 5]);
  assert.deepEqual(await heights('?page=1000000'), [[], 5]);
  const first = await site.json('/api/v1/pools/litecoin/blocks?pageSize=1');
  assert.deepEqual(isRecord(first) && own(first, 'data'), [
    {
      coin: 'litecoin',
      symbol: 'LTC',
      height: 1_004,
      hash: hashOf(1_004),
      txHash: hashOf(51_004),
      finder: `${alice}.rig1`,
      time: sampleMillis - 3_600_000,
      status: 'pending',
      reward: '6.25',
      networkDifficulty: 2_000,
      effort: 0.5,
      confirmations: 42,
      confirmationsNeeded: 101,
      blockUrl: null,
      txUrl: `https://explorer.example/tx/${hashOf(51_004)}`,
    },
  ]);
});

test("a miner's standing adds up all workers of the address", async (t) => {
  const site = await siteFor(t, { fill: fillEverything, now });
  const miner = await site.json(`/api/v1/pools/litecoin/miners/${alice}`);
  assert.ok(isRecord(miner));
  assert.equal(own(miner, 'pending'), '0.3');
  assert.equal(own(miner, 'paid'), '12.5');
  assert.equal(own(miner, 'immature'), '3.75');
  assert.equal(own(miner, 'roundShares'), 750.5);
  assert.equal(own(miner, 'roundPart'), 0.7505);
  // 0.7505 of 6.25
  assert.equal(own(miner, 'roundEstimate'), '4.690625');
  assert.deepEqual(own(miner, 'counts'), { online: 2, idle: 1, offline: 1 });
  // 59 whole minutes of difficulty 6 within the day: 6 × 59 × 65536 / 86400.
  assert.ok(Math.abs(Number(own(miner, 'hashrate24h')) - (6 * 59 * 65_536) / 86_400) < 1e-6);
  const workers = await site.json(`/api/v1/pools/litecoin/miners/${alice}.rig1/workers`);
  const data = isRecord(workers) ? own(workers, 'data') : undefined;
  assert.ok(Array.isArray(data));
  const names = data.map((row) => (isRecord(row) ? [own(row, 'rig'), own(row, 'status')] : []));
  assert.deepEqual(names, [
    ['rig1', 'online'],
    ['rig2', 'online'],
    ['idle', 'idle'],
    ['old', 'offline'],
  ]);
});

test('earnings are added up by day', async (t) => {
  const site = await siteFor(t, { fill: fillAll, now });
  const earnings = await site.json(`/api/v1/pools/litecoin/miners/${alice}/earnings`);
  assert.deepEqual(isRecord(earnings) && own(earnings, 'days'), [
    { date: '2026-11-24', amount: '2.7' },
    { date: '2026-11-23', amount: '1.5' },
  ]);
});

test('payments as CSV are a table with a head', async (t) => {
  const site = await siteFor(t, { fill: fillAll, now });
  const reply = await site.get(`/api/v1/pools/litecoin/miners/${alice}/payments.csv`);
  assert.equal(
    reply.headers['content-disposition'],
    'attachment; filename="payments-litecoin.csv"',
  );
  assert.equal(
    reply.text,
    [
      'time,address,amount,symbol,txid\r\n',
      `2026-11-24T11:59:00.000Z,${alice},2.5,LTC,${hashOf(2)}\r\n`,
      `2026-11-24T11:58:00.000Z,${alice},0.2,LTC,${hashOf(3)}\r\n`,
      `2026-11-23T11:00:00.000Z,${alice},1.5,LTC,${hashOf(1)}\r\n`,
    ].join(''),
  );
});

test('the history of hashrates leaves out the minute that is still running', async (t) => {
  const site = await siteFor(t, { fill: fillEverything, now });
  const history = await site.json('/api/v1/pools/litecoin/history?range=1h');
  const points = isRecord(history) ? own(history, 'points') : undefined;
  assert.ok(Array.isArray(points));
  assert.equal(points.length, 60);
  // Difficulty 60 in a minute: one share of difficulty 1 a second.
  assert.deepEqual(points.at(-1), [sampleSeconds - 60, 65_536]);
  assert.deepEqual(points[0], [sampleSeconds - 3_600, 65_536]);
});

test('the calculator reckons with the last block', async (t) => {
  const site = await siteFor(t, { fill: fillAll, now });
  // 2000 × 65536 hashes a block: 131072000 hashes a second find one a second, 86400 a day, 6.25 each.
  const result = await site.json('/api/v1/calculator?coin=litecoin&hashrate=131.072%20MH/s');
  assert.ok(isRecord(result));
  assert.equal(own(result, 'perDay'), '540000');
  assert.equal(own(result, 'perWeek'), '3780000');
  assert.equal(own(result, 'perMonth'), '16200000');
});

test('what the pool mines on goes before what its last block was found at', async (t) => {
  const site = await siteFor(t, {
    now,
    fill: async (redis) => {
      await fillEverything(redis);
      const facts = ['height', '2814307', 'difficulty', '4000', 'time', '1'];
      await redis.command('hset', 'litecoin:network', ...facts);
    },
  });
  const pool = await site.json('/api/v1/pools/litecoin');
  assert.ok(isRecord(pool));
  assert.equal(own(pool, 'networkDifficulty'), 4_000);
  assert.equal(own(pool, 'height'), 2_814_307);
});

test('coins are told with the version bytes of their addresses', async (t) => {
  const site = await siteFor(t, { now });
  const coins = await site.json('/api/v1/coins');
  const data = isRecord(coins) ? own(coins, 'data') : undefined;
  assert.ok(Array.isArray(data));
  assert.ok(data.length >= 139);
  const found = data.find((row) => isRecord(row) && own(row, 'coin') === 'litecoin');
  assert.deepEqual(found, {
    coin: 'litecoin',
    name: 'Litecoin',
    symbol: 'LTC',
    algorithm: 'scrypt',
    decimals: 8,
    hasPool: true,
    networks: { main: { pubKeyHash: [48], scriptHash: [50, 5], bech32: 'ltc', cashaddr: null } },
  });
  const cash = data.find((row) => isRecord(row) && own(row, 'coin') === 'bitcoincash');
  const networks = isRecord(cash) ? own(cash, 'networks') : undefined;
  assert.deepEqual(isRecord(networks) && own(networks, 'main'), {
    ...{ pubKeyHash: [0], scriptHash: [5], bech32: null, cashaddr: 'bitcoincash' },
  });
});

test('what cannot be meant is answered with a problem, never with a failure', async (t) => {
  const site = await siteFor(t, { fill: fillAll, now });
  const bad = [
    '/api/v1/pools/litecoin/blocks?page=0',
    '/api/v1/pools/litecoin/blocks?page=-1',
    '/api/v1/pools/litecoin/blocks?page=1e3',
    '/api/v1/pools/litecoin/blocks?page=99999999999999999999',
    '/api/v1/pools/litecoin/blocks?pageSize=101',
    '/api/v1/pools/litecoin/blocks?pageSize[$gt]=1&pageSize=x',
    '/api/v1/pools/litecoin/blocks?status=__proto__',
    '/api/v1/pools/litecoin/history?range=forever',
    '/api/v1/pools/litecoin/history?metric=constructor',
    '/api/v1/calculator',
    '/api/v1/calculator?coin=litecoin&hashrate=-5',
    '/api/v1/calculator?coin=litecoin&hashrate=NaN',
    `/api/v1/pools/litecoin/miners/${'x'.repeat(129)}`,
    '/api/v1/pools/litecoin/miners/a%00b',
    '/api/v1/pools/litecoin/miners/%E0%A4%A',
    '/api/v1/pools/%zz',
  ];
  for (const path of bad) {
    const reply = await site.get(path);
    assert.equal(reply.status, 400, path);
    assert.equal(reply.headers['content-type'], 'application/problem+json; charset=utf-8', path);
    const problem = reply.json();
    assert.ok(isRecord(problem) && own(problem, 'status') === 400, path);
  }
  const unknown = [
    '/api/v1/pools/__proto__',
    '/api/v1/pools/nocoin/blocks',
    '/api/v1/pools/litecoin/miners/__proto__',
    '/api/v1/pools/litecoin/miners/constructor/payments',
    `/api/v1/pools/litecoin/miners/${bob}x`,
    '/api/v1/nothing',
    '/api/v1/calculator?coin=nocoin&hashrate=1',
  ];
  for (const path of unknown) {
    const reply = await site.get(path);
    assert.equal(reply.status, 404, path);
    assert.equal(reply.headers['content-type'], 'application/problem+json; charset=utf-8', path);
  }
  assert.equal(site.log.count('failed'), 0);
});
