import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import { get as getSecure } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { codeOf } from '../../libs/primitives/errors.ts';
import { millis } from '../../libs/primitives/units.ts';
import { isRecord, own } from '../../libs/primitives/unknown.ts';
import { streamLimits } from '../../libs/website/eventStreams.ts';
import { startWebsite } from '../../libs/website/website.ts';
import { freePort } from '../../scripts/regtest/freePort.ts';
import { configFolder } from '../config/configFolder.ts';
import { redisFor } from '../redis/testbed.ts';
import { testCertificate, testKey } from '../stratum/support/certificate.ts';
import { memoryLog } from '../support/memoryLog.ts';
import { until } from '../support/until.ts';
import { alice, fillAll, sampleMillis } from './sampleRedis.ts';
import { configurationFor, get, siteFor, sse, websiteFor } from './support.ts';

const now = () => millis(sampleMillis);

const pages = [
  '/',
  '/pool/litecoin',
  '/pool/litecoin/blocks?status=confirmed',
  '/pool/litecoin/payments',
  '/pool/litecoin/miners',
  `/miner/${alice}`,
  '/getting_started',
  '/stats?range=7d',
  '/tbs',
  '/workers',
  '/api',
  '/calculator?coin=litecoin&hashrate=10+GH',
  '/status',
  '/mining_key',
  '/switching',
];

