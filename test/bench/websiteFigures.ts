// What the website of a large pool costs: 10,000 workers, a million shares in the hashrate window, 1,000 open pages.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { own } from '../../libs/primitives/unknown.ts';
import { coinKeys } from '../../libs/redis/keys.ts';
import { freePorts } from '../../scripts/regtest/freePort.ts';
import { type RedisServer, startRedis } from '../../scripts/regtest/redisServer.ts';
import { type BenchPool, startBenchPool, startHelper } from './benchPool.ts';
import { type Figure, percentile, tableOf } from './figures.ts';
import { logIn, openLoop } from './load.ts';
import { type BenchPart, type BenchWish, say } from './part.ts';
import { cpuMicros, pin, rssBytes } from './processFacts.ts';
import { standInAddress } from './standInDaemon.ts';

const coin = 'litecoin';
const keys = coinKeys(coin);
const workers = 10_000;
const shares = 1_000_000;
const window = 300;
const viewers = 1_000;
const requestsPerSecond = 50;
/** Seconds. Each tick reads the shares of so many seconds, 3,333 each. */
const updateInterval = 10;
const pagePaths = [
  '/',
  `/pool/${coin}`,
  `/pool/${coin}/blocks`,
  `/pool/${coin}/miners`,
  '/workers',
  '/stats',
  '/getting_started',
  '/api/v1/pools',
  '/api/stats',
];

const addressOf = (at: number): string =>
  `LTpYZG19YmfvY2bBDYtCKpunVRw${String(at).padStart(7, '1')}`;
/** Four machines an address. */
const workerOf = (at: number): string => `${addressOf(Math.floor(at / 4))}.rig${at % 4}`;
const member = (at: number, ms: number): string =>
  `${64 + (at % 7)}:${workerOf(at % workers)}:${ms}`;

async function seed(redis: Redis): Promise<void> {
  const now = Date.now();
  const perSecond = Math.round(shares / window);
  for (let second = window; second > 0; second--) {
    await feed(redis, Math.floor(now / 1000) - second, second * perSecond, perSecond);
  }
  for (let at = 0; at < workers; at += 1_000) {
    const some = Array.from({ length: 1_000 }, (_, i) => workerOf(at + i));
    await redis.hset(keys.roundCurrent, ...some.flatMap((worker, i) => [worker, `${i + 0.5}`]));
    await redis.hset(keys.balances, ...some.flatMap((worker) => [worker, '1.5']));
    const seen = `${now - 1e6}:${now}:12345`;
    await redis.hset(keys.workersSeen, ...some.flatMap((worker) => [worker, seen]));
  }
  for (let height = 1; height <= 500; height++) {
    const hash = height.toString(16).padStart(64, '0');
    await redis.zadd(keys.blockIndex, height, hash);
    await redis.hset(keys.block(hash), {
      ...{ state: 'confirmed', height, txHash: hash, finder: workerOf(height), effort: '0.9' },
      ...{ time: now - (500 - height) * 1e6, reward: '625000000', networkDifficulty: '2000' },
    });
  }
  await redis.hset(keys.network, 'height', 501, 'difficulty', '2000', 'time', now);
}

/** The shares of one second, as the pool writes them. */
async function feed(redis: Redis, second: number, from: number, count: number): Promise<void> {
  const args: (string | number)[] = [];
  for (let i = 0; i < count; i++) {
    args.push(second, member(from + i, second * 1000 + Math.floor((i * 1000) / count)));
  }
  await redis.zadd(keys.hashrate, ...args);
}

/** Goes on mining at that rate until it is told to stop. */
function mineOn(redis: Redis): () => Promise<void> {
  const perSecond = Math.round(shares / window);
  let stopped = false;
  const running = (async () => {
    for (let at = 0; !stopped; at += perSecond) {
      const second = Math.floor(Date.now() / 1000);
      await feed(redis, second, at, perSecond);
      await redis.zremrangebyscore(keys.hashrate, '-inf', second - window - 60);
      await sleep(Math.max(0, (second + 1) * 1000 - Date.now()));
    }
  })();
  return () => {
    stopped = true;
    return running;
  };
}

