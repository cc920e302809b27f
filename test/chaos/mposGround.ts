import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRecord, own } from '../../libs/primitives/unknown.ts';
import { freePorts } from '../../scripts/regtest/freePort.ts';
import { type LitecoinPair, startLitecoinPair } from '../../scripts/regtest/litecoin.ts';
import { type MariaServer, startMaria } from '../../scripts/regtest/mariaServer.ts';
import { type RedisServer, startRedis } from '../../scripts/regtest/redisServer.ts';
import { makeMposDatabase, poolUser } from '../support/mposTables.ts';
import { PortalProcess, writePortalFiles } from '../support/portal.ts';
import { takesMiners } from '../support/rig.ts';
import { until } from '../support/until.ts';
import { checkAcknowledged, type Heard } from './acknowledged.ts';
import { Crew } from './crew.ts';
import { groundFiles } from './groundFiles.ts';
import { pidsInRole } from './shareGround.ts';
import type { Tally } from './suite.ts';

// The ground on which MPOS mode is tried: the real portal with two forks on two litecoind nodes and a MariaDB, and test
// miners whose own log of acknowledged shares is the oracle.

const shareDifficulty = 1.6e-5;
const forks = 2;
/** Milliseconds: shares may wait on a pool worker's disk until it or an heir has brought them to MariaDB. */
const patience = 60_000;
const database = 'mpos';

export interface MposGroundOptions {
  readonly miners?: number;
  readonly sharesPerSecond?: number;
  /** Now and then a share is a block. */
  readonly blockPart?: number;
  readonly mposMode?: object;
  readonly pool?: object;
}

export class MposGround {
  readonly maria: MariaServer;
  readonly litecoin: LitecoinPair;
  readonly #redis: RedisServer;
  readonly #dir: string;
  readonly #crew: Crew;
  readonly #heard: Heard[] = [];
  readonly #blocks = new Set<string>();
  #portal: PortalProcess | undefined;

  private constructor(
    maria: MariaServer,
    litecoin: LitecoinPair,
    redis: RedisServer,
    dir: string,
    crew: Crew,
  ) {
    this.maria = maria;
    this.litecoin = litecoin;
    this.#redis = redis;
    this.#dir = dir;
    this.#crew = crew;
  }

  static async open(options: MposGroundOptions = {}): Promise<MposGround> {
    const [maria, litecoin, redis, dir, ports] = await Promise.all([
      startMaria(),
      startLitecoinPair({ mweb: 'never' }),
      startRedis(),
      mkdtemp(join(tmpdir(), 'mpos-')),
      freePorts(2),
    ]);
    await makeMposDatabase(maria, database);
    const [stratumPort = 0, cliPort = 0] = ports;
    const { rpcPort, user, password } = litecoin.a;
    const address = String(await litecoin.a.rpc('getnewaddress'));
    const daemon = { host: '127.0.0.1', port: rpcPort, user, password };
    const place = { cliPort, redisPort: redis.port, stratumPort, forks, address, daemon };
    await writePortalFiles(
      dir,
      groundFiles(
        { ...place, difficulty: shareDifficulty },
        {
          validateWorkerUsername: false,
          mposMode: {
            ...{ enabled: true, host: '127.0.0.1', port: maria.port, database },
            ...poolUser,
            ...options.mposMode,
          },
          ...options.pool,
        },
      ),
    );
    const { miners = 6, sharesPerSecond = 25, blockPart = 0.01 } = options;
    const crew = new Crew({
      port: stratumPort,
      algorithm: 'scrypt',
      miners,
      sharesPerSecond,
      blockPart,
      worker: (crew, miner) => `crew${crew}.m${miner}`,
    });
    return new MposGround(maria, litecoin, redis, dir, crew);
  }

  get portal(): PortalProcess {
    if (this.#portal === undefined) throw new Error('The portal does not run.');
    return this.#portal;
  }

  get acknowledged(): number {
    return this.#heard.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
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

  /** Resolves when each miner has had so many shares acknowledged from now on. */
  flowing(more = 1): Promise<void> {
    return this.#crew.flowing(more);
  }

  /** The miners send no more; what they saw is kept. */
  async stopCrew(): Promise<void> {
    for (const { worker, acknowledged, unanswered } of await this.#crew.stop()) {
      this.#heard.push({ worker, acknowledged: acknowledged.length, unanswered });
      for (const { blockHash } of acknowledged) {
        if (blockHash !== undefined) this.#blocks.add(blockHash);
      }
    }
  }

  poolWorkers(): Promise<number[]> {
    return pidsInRole(this.portal.pid, 'pool');
  }

  /** Resident memory of all pool workers, bytes. */
  async memory(): Promise<number> {
    const pids = await this.poolWorkers();
    const sizes = await Promise.all(
      pids.map(async (pid) => {
        const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
        return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
      }),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Rows of MPOS's own table that count, by worker. */
  async rows(): Promise<Map<string, number>> {
    const found = await this.maria.sql(
      database,
      "SELECT username, COUNT(*) AS shares FROM shares WHERE our_result = 'Y' GROUP BY username",
    );
    return new Map(
      found
        .filter(isRecord)
        .map((row) => [String(own(row, 'username')), Number(own(row, 'shares'))]),
    );
  }

  /** Of all miners so far: every acknowledged share is one row, every acknowledged block one that is Y. */
  async check(tally: Tally, when: string): Promise<void> {
    await checkAcknowledged(tally, when, {
      heard: this.#heard,
      read: async () => {
        const rows = await this.rows();
        return ({ worker }) => rows.get(worker) ?? 0;
      },
      store: 'MariaDB',
      noun: 'rows',
      patience,
    });
    await this.#checkBlocks(tally, when);
  }

  async #checkBlocks(tally: Tally, when: string): Promise<void> {
    const results = async (hash: string) => {
      const found = await this.maria.sql(
        database,
        `SELECT upstream_result AS result FROM shares WHERE solution = '${hash}'`,
      );
      return found.filter(isRecord).map((row) => String(own(row, 'result')));
    };
    for (const hash of this.#blocks) {
      await until('the block is Y', async () => (await results(hash)).includes('Y'), patience)
        // Said below.
        .catch(() => undefined);
      const seen = await results(hash);
      tally.check(
        seen.length === 1 && seen[0] === 'Y',
        () => `${when}: block ${hash} has the rows ${seen.join(', ')}, not one that is Y`,
      );
    }
    tally.count('blocks', this.#blocks.size);
    this.#blocks.clear();
  }

  async close(): Promise<void> {
    await this.#crew.stop();
    await this.#portal?.stop();
    await Promise.all([this.litecoin.stop(), this.#redis.stop(), this.maria.stop()]);
    await rm(this.#dir, { recursive: true, force: true });
  }
}
