import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Redis } from 'ioredis';
import { algorithmNames } from '../../libs/algos/algorithms.ts';
import { loadConfig } from '../../libs/config/loadConfig.ts';
import { createLogger } from '../../libs/log/logger.ts';
import { systemClock } from '../../libs/primitives/units.ts';
import { coinKeys, portalKeys } from '../../libs/redis/keys.ts';
import type { CoinProfit, ProfitTable } from '../../libs/redis/profitability.ts';
import { startWebsite } from '../../libs/website/website.ts';
import { startRedis } from '../../scripts/regtest/redisServer.ts';
import { cleanUp } from '../support/cleanup.ts';

// The real website on a Redis of its own, with a day's worth of a pool in it.

export const miner = 'LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9';
export const hostileRig = `<img src=x onerror=alert(1)>"'${'W'.repeat(80)}`;
const others = [
  'MQMcJhpWHYVeQArcZR3sBgyPZxxRtnH441',
  'ltc1qar0srrr7xfkvy5l643lydnw9re59gtzzwcl4ev',
];

export interface BrowserSite {
  readonly url: string;
  readonly redis: Redis;
  /** A share of now; what it adds to the hashrate is seen with the next look at Redis, within a second or two. */
  addShare(difficulty: number, worker: string): Promise<void>;
  /** What a pool writes when a block was found. */
  announceBlock(height: number): Promise<void>;
}

export async function startSite(t: TestContext): Promise<BrowserSite> {
  const server = await startRedis();
  cleanUp(t, async () => {
    await server.kill('SIGKILL');
    await server.stop();
  });
  const redis = new Redis(server.port, '127.0.0.1');
  cleanUp(t, () => redis.disconnect());
  await seed(redis);

  const dir = await mkdtemp(join(tmpdir(), 'website-'));
  cleanUp(t, () => rm(dir, { recursive: true, force: true }));
  await writeConfig(dir, server.port);
  const { portal, pools, problems } = loadConfig({ dir, algorithmNames });
  if (portal === undefined || pools.length !== 2) {
    throw new Error(problems.map(({ message }) => message).join('\n'));
  }
  const log = createLogger(
    { level: 'warning', colors: false, format: 'text' },
    { write: (line) => process.stderr.write(line) },
  );
  const website = await startWebsite({
    // Port 0 is none for a configuration; here the system chooses.
    portal: { ...portal, website: { ...portal.website, port: 0 } },
    pools,
    log,
    now: systemClock,
    dataDir: join(dir, 'data'),
    limits: { requestsPerMinute: 100_000 },
  });
  cleanUp(t, () => website.close());
  const keys = coinKeys('litecoin');
  let made = 0;
  return {
    url: `http://127.0.0.1:${website.port}`,
    redis,
    async addShare(difficulty, worker) {
      made += 1;
      const now = Date.now();
      const member = `${difficulty}:${worker}:${now}${made}`;
      await redis.zadd(keys.hashrate, Math.floor(now / 1000), member);
    },
    async announceBlock(height) {
      const data = { height, hash: hashOf(9_000), finder: `${miner}.rig1`, time: Date.now() };
      await redis.xadd(keys.events, '*', 'type', 'block', 'data', JSON.stringify(data));
    },
  };
}

async function writeConfig(dir: string, redisPort: number): Promise<void> {
  const daemon = { host: '127.0.0.1', port: 1, user: 'u', password: 'p' };
  const pool = (coin: string, address: string, ports: object) => ({
    enabled: true,
    coin,
    address,
    rewardRecipients: {},
    paymentProcessing: { enabled: true, paymentInterval: 600, minimumPayment: 0.01, daemon },
    ports,
    daemons: [daemon],
  });
  const varDiff = {
    minDiff: 8,
    maxDiff: 512,
    targetTime: 15,
    retargetTime: 90,
    variancePercent: 30,
  };
  const files = {
    'config.json': {
      redis: { host: '127.0.0.1', port: redisPort },
      defaultPoolConfigs: { redis: { host: '127.0.0.1', port: redisPort } },
      switching: { switch1: { enabled: true, algorithm: 'scrypt', ports: { 4444: { diff: 8 } } } },
      website: {
        enabled: true,
        host: '127.0.0.1',
        port: 8080,
        stratumHost: 'pool.example.com',
        stats: { updateInterval: 1, historicalRetention: 3600, hashrateWindow: 300 },
        adminCenter: { enabled: true, password: 'correct horse battery staple' },
      },
    },
    'pool_configs/litecoin.json': pool('litecoin.json', miner, {
      3008: { diff: 8 },
      3032: { diff: 32, varDiff },
      3256: { diff: 256 },
    }),
    'pool_configs/bitcoin.json': pool('bitcoin.json', '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa', {
      3333: { diff: 65_536 },
    }),
  };
  await mkdir(join(dir, 'pool_configs'), { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(dir, name), JSON.stringify(content));
  }
}