test('every page is served, with headers that allow nothing foreign and nothing inline', async (t) => {
  const site = await siteFor(t, { fill: fillAll, now });
  for (const path of pages) {
    const reply = await site.get(path);
    assert.equal(reply.status, 200, path);
    assert.equal(reply.headers['content-type'], 'text/html; charset=utf-8', path);
    assert.ok(reply.text.startsWith('<!doctype html>'), path);
    assert.equal(
      reply.headers['content-security-policy'],
      "default-src 'none';script-src 'self';style-src 'self';img-src 'self' data:;connect-src 'self';font-src 'none';form-action 'self';frame-ancestors 'none';base-uri 'none'",
    );
    assert.equal(reply.headers['x-powered-by'], undefined);
    assert.equal(reply.headers['x-content-type-options'], 'nosniff');
    assert.doesNotMatch(reply.text, /<script>|<style>| style="| onclick=/);
  }
  assert.equal(site.log.count('failed'), 0);
});

test('fragments of the original are bodies without a head', async (t) => {
  const site = await siteFor(t, { fill: fillAll, now });
  for (const id of ['', 'getting_started', 'stats', 'tbs', 'workers', 'api', 'mining_key']) {
    const reply = await site.get(`/get_page?id=${id}`);
    assert.equal(reply.status, 200, id);
    assert.doesNotMatch(reply.text, /<html|<head/);
  }
  assert.equal((await site.get('/get_page?id=../../package.json')).status, 404);
  assert.equal((await site.get('/get_page?id=__proto__')).status, 404);
});

test('the address box and the old path of a miner lead to its page', async (t) => {
  const site = await siteFor(t, { fill: fillAll, now });
  for (const path of [`/miner?address=${alice}`, `/workers/${alice}`]) {
    const reply = await site.get(path);
    assert.equal(reply.status, 302);
    assert.equal(reply.headers.location, `/miner/${alice}`);
  }
  const hostile = await site.get('/miner?address=%2F%2Fevil.example%0D%0AX:1');
  assert.equal(hostile.status, 400);
  const slashes = await site.get('/miner?address=%2F%2Fevil.example');
  assert.equal(slashes.headers.location, '/miner/%2F%2Fevil.example');
  assert.equal((await site.get('/miner/nobody')).status, 404);
});

test('names from miners are text on every page that shows them', async (t) => {
  const evil = '<img src=x onerror=alert(1)>';
  const site = await siteFor(t, {
    now,
    fill: async (redis) => {
      await fillAll(redis);
      const seconds = sampleMillis / 1000;
      const names = [evil, '__proto__', 'constructor', '"onmouseover="x'];
      for (const [i, name] of names.entries()) {
        await redis.command(
          'zadd',
          'litecoin:hashrate',
          seconds - 5,
          `64:${name}:${sampleMillis - i}`,
        );
        await redis.command('hset', 'litecoin:shares:roundCurrent', name, '10');
      }
    },
  });
  const encoded = encodeURIComponent(evil);
  for (const path of [...pages, `/miner/${encoded}`, '/miner/__proto__', '/miner/constructor']) {
    const { text, status } = await site.get(path);
    assert.equal(status, 200, path);
    assert.ok(!text.includes('<img src=x'), path);
    assert.ok(!text.includes('"onmouseover='), path);
  }
  const stats = await site.json('/api/stats');
  const pools = isRecord(stats) && own(stats, 'pools');
  const pool = isRecord(pools) && own(pools, 'litecoin');
  const workers = isRecord(pool) && own(pool, 'workers');
  assert.ok(isRecord(workers) && isRecord(own(workers, '__proto__')));
});

test('isolation is asked for where there is encryption: browsers complain of it elsewhere', async (t) => {
  const site = await siteFor(t, { now });
  const names = ['cross-origin-opener-policy', 'origin-agent-cluster'] as const;
  const plain = await site.get('/');
  assert.deepEqual(
    names.map((name) => plain.headers[name]),
    [undefined, undefined],
  );
  // As a reverse proxy on this machine says it.
  const secure = await site.get('/', { headers: { 'X-Forwarded-Proto': 'https' } });
  assert.deepEqual(
    names.map((name) => secure.headers[name]),
    ['same-origin', '?1'],
  );
});

test('an answer that the client has already is not sent again', async (t) => {
  const site = await siteFor(t, { fill: fillAll, now });
  for (const path of ['/api/stats', '/api/v1/pools', '/api/v1/openapi.json', '/static/style.css']) {
    const first = await site.get(path);
    const etag = first.headers.etag ?? '';
    assert.match(etag, /^W\/"[\w-]+"$/, path);
    const again = await site.get(path, { headers: { 'If-None-Match': etag } });
    assert.equal(again.status, 304, path);
    assert.equal(again.body.length, 0);
  }
});

test('answers are compressed for those who can read that', async (t) => {
  const site = await siteFor(t, { fill: fillAll, now });
  for (const path of ['/', '/api/v1/openapi.json', '/api/v1/coins']) {
    const plain = await site.get(path);
    const zipped = await site.get(path, { headers: { 'Accept-Encoding': 'gzip' } });
    assert.equal(zipped.headers['content-encoding'], 'gzip', path);
    assert.deepEqual(gunzipSync(zipped.body), plain.body, path);
  }
});

test('the public API may be read by any page, the rest by none', async (t) => {
  const site = await siteFor(t, { fill: fillAll, now });
  for (const path of ['/api/stats', '/api/v1/pools', '/api/v1/nothing']) {
    assert.equal((await site.get(path)).headers['access-control-allow-origin'], '*', path);
  }
  const asked = await site.get('/api/v1/pools', { method: 'OPTIONS' });
  assert.equal(asked.status, 204);
  assert.equal(asked.headers['access-control-allow-methods'], 'GET, HEAD');
  assert.equal((await site.get('/')).headers['access-control-allow-origin'], undefined);
});

test('no path leads out of what is served', async (t) => {
  const site = await siteFor(t);
  const paths = [
    '/../package.json',
    '/static/../../package.json',
    '/static/..%2f..%2fpackage.json',
    '/static/%2e%2e/%2e%2e/config.json',
    '/static/..\\..\\package.json',
    '/static/style.css%00.html',
    '/static//etc/passwd',
    '/pool/..%2f..%2fpackage.json',
    '/%2e%2e/package.json',
    '/config.json',
  ];
  for (const path of paths) {
    const reply = await site.get(path);
    assert.ok([400, 404].includes(reply.status), `${path}: ${reply.status}`);
    assert.ok(!reply.text.includes('node-open-mining-portal"'), path);
  }
});

test('/key.html may do nothing but show itself', async (t) => {
  const site = await siteFor(t);
  const reply = await site.get('/key.html');
  assert.equal(reply.status, 200);
  assert.match(
    reply.headers['content-security-policy']?.toString() ?? '',
    /^default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'sha256-[\w+/=]+'; img-src data:;/,
  );
});

test('too many requests of one address are refused, of others not', async (t) => {
  const site = await siteFor(t, { limits: { requestsPerMinute: 5 } });
  const ask = (ip: string, path = '/api/v1/pools') =>
    site.get(path, { headers: { 'X-Forwarded-For': ip } });
  for (let i = 0; i < 5; i++) assert.equal((await ask('10.1.1.1')).status, 200);
  const refused = await ask('10.1.1.1');
  assert.equal(refused.status, 429);
  assert.equal(refused.headers['content-type'], 'application/problem+json; charset=utf-8');
  assert.notEqual(refused.headers['retry-after'], undefined);
  assert.equal((await ask('10.1.1.2')).status, 200);
  assert.equal((await ask('no address, \\ at all')).status, 200);
  assert.equal((await ask('2001:db8::1')).status, 200);
  // Health and files are no business of the limit.
  assert.equal((await ask('10.1.1.1', '/health/live')).status, 200);
});

test('event streams are limited for each address and in all', async (t) => {
  const streams = { ...streamLimits, most: 3, mostPerIp: 2 };
  const site = await siteFor(t, { limits: { streams } });
  const open = (ip: string) =>
    sse(t, site.website.port, '/api/v1/events', { 'X-Forwarded-For': ip });
  const first = await open('10.1.1.1');
  assert.deepEqual([first.status, (await open('10.1.1.1')).status], [200, 200]);
  assert.equal((await open('10.1.1.1')).status, 429);
  assert.equal((await open('10.1.1.2')).status, 200);
  assert.equal((await open('10.1.1.3')).status, 503);
  const head = await site.get('/api/v1/events', {
    method: 'HEAD',
    headers: { 'X-Forwarded-For': '10.1.1.4' },
  });
  assert.equal(head.status, 503);
  first.close();
  await until('the place is free again', async () => (await open('10.1.1.1')).status === 200);
});

test('while Redis is away the last figures are served, marked as stale', async (t) => {
  const site = await siteFor(t, {
    fill: fillAll,
    now,
    website: { stats: { updateInterval: 0.1, historicalRetention: 100, hashrateWindow: 300 } },
  });
  const paths = ['/api/stats', '/api/v1/pools', '/api/v1/pools/litecoin/payments'];
  const miner = `/api/v1/pools/litecoin/miners/${alice}`;
  for (const path of [...paths, miner, ...pages]) await site.get(path);
  await site.redisServer.kill('SIGKILL');
  await until(
    'the figures are stale',
    async () => (await site.get('/api/stats')).headers['x-stale'] === 'true',
  );
  const pool = await site.json('/api/v1/pools/litecoin');
  assert.ok(isRecord(pool));
  assert.equal(own(pool, 'stale'), true);
  assert.equal(own(pool, 'workers'), 3);
  for (const path of [...paths, ...pages]) assert.equal((await site.get(path)).status, 200, path);
  // Nobody has asked for this one before: that it is not known now is no "nobody by that name".
  const unknown = await site.get('/api/v1/pools/litecoin/miners/somebody');
  assert.equal(unknown.status, 503);
  await site.redisServer.restart();
  await until(
    'the figures are fresh again',
    async () => (await site.get('/api/stats')).headers['x-stale'] === undefined,
  );
});

test('without Redis from the start every page is there, and the figures come when Redis does', async (t) => {
  const port = await freePort();
  const website = await websiteFor(t, port, memoryLog());
  for (const path of pages) {
    const wanted = path.startsWith('/miner/') ? 503 : 200;
    assert.equal((await get(website.port, path)).status, wanted, path);
  }
  assert.equal((await get(website.port, '/health/live')).status, 200);
  assert.equal((await get(website.port, '/health/ready')).status, 503);
  assert.equal((await get(website.port, '/api/stats')).status, 200);
  await redisFor(t, { port });
  const isReady = async () => (await get(website.port, '/health/ready')).status === 200;
  await until('the figures are there', isReady);
});

test('what Redis holds in other types and forms than expected stops nothing', async (t) => {
  const site = await siteFor(t, {
    now,
    fill: async (redis) => {
      const keys = [
        ...['hashrate', 'stats', 'shares:roundCurrent', 'blocksPending', 'blocksConfirmed'],
        ...['blocksOrphaned', 'blocksKicked', 'balances', 'payouts', 'payments', 'blk:index'],
        ...['events', 'series:1m', 'series:10m', 'workersSeen', `miner:${alice}:payments`],
      ];
      for (const key of keys) await redis.command('zadd', `litecoin:${key}`, 1, 'x');
      await redis.command('del', 'litecoin:hashrate', 'litecoin:blk:index');
      await redis.command('set', 'litecoin:hashrate', 'text');
      await redis.command('zadd', 'litecoin:blk:index', 5, 'no hash', 6, 'f'.repeat(64));
      await redis.command('set', `litecoin:blk:${'f'.repeat(64)}`, 'text');
    },
  });
  for (const path of pages) {
    const { status } = await site.get(path);
    assert.equal(status, path.startsWith('/miner/') ? 404 : 200, path);
  }
  for (const path of ['/api/stats', '/api/blocks', '/api/payments', `/api/worker_stats?${alice}`]) {
    assert.equal((await site.get(path)).status, 200, path);
  }
});

test('values that are no figures count as nothing', async (t) => {
  const site = await siteFor(t, {
    now,
    fill: async (redis) => {
      const at = sampleMillis / 1000 - 10;
      const members = ['', ':', '::', 'x:y:z', '64:only', `NaN:w:${at}000`, `1e400:w:${at}000`];
      for (const member of [...members, 'line\nfeed:64', `64:good:${at}000`]) {
        await redis.command('zadd', 'litecoin:hashrate', at, member);
      }
      await redis.command('hset', 'litecoin:shares:roundCurrent', 'a', 'NaN', 'b', '-5', 'c', '7');
      await redis.command('hset', 'litecoin:balances', alice, 'lots', `${alice}.2`, '1.5');
      await redis.command('rpush', 'litecoin:payments', '{', 'null', '[]', '{"time":"x"}');
      await redis.command('sadd', 'litecoin:blocksPending', 'x', '::', `${'a'.repeat(64)}:b:nine`);
      await redis.command('zadd', 'litecoin:blk:index', 5, 'a'.repeat(64));
      await redis.command('hset', `litecoin:blk:${'a'.repeat(64)}`, 'state', 'odd', 'height', '5');
      await redis.command('zadd', 'statHistory', at, '{"time":"x","pools":{"litecoin":3}}');
    },
  });
  const pool = await site.json('/api/v1/pools/litecoin');
  assert.ok(isRecord(pool));
  assert.equal(own(pool, 'workers'), 1);
  assert.deepEqual(own(pool, 'round'), { started: null, shares: 7, effort: null });
  const payments = await site.json('/api/v1/pools/litecoin/payments');
  assert.deepEqual(isRecord(payments) && own(payments, 'data'), []);
  const blocks = await site.json('/api/v1/pools/litecoin/blocks');
  assert.deepEqual(isRecord(blocks) && own(blocks, 'data'), []);
  const miner = await site.json(`/api/v1/pools/litecoin/miners/${alice}`);
  assert.equal(isRecord(miner) && own(miner, 'pending'), '1.5');
});

test('/metrics is on a port of its own, on this machine only', async (t) => {
  const metricsPort = await freePort();
  const site = await siteFor(t, { fill: fillAll, now, website: { metricsPort } });
  assert.equal(site.website.metricsPort, metricsPort);
  assert.equal((await site.get('/metrics')).status, 404);
  const { text } = await get(metricsPort, '/metrics');
  assert.match(text, /^# TYPE nomp_pool_hashrate gauge$/m);
  assert.match(text, /^nomp_pool_workers\{coin="litecoin"\} 3$/m);
  assert.match(text, /^nomp_pool_blocks\{coin="litecoin",status="orphaned"\} 2$/m);
  assert.match(text, /^nomp_website_requests_total\{status="4xx"\} 1$/m);
  for (const line of text.trimEnd().split('\n')) {
    assert.match(line, /^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? -?[\d.e+-]+)$/);
  }
});

test('a port that another program has is named', async (t) => {
  const other = createServer();
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const address = other.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { portal, pools, dir } = configurationFor(t, 1, { port });
  const options = { portal, pools, log: memoryLog(), now, dataDir: join(dir, 'data') };
  await assert.rejects(startWebsite(options), (error: unknown) => {
    assert.equal(codeOf(error), 'WEBSITE_PORT_TAKEN');
    assert.match(String(error), new RegExp(`port ${port} on 127\\.0\\.0\\.1 .*website\\.port`));
    return true;
  });
});

test('with tlsOptions the website speaks HTTPS; a certificate that cannot be used is named', async (t) => {
  const files = configFolder(t, { 'cert.pem': testCertificate, 'key.pem': testKey });
  const [cert, key] = [join(files, 'cert.pem'), join(files, 'key.pem')];
  const tlsOptions = { enabled: true, cert, key };
  const { portal, pools, dir } = configurationFor(t, 1, { tlsOptions });
  const options = { portal, pools, log: memoryLog(), now, dataDir: join(dir, 'data') };
  const website = await startWebsite(options);
  t.after(() => website.close());
  const asked = getSecure({
    ...{ host: '127.0.0.1', port: website.port, path: '/health/live' },
    ...{ rejectUnauthorized: false, agent: false },
  });
  const [reply] = (await once(asked, 'response')) as [IncomingMessage];
  reply.resume();
  assert.equal(reply.statusCode, 200);
  assert.match(reply.headers['strict-transport-security'] ?? '', /max-age=31536000/);
  const broken = {
    ...portal,
    website: { ...portal.website, tlsOptions: { ...tlsOptions, key: cert } },
  };
  await assert.rejects(startWebsite({ ...options, portal: broken }), { code: 'WEBSITE_TLS' });
});

test('bytes that are no HTTP, and requests cut short, end their own connection only', async (t) => {
  const site = await siteFor(t);
  for (const bytes of [
    '\0\0\0',
    'GET / HTTP/9.9\r\n\r\n',
    `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`,
  ]) {
    const socket = connect(site.website.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.resume();
    socket.write(bytes);
    await once(socket, 'close');
  }
  const large = await site.get('/api/v1/pools', { method: 'POST', body: 'x'.repeat(100_000) });
  assert.equal(large.status, 404);
  assert.equal((await site.get('/health/live')).status, 200);
});

test('close() ends event streams and lets go of the port at once', async (t) => {
  const site = await siteFor(t);
  const client = await sse(t, site.website.port, '/api/v1/events');
  const began = performance.now();
  await site.website.close();
  assert.ok(performance.now() - began < 3_000);
  await until('the stream ended', () => client.closed);
  await assert.rejects(get(site.website.port, '/health/live'), { code: 'ECONNREFUSED' });
});
