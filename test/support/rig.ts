import type { TestContext } from 'node:test';
import { Redis } from 'ioredis';
import { freePorts } from '../../scripts/regtest/freePort.ts';
import {
  type LitecoinOptions,
  type LitecoinPair,
  startLitecoinPair,
} from '../../scripts/regtest/litecoin.ts';
import { type RedisServer, startRedis } from '../../scripts/regtest/redisServer.ts';
import {
  startTestMiner,
  type TestMiner,
  type TestMinerOptions,
} from '../../scripts/regtest/testMiner.ts';
import { cleanUp } from './cleanup.ts';
import { type PortalFiles, type PortalProcess, portalFolder, startPortal } from './portal.ts';

// A whole installation for one test: two litecoind nodes, a Redis, and the portal on top of them.

/** Any share at this difficulty is roughly every second hash; half of those are blocks on regtest. */
export const regtestDiff = 1.6e-5;

export interface Rig {
  readonly litecoin: LitecoinPair;
  readonly redisServer: RedisServer;
  /** The test's own eyes in Redis. */
  readonly redis: Redis;
  readonly stratumPort: number;
  readonly cliPort: number;
  /** The pool's own address, in node A's wallet. */
  readonly poolAddress: string;
  readonly dir: string;
  readonly files: PortalFiles;
  start(args?: readonly string[]): PortalProcess;
}

export interface RigOptions {
  readonly litecoin?: LitecoinOptions;
  readonly forks?: number;
  readonly portal?: object;
  /** Fields of the pool file, or what makes them once the daemons run. */
  readonly pool?: object | ((litecoin: LitecoinPair) => Promise<object>);
  /** Fields of the pool's one port. */
  readonly ports?: object;
  readonly paymentInterval?: number;
  readonly minimumPayment?: number;
}

export async function buildRig(t: TestContext, options: RigOptions = {}): Promise<Rig> {
  const litecoin = await startLitecoinPair({ mweb: 'never', ...options.litecoin });
  cleanUp(t, () => litecoin.stop());
  const redisServer = await startRedis();
  cleanUp(t, () => redisServer.stop());
  const redis = new Redis({ port: redisServer.port, host: '127.0.0.1' });
  redis.on('error', () => undefined);
  cleanUp(t, () => redis.disconnect());
  const [stratumPort = 0, cliPort = 0] = await freePorts(2);
  const poolAddress = await newAddress(litecoin);
  const daemon = {
    host: '127.0.0.1',
    port: litecoin.a.rpcPort,
    user: litecoin.a.user,
    password: litecoin.a.password,
  };
  const files: PortalFiles = {
    config: {
      logLevel: 'debug',
      logColors: false,
      cliPort,
      clustering: { enabled: true, forks: options.forks ?? 2 },
      redis: { host: '127.0.0.1', port: redisServer.port },
      website: { enabled: false },
      ...options.portal,
    },
    pools: {
      litecoin: {
        enabled: true,
        coin: 'litecoin.json',
        address: poolAddress,
        blockRefreshInterval: 200,
        jobRebroadcastTimeout: 5,
        ports: { [stratumPort]: { diff: regtestDiff, ...options.ports } },
        daemons: [daemon],
        p2p: { enabled: false },
        paymentProcessing: {
          enabled: true,
          paymentInterval: options.paymentInterval ?? 1,
          minimumPayment: options.minimumPayment ?? 0.01,
          daemon,
        },
        ...(typeof options.pool === 'function' ? await options.pool(litecoin) : options.pool),
      },
    },
  };
  const dir = await portalFolder(t, files);
  return {
    litecoin,
    redisServer,
    redis,
    stratumPort,
    cliPort,
    poolAddress,
    dir,
    files,
    start: (args) => startPortal(t, dir, args),
  };
}

/** A fresh address of node A's wallet. */
export async function newAddress(
  litecoin: LitecoinPair,
  type: 'legacy' | 'bech32' | 'p2sh-segwit' = 'bech32',
): Promise<string> {
  return String(await litecoin.a.rpc('getnewaddress', ['', type]));
}

/** Resolves when every fork of the portal takes miners, within so many milliseconds. */
export async function takesMiners(
  portal: PortalProcess,
  forks = 2,
  within = 60_000,
): Promise<void> {
  for (let fork = 0; fork < forks; fork++) {
    await portal.line(new RegExp(`thread ${fork}\\).*takes miners`), { within });
  }
}

/** A miner on the rig's port; it sends a share only when it is told to, unless `options` say otherwise. */
export function rigMiner(
  t: TestContext,
  rig: Rig,
  worker: string,
  options: Partial<TestMinerOptions> = {},
): TestMiner {
  const miner = startTestMiner({
    ...{ port: rig.stratumPort, worker, algorithm: 'scrypt', sharesPerSecond: 0 },
    ...options,
  });
  cleanUp(t, () => miner.stop());
  return miner;
}