function folder(redisPort: number, port: number, metricsPort: number): string {
  const dir = mkdtempSync(join(tmpdir(), 'bench-website-'));
  mkdirSync(join(dir, 'pool_configs'));
  const daemon = { host: '127.0.0.1', port: 1, user: 'u', password: 'p' };
  const files = {
    'config.json': {
      redis: { host: '127.0.0.1', port: redisPort },
      website: {
        ...{ enabled: true, host: '127.0.0.1', port, stratumHost: '127.0.0.1', metricsPort },
        stats: { updateInterval, historicalRetention: 3_600, hashrateWindow: window },
      },
    },
    'pool_configs/litecoin.json': {
      ...{ enabled: true, coin: 'litecoin.json', address: addressOf(0), daemons: [daemon] },
      ...{ ports: { 3032: { diff: 32 } }, paymentProcessing: { enabled: false } },
    },
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(dir, name), JSON.stringify(content));
  }
  return dir;
}

interface Site {
  readonly pid: number;
  readonly port: number;
  readonly metricsPort: number;
}

function request(url: string, agent?: Agent): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    get(url, agent === undefined ? {} : { agent }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }),
      );
    }).on('error', reject);
  });
}

async function ticksOf({ metricsPort }: Site): Promise<number> {
  const { text } = await request(`http://127.0.0.1:${metricsPort}/metrics`);
  return Number(/^nomp_website_ticks_total (\d+)$/m.exec(text)?.[1] ?? 0);
}

async function untilTick(site: Site, tick: number): Promise<void> {
  while ((await ticksOf(site)) < tick) await sleep(200);
}

/** CPU milliseconds of a tick, all that goes on between two of them counted in. */
async function tickCost(site: Site, ticks: number): Promise<number> {
  const first = (await ticksOf(site)) + 1;
  await untilTick(site, first);
  await sleep(1_000);
  const before = cpuMicros(site.pid);
  // Without asking meanwhile, which would cost as well.
  await sleep(ticks * updateInterval * 1_000);
  return (cpuMicros(site.pid) - before) / ticks / 1000;
}

/** Opens event streams; returns how to close them. */
async function watch(site: Site, count: number) {
  const closers: (() => void)[] = [];
  for (let at = 0; at < count; at += 100) {
    await Promise.all(
      Array.from(
        { length: 100 },
        () =>
          new Promise<void>((resolve, reject) => {
            const asked = get(`http://127.0.0.1:${site.port}/api/v1/events`, { agent: false });
            asked.on('error', reject);
            asked.on('response', (response) => {
              response.resume();
              response.on('error', () => undefined);
              response.once('data', () => resolve());
              closers.push(() => asked.destroy());
            });
          }),
      ),
    );
  }
  const close = () => {
    for (const end of closers) end();
  };
  return { close };
}

interface PageCost {
  readonly path: string;
  /** CPU milliseconds. */
  readonly millis: number;
}

async function pageCosts(site: Site, repeats: number): Promise<readonly PageCost[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const costs: PageCost[] = [];
  for (const path of [...pagePaths, `/miner/${addressOf(7)}`]) {
    const url = `http://127.0.0.1:${site.port}${path}`;
    for (let i = 0; i < 20; i++) await request(url, agent);
    const before = cpuMicros(site.pid);
    for (let i = 0; i < repeats; i++) await request(url, agent);
    costs.push({ path, millis: (cpuMicros(site.pid) - before) / repeats / 1000 });
  }
  agent.destroy();
  return costs;
}

/** Milliseconds of each answer, pages and API in turn, sent at their time whether or not earlier ones were answered. */
async function visit(site: Site, seconds: number): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 50 });
  const paths = [
    ...pagePaths,
    ...Array.from({ length: 9 }, (_, i) => `/miner/${addressOf(i * 31)}`),
  ];
  const answers: Promise<number>[] = [];
  const began = performance.now();
  for (let i = 0; i < seconds * requestsPerSecond; i++) {
    const due = began + (i * 1000) / requestsPerSecond;
    await sleep(Math.max(0, due - performance.now()));
    const path = paths[i % paths.length] ?? '/';
    answers.push(
      request(`http://127.0.0.1:${site.port}${path}`, agent).then(({ status }) => {
        if (status !== 200) throw new Error(`${path} was answered with ${status}.`);
        return performance.now() - due;
      }),
    );
  }
  const times = await Promise.all(answers);
  agent.destroy();
  return times;
}

