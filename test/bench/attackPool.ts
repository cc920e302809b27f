// The pool that is attacked: the real portal, its master and two pool workers, on a core of its own; beside it a
// private Redis, and a stand-in daemon that counts what it is asked.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { own } from '../../libs/primitives/unknown.ts';
import { freePorts } from '../../scripts/regtest/freePort.ts';
import { lastLines } from '../../scripts/regtest/processes.ts';
import { startRedis } from '../../scripts/regtest/redisServer.ts';
import { type Cores, startBenchPortal, startHelper, tellPool, writeJson } from './benchPool.ts';
import { cpuMicros, pin, rssBytes } from './processFacts.ts';
import { standInAddress, standInPassword, standInUser } from './standInDaemon.ts';

export interface AttackPool {
  /** Every nonce is a share here, so that honest miners need not hash. */
  readonly easyPort: number;
  /** Hardly any nonce is a share here. */
  readonly hardPort: number;
  /** HTTP requests to the daemon so far, and the calls in them. */
  rpc(): Promise<{ readonly requests: number; readonly calls: number }>;
  /** Of the pool workers together. */
  rss(): number;
  cpu(): number;
  /** A block of someone else: the chain has it. */
  prepareBlock(): Promise<void>;
  /** The pool is told of it. */
  announce(): void;
  /** The end of the portal's log. */
  log(lines: number): string;
  stop(): Promise<void>;
}

export interface AttackPoolOptions {
  readonly cores: Cores | undefined;
  readonly transactions: number;
}

const forks = 2;

export async function startAttackPool(options: AttackPoolOptions): Promise<AttackPool> {
  const { cores, transactions } = options;
  const dir = mkdtempSync(join(tmpdir(), 'attack-'));
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of stops) await end();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const redis = await startRedis();
    stops.unshift(() => redis.stop());
    const daemon = await startHelper('attackDaemon.js', cores?.rest, [String(transactions)]);
    stops.unshift(() => daemon.stop());
    const [cliPort = 0, easyPort = 0, hardPort = 0] = await freePorts(3);
    const files = {
      'config.json': {
        logLevel: 'warning',
        cliPort,
        clustering: { enabled: true, forks },
        website: { enabled: false },
        redis: { host: '127.0.0.1', port: redis.port },
      },
      // Without the forms of its addresses: each login of a new name is a question for the daemon.
      'coins/attacked.json': { name: 'attacked', symbol: 'ATT', algorithm: 'sha256' },
      'pool_configs/attacked.json': {
        enabled: true,
        coin: 'attacked.json',
        address: standInAddress,
        ports: { [easyPort]: { diff: 1e-10 }, [hardPort]: { diff: 1_000 } },
        daemons: [
          {
            host: '127.0.0.1',
            port: own(daemon.hello, 'port'),
            user: standInUser,
            password: standInPassword,
          },
        ],
        // As in config_example.json, except that a short run must see bans.
        banning: { enabled: true, time: 600, invalidPercent: 50, checkThreshold: 100 },
        // The default: a flood of connections may cost the master a blocknotify now and then.
        blockRefreshInterval: 1_000,
        jobRebroadcastTimeout: 55,
      },
    };
    for (const [name, content] of Object.entries(files)) writeJson(dir, name, content);
    const place = { ports: [easyPort, hardPort], forks, stops };
    const { portal, workers, logFile } = await startBenchPortal(dir, place);
    if (cores !== undefined) {
      pin(redis.pid, cores.rest);
      for (const pid of [portal.pid, ...workers]) pin(pid, cores.pool);
    }
    let tip = '';
    const sumOf = (what: (pid: number) => number): number =>
      workers.reduce((sum, pid) => sum + what(pid), 0);
    return {
      easyPort,
      hardPort,
      rpc: async () => {
        const said = await daemon.ask('requests');
        return { requests: Number(own(said, 'requests')), calls: Number(own(said, 'calls')) };
      },
      rss: () => sumOf(rssBytes),
      cpu: () => sumOf(cpuMicros),
      prepareBlock: async () => {
        tip = String(own(await daemon.ask('newBlock'), 'tip'));
      },
      // A call that fails shows as jobs that never come.
      announce: () => void tellPool(cliPort, 'attacked', tip).catch(() => undefined),
      log: (lines) => lastLines(logFile, lines),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