async function seed(redis: Redis): Promise<void> {
  const keys = coinKeys('litecoin');
  const now = Date.now();
  const seconds = Math.floor(now / 1000);
  const write = redis.pipeline();
  const workers = [
    ...[miner, ...others].flatMap((address) => [`${address}.rig1`, `${address}.rig2`]),
    `${miner}.${hostileRig}`,
  ];
  for (const [at, worker] of workers.entries()) {
    for (let share = 0; share < 20; share++) {
      const time = seconds - share * 12;
      write.zadd(keys.hashrate, time, `${64 + at}:${worker}:${time}${share}`);
    }
    write.hset(keys.roundCurrent, worker, 40_000 / (at + 1));
    write.hset(keys.workersSeen, worker, `${now - 9e8}:${now - at * 40_000}:${184_201 * (at + 1)}`);
  }
  write.hset(keys.workersSeen, `${miner}.asleep`, `${now - 9e8}:${now - 9e7}:77`);
  write.hset(keys.stats, {
    validShares: '4183201',
    invalidShares: '1203',
    validBlocks: '30',
    totalPaid: '48210.52891733',
  });
  for (let at = 0; at < 30; at++) {
    const height = 2_814_307 - at * 91;
    const hash = hashOf(at);
    const pending = at < 3;
    write.zadd(keys.blockIndex, height, hash);
    write.hset(keys.block(hash), {
      state: pending ? 'accepted' : at === 5 ? 'orphaned' : 'confirmed',
      height,
      txHash: 'ab'.repeat(32),
      finder: workers[at % workers.length] ?? '',
      time: now - (74 + at * 233) * 60_000,
      reward: '625004812',
      networkDifficulty: '180000',
      effort: String([0.31, 1.84, 0.77, 0.12, 2.6][at % 5]),
      ...(pending ? { confirmations: String(9 + at * 30) } : {}),
    });
    const member = `${hash}:${'ab'.repeat(32)}:${height}`;
    write.sadd(
      pending ? keys.blocksPending : at === 5 ? keys.blocksOrphaned : keys.blocksConfirmed,
      member,
    );
  }
  for (let at = 29; at >= 0; at--) {
    const payment = { time: now - (3 + at * 50) * 60_000, txid: hashOf(500 + at) };
    write.lpush(
      keys.payments,
      JSON.stringify({
        ...payment,
        paid: `12.0${at}512833`,
        fee: '0.00002312',
        miners: 19,
      }),
    );
    write.lpush(
      keys.minerPayments(miner),
      JSON.stringify({ ...payment, amount: `0.${at}1512833` }),
    );
  }
  write.hset(keys.balances, `${miner}.rig1`, '0.00811204');
  write.hset(keys.payouts, `${miner}.rig1`, '118.20715522');
  for (const [key, mean] of [
    [keys.series('1m'), 1_000],
    [keys.minerSeries(miner, '1m'), 300],
  ] as const) {
    write.set(key, ringOfMinutes(seconds, mean));
  }
  write.hset(
    portalKeys.switchState,
    'switch1',
    JSON.stringify({ coin: 'litecoin', since: now - 4_000_000 }),
  );
  write.set(portalKeys.profitability, JSON.stringify(profitsAt(now)));
  await write.exec();
}

function profitsAt(time: number): ProfitTable {
  const market = { exchange: 'Poloniex', pair: 'LTC/BTC', bid: 0.0011, btc: 0.0011 };
  const coins: CoinProfit[] = ['litecoin', 'dogecoin'].map((coin, at) => ({
    ...{ coin, symbol: coin.slice(0, 3), running: at === 0, difficulty: 3e7, reward: 6.25 },
    ...{ coinsPerDay: 4.19e-6, btcPerDay: 4.6e-9, markets: [{ ...market, btcPerDay: 4.6e-9 }] },
  }));
  const switches = [{ name: 'switch1', coin: 'litecoin' }];
  return { time, algorithms: [{ algorithm: 'scrypt', switches, coins }] };
}

function ringOfMinutes(seconds: number, mean: number): Buffer {
  const buckets = 1_440;
  const newest = Math.floor(seconds / 60);
  const ring = Buffer.alloc(8 + buckets * 4);
  ring.writeBigUInt64BE(BigInt(newest));
  for (let at = 0; at < buckets; at++) {
    const value = mean * (1 + 0.2 * Math.sin(at / 90) + 0.05 * Math.sin(at * 1.3));
    ring.writeFloatLE(value, 8 + ((newest - at) % buckets) * 4);
  }
  return ring;
}

function hashOf(number: number): string {
  return (number + 1).toString(16).padStart(8, '0').padStart(64, '7ac3e91b');
}
