import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { PoolConfig, PortalConfig } from '../../libs/config/types.ts';
import { type Clock, systemClock } from '../../libs/primitives/units.ts';
import type { RedisConnection } from '../../libs/redis/connection.ts';
import { startWebsite, type Website, type WebsiteLimits } from '../../libs/website/website.ts';
import type { RedisServer } from '../../scripts/regtest/redisServer.ts';
import { configFolder, load } from '../config/configFolder.ts';
import { connectFor, redisFor } from '../redis/testbed.ts';
import { cleanUp } from '../support/cleanup.ts';
import { type MemoryLog, memoryLog } from '../support/memoryLog.ts';
import { until } from '../support/until.ts';

// A website on a real Redis, and a plain client of it.

export const secrets = {
  daemon: 'canary-daemon-password',
  wallet: 'canary-wallet-password',
  mpos: 'canary-mpos-password',
  admin: 'canary-admin-password',
} as const;

const litecoin = {
  name: 'Litecoin',
  symbol: 'ltc',
  algorithm: 'scrypt',
  addresses: { main: { pubKeyHash: [48], scriptHash: [50, 5], bech32: 'ltc' } },
  explorer: { txURL: 'https://explorer.example/tx/' },
};

/** Another coin with the same Redis. */
export const dogecoin = { name: 'Dogecoin', symbol: 'DOGE', algorithm: 'scrypt' };

const daemon = { host: '127.0.0.1', port: 19_332, user: 'rpc', password: secrets.daemon };

function poolFile(coin: string, port: number): object {
  return {
    enabled: true,
    coin: `${coin}.json`,
    address: 'LTpYZG19YmfvY2bBDYtCKpunVRw7nVgRHW',
    rewardRecipients: { '22851477d63a085dbc2398c8430af1c09e7343f6': 1.5 },
    paymentProcessing: {
      enabled: true,
      paymentInterval: 600,
      minimumPayment: 0.01,
      daemon: { ...daemon, password: secrets.wallet },
    },
    ports: {
      [port]: {
        diff: 32,
        varDiff: {
          minDiff: 8,
          maxDiff: 512,
          targetTime: 15,
          retargetTime: 90,
          variancePercent: 30,
        },
      },
    },
    daemons: [daemon],
    mposMode: {
      ...{ enabled: false, host: '127.0.0.1', port: 3306, user: 'mpos', password: secrets.mpos },
      ...{ database: 'ltc', checkPassword: true, autoCreateWorker: false },
    },
  };
}

export interface Configuration {
  /** Folder of the operator. */
  readonly dir: string;
  readonly portal: PortalConfig;
  readonly pools: readonly PoolConfig[];
}

/** A sound configuration, read from files; the website takes any free port. */
export function configurationFor(
  t: TestContext,
  redisPort: number,
  website: Partial<PortalConfig['website']> = {},
  coins: Readonly<Record<string, object>> = {},
  switching: object = {},
): Configuration {
  const files: Record<string, unknown> = {
    'config.json': {
      redis: { host: '127.0.0.1', port: redisPort },
      website: { enabled: true, host: '127.0.0.1', stratumHost: 'pool.example.com' },
      switching,
    },
  };
  for (const [i, [name, coin]] of Object.entries({ litecoin, ...coins }).entries()) {
    files[`coins/${name}.json`] = coin;
    files[`pool_configs/${name}.json`] = poolFile(name, 3_032 + i);
  }
  const dir = configFolder(t, files);
  const { portal, pools, errors } = load(dir);
  if (portal === undefined || errors.length > 0) throw new Error(errors.join('; '));
  return { dir, portal: { ...portal, website: { ...portal.website, port: 0, ...website } }, pools };
}

