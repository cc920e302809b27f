import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../scripts/regtest/freePort.ts';
import { type LitecoinPair, startLitecoinPair } from '../../scripts/regtest/litecoin.ts';
import { type RedisServer, startRedis } from '../../scripts/regtest/redisServer.ts';
import { childPids, PortalProcess, writePortalFiles } from '../support/portal.ts';
import { takesMiners } from '../support/rig.ts';
import { until } from '../support/until.ts';
import { Crew } from './crew.ts';
import { groundFiles } from './groundFiles.ts';
import { ShareOracle } from './shareOracle.ts';

// The ground on which shares are tried: the real portal with two forks and the payment process, on two litecoind nodes
// and a Redis, and test miners whose own log of acknowledged shares is the oracle.

export const shareDifficulty = 1.6e-5;
const forks = 2;
const miners = 6;
const sharesPerSecond = 25;
/** Now and then a share is a block, so that rounds are closed as well. */
const blockPart = 0.01;

export type RoleName = 'pool' | 'payments';

export class ShareGround {
  readonly litecoin: LitecoinPair;
  readonly redis: RedisServer;
  readonly oracle: ShareOracle;
  readonly #dir: string;
  readonly #crew: Crew;
  #portal: PortalProcess | undefined;

  private constructor(litecoin: LitecoinPair, redis: RedisServer, dir: string, crew: Crew) {
    this.litecoin = litecoin;
    this.redis = redis;
    this.oracle = new ShareOracle(redis.port, litecoin.a);
    this.#dir = dir;
    this.#crew = crew;
  }

  /** `redisEnvironment`: makes the disk of Redis slow, say. */
  static async open(redisEnvironment?: NodeJS.ProcessEnv): Promise<ShareGround> {
    const [litecoin, redis, dir, ports] = await Promise.all([
      startLitecoinPair({ mweb: 'never' }),
      startRedis({ env: redisEnvironment }),
      mkdtemp(join(tmpdir(), 'chaos-')),
      freePorts(2),
    ]);
    const [stratumPort = 0, cliPort = 0] = ports;
    const address = String(await litecoin.a.rpc('getnewaddress'));
    const { rpcPort: port, user, password } = litecoin.a;
    const daemon = { host: '127.0.0.1', port, user, password };
    const place = { cliPort, redisPort: redis.port, stratumPort, forks, address, daemon };
    const paymentProcessing = { enabled: true, paymentInterval: 1, minimumPayment: 0.01, daemon };
    await writePortalFiles(
      dir,
      groundFiles({ ...place, difficulty: shareDifficulty }, { paymentProcessing }),
    );
    const crew = new Crew({
      port: stratumPort,
      algorithm: 'scrypt',
      miners,
      sharesPerSecond,
      blockPart,
      worker: (crew, miner) => `${address}.c${crew}m${miner}`,
    });
    return new ShareGround(litecoin, redis, dir, crew);
  }

  get portal(): PortalProcess {
    if (this.#portal === undefined) throw new Error('The portal does not run.');
    return this.#portal;
  }

  /** Starts the portal; resolves when every fork takes miners. */
  async startPortal(): Promise<void> {
    this.#portal = new PortalProcess(this.#dir);
    await takesMiners(this.#portal, forks, 90_000);
  }

  /** New miners with names of their own begin to send; they watch over what becomes of their shares. */
  startCrew(): Promise<void> {
    return this.#crew.start();
  }

  /** Resolves when each miner has had a share acknowledged from now on. */
  flowing(): Promise<void> {
    return this.#crew.flowing();
  }

  /** The miners send no more; the oracle keeps what they saw. */
  async stopCrew(): Promise<void> {
    for (const miner of await this.#crew.stop()) this.oracle.heard(miner);
  }

  /** Pids of the portal's living children in this role. */
  pidsOf(role: RoleName): Promise<number[]> {
    return pidsInRole(this.portal.pid, role);
  }

  /** kill -9 of the master, and of all its children in the same moment if wanted. Resolves when all are gone. */
  async killPortal(withChildren: boolean): Promise<void> {
    const { pid } = this.portal;
    const children = await childPids(pid).catch(() => []);
    for (const victim of withChildren ? [pid, ...children] : [pid]) kill(victim);
    await this.portal.exit();
    await until('the children of a dead master end', () => !children.some(isAlive));
    this.#portal = undefined;
  }

  async close(): Promise<void> {
    await this.#crew.stop();
    await this.#portal?.stop();
    await this.oracle.close();
    await Promise.all([this.litecoin.stop(), this.redis.stop()]);
    await rm(this.#dir, { recursive: true, force: true });
  }
}

/** Pids of a master's living children in this role. */
export async function pidsInRole(master: number, role: RoleName): Promise<number[]> {
  const pids = await childPids(master).catch(() => []);
  const roles = await Promise.all(pids.map(roleOf));
  return pids.filter((_, i) => roles[i] === role);
}

/** From the environment that the master gave it. */
async function roleOf(pid: number): Promise<string | undefined> {
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  return /(?:^|\0)NOMP_ROLE=(\w+)/.exec(environment)?.[1];
}

/** False if it was gone already. */
export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
