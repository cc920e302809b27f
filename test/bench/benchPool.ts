// The pool under test: the real portal with one pool worker, pinned to a core of its own, beside a private Redis and
// the stand-in daemons.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { isRecord, own, type UnknownRecord } from '../../libs/primitives/unknown.ts';
import { freePorts } from '../../scripts/regtest/freePort.ts';
import { lastLines, type RunningChild, startChild } from '../../scripts/regtest/processes.ts';
import { startRedis } from '../../scripts/regtest/redisServer.ts';
import { childrenOf, pin } from './processFacts.ts';
import { standInAddress, standInPassword, standInUser } from './standInDaemon.ts';

export type BenchCoin = 'sha256' | 'scrypt' | 'scryptJane';

export interface BenchPool {
  /** Of the one pool worker. */
  readonly pid: number;
  readonly port: Readonly<Record<BenchCoin, number>>;
  /** A new block on the stand-in chain, told to the pool by blocknotify. Resolves when the pool was told. */
  newBlock(coin: BenchCoin): Promise<void>;
  /** The pool is told of a block that is on the chain already, without waiting: for timing. */
  announce(): void;
  /** The chain has a new block, the pool does not know. */
  prepareBlock(coin: BenchCoin): Promise<void>;
  stop(): Promise<void>;
}

export interface Cores {
  /** The pool worker has it alone; everything else is on the other. */
  readonly pool: number;
  readonly rest: number;
}

const startMillis = 60_000;

interface BenchPortal {
  readonly portal: RunningChild;
  /** Pids of the pool workers. */
  readonly workers: readonly number[];
  readonly logFile: string;
}

/** The portal in `dir`, its ports open; how to stop it goes to the front of `stops`. */
export async function startBenchPortal(
  dir: string,
  options: {
    readonly ports: readonly number[];
    readonly forks: number;
    readonly stops: (() => Promise<void>)[];
  },
): Promise<BenchPortal> {
  const { ports, forks, stops } = options;
  const logFile = join(dir, 'pool.log');
  const portal = await startChild({
    command: process.execPath,
    args: [join(installRoot, 'init.js'), '--dir', dir],
    logFile,
    cwd: dir,
  });
  stops.unshift(() => portal.stop());
  const isOpen = async (): Promise<boolean> => {
    if (portal.ending !== undefined) throw new Error(`The portal ended with ${portal.ending}.`);
    const open = await Promise.all(ports.map((port) => answers(port)));
    return open.every(Boolean) && childrenOf(portal.pid).length >= forks;
  };
  const deadline = Date.now() + startMillis;
  while (!(await isOpen())) {
    if (Date.now() > deadline) {
      throw new Error(`The pool did not open its ports:\n${lastLines(logFile, 30)}`);
    }
    await sleep(100);
  }
  return { portal, workers: childrenOf(portal.pid), logFile };
}