async function withMining(
  pool: BenchPool,
  seconds: number,
  meanwhile: () => Promise<unknown>,
): Promise<readonly number[]> {
  const crowd = await logIn(pool.port.sha256, 100, standInAddress);
  await openLoop(crowd, 300, 1);
  const [times] = await Promise.all([openLoop(crowd, 300, seconds), meanwhile()]);
  for (const miner of crowd) miner.close();
  return times;
}

async function measure(
  { isShort, cores }: BenchWish,
  redisServer: RedisServer,
  stops: (() => unknown)[],
): Promise<readonly Figure[]> {
  const redis = new Redis({ port: redisServer.port, host: '127.0.0.1' });
  stops.unshift(() => redis.disconnect());
  await seed(redis);
  const [port = 0, metricsPort = 0] = await freePorts(2);
  const dir = folder(redisServer.port, port, metricsPort);
  stops.unshift(() => rmSync(dir, { recursive: true, force: true }));
  const helper = await startHelper('websiteProcess.js', cores?.rest, [dir]);
  stops.unshift(() => helper.stop());
  const site: Site = {
    pid: Number(own(helper.hello, 'pid')),
    port: Number(own(helper.hello, 'port')),
    metricsPort: Number(own(helper.hello, 'metricsPort')),
  };
  await untilTick(site, 1);
  const stopMining = mineOn(redis);
  stops.unshift(stopMining);

  const ticks = isShort ? 3 : 6;
  const alone = await tickCost(site, ticks);
  const watchers = await watch(site, viewers);
  stops.unshift(watchers.close);
  const watched = await tickCost(site, ticks);
  const costs = await pageCosts(site, isShort ? 100 : 300);
  say('CPU of a page or answer, ms:');
  for (const { path, millis } of costs) say(`  ${path.padEnd(50)} ${millis.toFixed(2)}`);
  const dearest = Math.max(...costs.map(({ millis }) => millis));

  const pool = await startBenchPool(cores, ['sha256']);
  stops.unshift(() => pool.stop());
  const seconds = isShort ? 10 : 30;
  const undisturbed = await withMining(pool, seconds, () => sleep(0));
  let visits: readonly number[] = [];
  const disturbed = await withMining(pool, seconds, async () => {
    visits = await visit(site, seconds);
  });
  const memory = rssBytes(site.pid) / 2 ** 20;
  return [
    { name: 'tick, nobody looks', measured: alone, unit: 'ms CPU', mustReach: 100, aim: 20 },
    {
      name: `tick, ${viewers} viewers`,
      measured: watched,
      unit: 'ms CPU',
      mustReach: 100,
      aim: 50,
    },
    { name: 'dearest page', measured: dearest, unit: 'ms CPU', mustReach: 10, aim: 5 },
    {
      ...{ name: `${requestsPerSecond} requests/s, p99`, unit: 'ms' },
      ...{ measured: percentile(visits, 0.99), mustReach: 50, aim: 25 },
    },
    { name: 'shares meanwhile, p99', measured: percentile(disturbed, 0.99), unit: 'ms' },
    { name: 'shares without visitors, p99', measured: percentile(undisturbed, 0.99), unit: 'ms' },
    { name: 'memory of the website', measured: memory, unit: 'MB' },
  ];
}

export const websiteFigures: BenchPart = {
  name: 'website',
  measures: '10,000 workers, a million shares in the window, 1,000 viewers, 50 requests a second',
  run: async (wish) => {
    const stops: (() => unknown)[] = [];
    const redis = await startRedis({ args: ['--save', '', '--appendonly', 'no'] });
    stops.push(() => redis.stop());
    if (wish.cores !== undefined) pin(redis.pid, wish.cores.rest);
    try {
      say(tableOf(await measure(wish, redis, stops)));
    } finally {
      for (const stop of stops) await stop();
    }
    return true;
  },
};
