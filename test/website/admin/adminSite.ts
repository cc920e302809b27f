import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { PortalConfig } from '../../../libs/config/types.ts';
import { millis } from '../../../libs/primitives/units.ts';
import { isRecord, own, parseJson } from '../../../libs/primitives/unknown.ts';
import type { RedisConnection } from '../../../libs/redis/connection.ts';
import { coinKeys } from '../../../libs/redis/keys.ts';
import { keepNotice, tellNotice } from '../../../libs/redis/notice.ts';
import { startWebsite, type Website } from '../../../libs/website/website.ts';
import { connectFor, redisFor } from '../../redis/testbed.ts';
import { cleanUp } from '../../support/cleanup.ts';
import { type MemoryLog, memoryLog } from '../../support/memoryLog.ts';
import { until } from '../../support/until.ts';
import { configurationFor, get, type Reply, secrets } from '../support.ts';

// A website with an admin centre on a real Redis, in front of a stand-in for the portal's socket.

export interface Asked {
  readonly command: string;
  readonly params: readonly string[];
}

/** Answers as the portal does, without one: writes down what it is asked. */
export interface StandInPortal {
  readonly asked: readonly Asked[];
  /** Called with each command before it is answered. */
  onCommand: (command: string) => void;
  /** By command: the text to answer. */
  readonly answers: Map<string, string>;
}

export const status = {
  processes: [
    { name: 'master', pid: 4_321 },
    { name: 'pool worker 0', pid: undefined },
  ],
  pools: [
    {
      ...{ coin: 'litecoin', algorithm: 'scrypt', ports: [3032], connections: 17, workers: 12 },
      ...{ height: 2_814_307, networkDifficulty: 5 },
    },
  ],
  bans: 1,
};

async function standInPortal(
  t: TestContext,
  dataDir: string,
  redis: RedisConnection,
): Promise<StandInPortal> {
  const asked: Asked[] = [];
  const answers = new Map<string, string>([
    ['status', JSON.stringify(status)],
    ['bans', JSON.stringify([{ ip: '203.0.113.9', until: 1_800_000_000_000, why: 'flood' }])],
    ['payments', 'Payments of litecoin, PROP: at work.'],
  ]);
  const portal: StandInPortal = { asked, answers, onCommand: () => undefined };
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => {
      const line = parseJson(bytes.toString('utf8').split('\n', 1)[0] ?? '');
      if (!isRecord(line)) return socket.destroy();
      const params = own(line, 'params');
      const command = String(own(line, 'command'));
      portal.onCommand(command);
      asked.push({ command, params: Array.isArray(params) ? params.map(String) : [] });
      const answer = () => socket.end(`${answers.get(command) ?? `${command} was done.`}\n`);
      if (command !== 'notice') return answer();
      const [text = ''] = Array.isArray(params) ? params.map(String) : [];
      const notice = { text, time: 0 };
      return void Promise.all([
        keepNotice(redis, notice),
        tellNotice(redis, coinKeys('litecoin'), notice),
      ]).then(answer);
    });
  });
  await mkdir(dataDir, { recursive: true });
  server.listen(join(dataDir, 'cli.sock'));
  cleanUp(t, () => server.close());
  return portal;
}

export interface AdminSite {
  readonly website: Website;
  readonly dir: string;
  readonly redis: RedisConnection;
  readonly portal: StandInPortal;
  readonly log: MemoryLog;
  /** Closes the website and starts it anew on its port, as each reload of a pool does. */
  restart(): Promise<void>;
  /** Moves the clock of the website on. */
  pass(milliseconds: number): void;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  /** A form of a page of this site. */
  post(
    path: string,
    fields: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Reply>;
  /** Lines of data/audit.log. */
  audit(): readonly string[];
}

export interface AdminSiteOptions {
  readonly adminCenter?: PortalConfig['website']['adminCenter'];
  /** The portal does not run. */
  readonly alone?: boolean;
  readonly coins?: Readonly<Record<string, object>>;
}

export async function adminSite(
  t: TestContext,
  { adminCenter, alone = false, coins = {} }: AdminSiteOptions = {},
): Promise<AdminSite> {
  const redisServer = await redisFor(t);
  const redis = await connectFor(t, { port: redisServer.port });
  const admin = adminCenter ?? { enabled: true, password: secrets.admin };
  const { dir, portal, pools } = configurationFor(
    t,
    redisServer.port,
    { adminCenter: admin },
    coins,
  );
  const dataDir = join(dir, 'data');
  const standIn = alone
    ? { asked: [], answers: new Map<string, string>(), onCommand: () => undefined }
    : await standInPortal(t, dataDir, redis);
  let time = 1_790_000_000_000;
  const log = memoryLog();
  const now = () => millis(time);
  const limits = { requestsPerMinute: 100_000 };
  const website = await startWebsite({ portal, pools, log, now, dataDir, limits });
  let running = website;
  cleanUp(t, () => running.close());
  const isReady = async () => (await get(website.port, '/health/ready')).status === 200;
  await until('Redis answers the website', isReady);
  const host = `127.0.0.1:${website.port}`;
  return {
    ...{ website, dir, redis, portal: standIn, log },
    restart: async () => {
      await running.close();
      const again = { ...portal, website: { ...portal.website, port: website.port } };
      running = await startWebsite({ portal: again, pools, log, now, dataDir, limits });
    },
    pass: (milliseconds) => {
      time += milliseconds;
    },
    get: (path, headers = {}) => get(website.port, path, { headers }),
    post: (path, fields, headers = {}) =>
      get(website.port, path, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/x-www-form-urlencoded',
          Host: host,
          Origin: `http://${host}`,
          ...headers,
        },
        body: new URLSearchParams(fields).toString(),
      }),
    audit: () => readFileSync(join(dataDir, 'audit.log'), 'utf8').trimEnd().split('\n'),
  };
}

export interface Browser {
  readonly cookie: string;
  readonly csrf: string;
  get(path: string): Promise<Reply>;
  /** Sends the form with its token. */
  post(path: string, fields?: Readonly<Record<string, string>>): Promise<Reply>;
}

/** Somebody who has logged in, without scripts. */
export async function loggedIn(
  site: AdminSite,
  password: string = secrets.admin,
): Promise<Browser> {
  const reply = await site.post('/admin/login', { password });
  const cookie = String(reply.headers['set-cookie']).split(';', 1)[0] ?? '';
  const page = await site.get('/admin', { Cookie: cookie });
  const csrf = /name="csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
  return {
    ...{ cookie, csrf },
    get: (path) => site.get(path, { Cookie: cookie }),
    post: (path, fields = {}) => site.post(path, { csrf, ...fields }, { Cookie: cookie }),
  };
}