/** `coins`: those that are wanted; the ports of the others are 0. `fields`: more of each pool's file. */
export async function startBenchPool(
  cores: Cores | undefined,
  coins: readonly BenchCoin[] = ['sha256', 'scrypt'],
  fields: object = {},
): Promise<BenchPool> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-'));
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of stops) await end();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const redis = await startRedis();
    stops.unshift(() => redis.stop());
    if (cores !== undefined) pin(redis.pid, cores.rest);

    const daemons = await startHelper('standInProcess.js', cores?.rest);
    stops.unshift(() => daemons.stop());
    const daemonPorts = own(daemons.hello, 'ports');
    const [cliPort = 0, ...free] = await freePorts(1 + coins.length);
    const port = { sha256: 0, scrypt: 0, scryptJane: 0 };
    for (const [at, coin] of coins.entries()) port[coin] = free[at] ?? 0;
    writeFiles(dir, coins, { redisPort: redis.port, cliPort, port, daemonPorts, fields });

    const { portal, workers } = await startBenchPortal(dir, {
      ports: coins.map((coin) => port[coin]),
      forks: 1,
      stops,
    });
    const [pid = 0] = workers;
    if (cores !== undefined) {
      pin(portal.pid, cores.rest);
      pin(pid, cores.pool);
    }

    let tip: { coin: BenchCoin; hash: string } = { coin: 'sha256', hash: '' };
    const prepareBlock = async (coin: BenchCoin): Promise<void> => {
      const reply = await daemons.ask(coin);
      tip = { coin, hash: String(own(reply, 'tip')) };
    };
    const tell = () => tellPool(cliPort, tip.coin, tip.hash);
    return {
      pid,
      port,
      prepareBlock,
      announce: () => void tell(),
      newBlock: async (coin) => {
        await prepareBlock(coin);
        await tell();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

export interface Helper {
  /** Its first message. */
  readonly hello: UnknownRecord;
  ask(message: string): Promise<UnknownRecord>;
  tell(message: string): void;
  stop(): Promise<void>;
}

/** A process of the bench itself that talks over IPC; it ends when its channel closes. */
export async function startHelper(
  file: string,
  core: number | undefined,
  args: readonly string[] = [],
): Promise<Helper> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args);
  const hello = await nextMessage(child);
  if (core !== undefined) pin(child.pid, core);
  return {
    hello,
    ask: (message) => {
      const reply = nextMessage(child);
      child.send(message);
      return reply;
    },
    tell: (message) => void child.send(message),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}

async function nextMessage(child: ChildProcess): Promise<UnknownRecord> {
  const controller = new AbortController();
  const { signal } = controller;
  try {
    const [message] = await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(() => {
        throw new Error('A helper of the bench ended.');
      }),
    ]);
    if (!isRecord(message)) throw new TypeError('A helper of the bench said something odd.');
    return message;
  } finally {
    controller.abort();
  }
}

interface Files {
  readonly redisPort: number;
  readonly cliPort: number;
  readonly port: Readonly<Record<BenchCoin, number>>;
  readonly daemonPorts: unknown;
  readonly fields: object;
}

function writeFiles(
  dir: string,
  coins: readonly BenchCoin[],
  { redisPort, cliPort, port, daemonPorts, fields }: Files,
): void {
  writeJson(dir, 'config.json', {
    logLevel: 'warning',
    cliPort,
    clustering: { enabled: true, forks: 1 },
    website: { enabled: false },
    redis: { host: '127.0.0.1', port: redisPort },
  });
  // Below the difficulty of the worst hash, so that every nonce is a share.
  const diff = { sha256: 1e-10, scrypt: 1e-5, scryptJane: 1e-5 };
  // scrypt-jane as YACoin had it in its first year: N is 512.
  const algorithm = {
    sha256: { algorithm: 'sha256' },
    scrypt: { algorithm: 'scrypt' },
    scryptJane: { algorithm: 'scrypt-jane', nMin: 8, nMax: 8 },
  };
  for (const coin of coins) {
    writeJson(dir, `coins/bench-${coin}.json`, {
      name: coin,
      symbol: coin.toUpperCase(),
      ...algorithm[coin],
      addresses: { main: { pubKeyHash: [0], scriptHash: [5] } },
    });
    writeJson(dir, `pool_configs/${coin}.json`, {
      enabled: true,
      coin: `bench-${coin}.json`,
      address: standInAddress,
      ports: { [port[coin]]: { diff: diff[coin] } },
      daemons: [
        {
          host: '127.0.0.1',
          port: isRecord(daemonPorts) ? own(daemonPorts, coin) : 0,
          user: standInUser,
          password: standInPassword,
        },
      ],
      // Everything comes from one address, faster than a miner would.
      limits: { connectionsPerIp: 0, messagesPerSecond: 0 },
      // Blocks are announced at a moment of our choice.
      blockRefreshInterval: 0,
      // One job for all shares of a measurement.
      jobRebroadcastTimeout: 3600,
      ...fields,
    });
  }
}

export function writeJson(dir: string, name: string, content: object): void {
  const file = join(dir, name);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, JSON.stringify(content, null, 2));
}

/** What scripts/cli.js blocknotify sends, without starting a process for it. */
export function tellPool(cliPort: number, coin: string, hash: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port: cliPort });
    socket.on('error', reject);
    socket.on('data', () => socket.destroy());
    socket.on('close', () => resolve());
    socket.write(`${JSON.stringify({ command: 'blocknotify', params: [coin, hash] })}\n`);
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