export interface SiteOptions {
  readonly website?: Partial<PortalConfig['website']>;
  /** Coin files of further pools. */
  readonly coins?: Readonly<Record<string, object>>;
  /** As in config.json. */
  readonly switching?: object;
  readonly now?: Clock;
  readonly limits?: Partial<WebsiteLimits>;
  /** Called before the website starts. */
  readonly fill?: (redis: RedisConnection) => Promise<void>;
}

export interface Site {
  readonly website: Website;
  readonly redisServer: RedisServer;
  readonly redis: RedisConnection;
  readonly log: MemoryLog;
  get(path: string, options?: GetOptions): Promise<Reply>;
  json(path: string): Promise<unknown>;
}

/** A website whose first figures are there, on a Redis of its own. */
export async function siteFor(t: TestContext, options: SiteOptions = {}): Promise<Site> {
  const redisServer = await redisFor(t);
  const redis = await connectFor(t, { port: redisServer.port });
  await options.fill?.(redis);
  const log = memoryLog();
  const website = await websiteFor(t, redisServer.port, log, options);
  const site = {
    ...{ website, redisServer, redis, log },
    get: (path: string, asked?: GetOptions) => get(website.port, path, asked),
    json: async (path: string) => (await get(website.port, path)).json(),
  };
  await until('there are figures', async () => (await site.get('/health/ready')).status === 200);
  return site;
}

export async function websiteFor(
  t: TestContext,
  redisPort: number,
  log: MemoryLog,
  options: SiteOptions = {},
): Promise<Website> {
  const { dir, portal, pools } = configurationFor(
    t,
    redisPort,
    options.website,
    options.coins,
    options.switching,
  );
  const website = await startWebsite({
    ...{ portal, pools, log, now: options.now ?? systemClock, dataDir: join(dir, 'data') },
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  cleanUp(t, () => website.close());
  return website;
}

export interface GetOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly text: string;
  json(): unknown;
}

/** One request by node:http: nothing is followed, decoded or tidied up on the way, paths neither. */
export async function get(port: number, path: string, options: GetOptions = {}): Promise<Reply> {
  const asked = request({
    host: '127.0.0.1',
    port,
    path,
    method: options.method ?? 'GET',
    headers: options.headers ?? {},
    agent: false,
  });
  asked.end(options.body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  const body = Buffer.concat(parts);
  const text = body.toString();
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body,
    text,
    json: () => JSON.parse(text) as unknown,
  };
}

export interface SseMessage {
  readonly id: string | undefined;
  readonly type: string;
  readonly data: string;
}

export interface SseClient {
  readonly status: number;
  readonly messages: readonly SseMessage[];
  readonly closed: boolean;
  /** The first message that fits, which may have come already. */
  waitFor(fits: (message: SseMessage) => boolean, what: string): Promise<SseMessage>;
  close(): void;
}

/** An event source that does what browsers do with the lines. */
export async function sse(
  t: TestContext,
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<SseClient> {
  const asked = request({ host: '127.0.0.1', port, path, headers, agent: false });
  asked.on('error', () => undefined);
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  cleanUp(t, () => asked.destroy());
  const messages: SseMessage[] = [];
  let rest = '';
  let closed = false;
  response.setEncoding('utf8');
  response.on('error', () => undefined);
  response.on('close', () => {
    closed = true;
  });
  response.on('data', (text: string) => {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const lines = block.split('\n').filter((line) => line !== '' && !line.startsWith(':'));
      const field = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const data = field('data');
      if (data !== undefined)
        messages.push({ id: field('id'), type: field('event') ?? 'message', data });
    }
  });
  return {
    status: response.statusCode ?? 0,
    messages,
    get closed() {
      return closed;
    },
    async waitFor(fits, what) {
      await until(what, () => messages.some(fits));
      const found = messages.find(fits);
      if (found === undefined) throw new Error(what);
      return found;
    },
    close: () => asked.destroy(),
  };
}

/** `n` in hex, 64 digits: a hash that is told apart easily. */
export function hashOf(n: number): string {
  return n.toString(16).padStart(64, '0');
}
