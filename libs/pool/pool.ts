import { createAlgorithm } from '../algos/algorithms.ts';
import type { CoinConfig, PoolConfig, PortalConfig } from '../config/types.ts';
import { createDaemonGroup } from '../daemon/group.ts';
import { detectDaemon, waitForDaemon, waitForSync } from '../daemon/startup.ts';
import { createTemplateSource } from '../daemon/templates.ts';
import type { DaemonGroup } from '../daemon/types.ts';
import type { Job, JobSettings } from '../jobs/job.ts';
import { JobStore } from '../jobs/jobStore.ts';
import type { Logger } from '../log/logger.ts';
import { CodedError, messageOf } from '../primitives/errors.ts';
import { type Clock, millis } from '../primitives/units.ts';
import { openRedis, type RedisConnection, waitForRedis } from '../redis/connection.ts';
import { coinKeys } from '../redis/keys.ts';
import { createRedisRecorder } from '../shares/redisRecorder.ts';
import { createRounds } from '../shares/rounds.ts';
import type { ShareRecorder } from '../shares/types.ts';
import { StratumServer } from '../stratum/server.ts';
import type { AuthorizeAnswer, AuthorizeRequest, PoolBehind, Submit } from '../stratum/types.ts';
import { type AddressBook, createAddressBook } from './addressBook.ts';
import { createBlockJournal } from './blockJournal.ts';
import { createBlockSubmitter } from './blockSubmit.ts';
import { createJobRefresher, type JobRefresher } from './jobRefresher.ts';
import { pause } from './pause.ts';
import { createShareHandler, type FoundVerdict, type ShareHandler } from './shareHandler.ts';

// One pool on one fork: the only place that knows daemon, jobs, stratum and shares at once.

export interface PoolOptions {
  readonly config: PoolConfig;
  readonly stats: PortalConfig['website']['stats'];
  readonly dataDir: string;
  readonly forkId: number;
  readonly extranonce: { readonly first: number; readonly count: number };
  readonly bans: readonly { readonly ip: string; readonly until: number }[];
  readonly log: Logger;
  readonly now: Clock;
  onBan(ip: string, until: number, why: string): void;
  onReady(): void;
}

const firstRetry = 1_000;
const longestRetry = 30_000;

/** What a running pool holds; all of it is let go in `stop`. */
interface Running {
  readonly group: DaemonGroup;
  readonly redis: RedisConnection;
  readonly recorder: ShareRecorder;
  readonly refresher: JobRefresher;
  readonly stratum: StratumServer;
}

export class Pool {
  readonly #options: PoolOptions;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  #running: Partial<Running> = {};

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#log = options.log;
  }

  /**
   * Climbs the ladder from the daemon to open ports; an outage on the way is waited out, for ever. Rejects with a
   * CodedError only for what waiting cannot mend: a wrong address, an unknown algorithm, a port in use.
   */
  async start(): Promise<void> {
    const { signal } = this.#stop;
    for (let wait = firstRetry; ; wait = Math.min(wait * 2, longestRetry)) {
      try {
        await this.#climb(signal);
        return;
      } catch (error) {
        if (signal.aborted) return;
        await this.#letGo();
        if (isPermanent(error)) throw error;
        this.#log.error(
          `The pool could not start: ${messageOf(error)}. It is tried again in ${wait / 1000} s.`,
        );
        await pause(wait, signal);
        if (signal.aborted) return;
      }
    }
  }

  async #climb(signal: AbortSignal): Promise<void> {
    const { config, now } = this.#options;
    const { coin } = config;
    const log = this.#log;
    const algorithm = createAlgorithm(coin.algorithm, coin.algorithmParams);
    const group = createDaemonGroup(config.daemons, log, now);
    this.#running = { group };
    await waitForDaemon(group, log, signal);
    const facts = await detectDaemon(group, coin);
    const addresses = createAddressBook(coin, facts.network, group);
    const settings: JobSettings = {
      algorithm,
      poolScript: await addresses.scriptForReward(config.address, 'The pool address'),
      recipients: await recipientScripts(config, addresses),
      signature: config.coinbaseSignature,
      txMessages: coin.txMessages,
      reward: coin.reward ?? facts.reward,
      payeeScript: addresses.scriptOfPayee,
    };
    await waitForSync(group, log, signal);

    const keys = coinKeys(coin.name, config.redis.hashTag);
    const redis = openRedis(config.redis, log);
    this.#running = { group, redis };
    await waitForRedis(redis, signal);
    const recorder = createRedisRecorder({
      connection: redis,
      keys,
      writerId: `${this.#options.forkId}-${process.pid}-${now()}`,
      log,
      now,
      windowSeconds: this.#options.stats.hashrateWindow,
    });
    const rounds = createRounds({ connection: redis, keys, log, now, signal });
    const journal = createBlockJournal(this.#options.dataDir, coin.name);

    const jobs = new JobStore(settings);
    const refresher = createJobRefresher({
      source: createTemplateSource(group, coin),
      jobs,
      pollInterval: config.blockRefreshInterval,
      rebroadcastAfter: config.jobRebroadcastTimeout * 1_000,
      log,
      now,
      onJob: (job, why) => this.#announce(job, why),
    });
    this.#running = { group, redis, recorder, refresher };
    await untilFirstJob(jobs, refresher, signal);

    const blocks = createBlockSubmitter({
      group,
      hasSubmitBlock: facts.hasSubmitBlock,
      journal,
      rounds,
      log,
      signal,
      onAccepted: () => void refresher.refresh(),
    });
    await blocks.resume();
    const submit = createShareHandler({
      jobs,
      algorithm,
      recorder,
      emitInvalidBlockHashes: config.emitInvalidBlockHashes,
      log,
      now,
      onBlock: (verdict, job, share, recorded) =>
        void blocks.found(candidateOf(coin, verdict, job, share, now()), recorded),
    });
    const stratum = new StratumServer({
      log,
      pool: poolBehind(config, addresses, jobs, submit),
      ports: config.ports,
      connectionTimeout: config.connectionTimeout,
      tcpProxyProtocol: config.tcpProxyProtocol,
      banning: config.banning,
      limits: config.limits,
      extranonce: this.#options.extranonce,
      now,
      bans: this.#options.bans.map(({ ip, until }) => ({ ip, until: millis(until) })),
      onBan: (ip, until, why) => this.#options.onBan(ip, until, why),
    });
    await stratum.listen();
    this.#running = { group, redis, recorder, refresher, stratum };
    refresher.start();
    log.special(
      `The pool for ${coin.displayName} (${coin.symbol}) takes miners on port ${config.ports.map(({ port }) => port).join(', ')}: ${facts.network} chain, height ${jobs.current?.height}, algorithm ${coin.algorithm}.`,
    );
    this.#options.onReady();
  }

  #announce(job: Job, why: 'newBlock' | 'refresh'): void {
    if (why === 'newBlock')
      this.#log.debug(`Height ${job.height} is being mined: job ${job.jobId}.`);
    this.#running.stratum?.broadcast(job);
  }

  heardOfBlock(blockHash: string): void {
    void this.#running.refresher?.heardOf(blockHash);
  }

  ban(ip: string, until: number): void {
    this.#running.stratum?.ban(ip, millis(until));
  }

  /** Stops accepting, records what is under way, lets everything go. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#letGo();
  }

  async #letGo(): Promise<void> {
    const { group, redis, recorder, refresher, stratum } = this.#running;
    this.#running = {};
    refresher?.stop();
    stratum?.stopAccepting();
    await recorder?.close();
    await stratum?.close();
    await redis?.close();
    group?.close();
  }
}

function poolBehind(
  config: PoolConfig,
  addresses: AddressBook,
  jobs: JobStore,
  submit: ShareHandler,
): PoolBehind {
  const authorize = async (request: AuthorizeRequest): Promise<AuthorizeAnswer> => {
    if (!config.validateWorkerUsername) return { ok: true };
    const verdict = await addresses.lookWorker(request.worker);
    return verdict.ok ? { ok: true } : { ok: false, reason: verdict.reason };
  };
  return { authorize, submit, currentJob: () => jobs.current };
}

async function recipientScripts(
  config: PoolConfig,
  addresses: AddressBook,
): Promise<{ script: Buffer; percent: number }[]> {
  const scripts: { script: Buffer; percent: number }[] = [];
  for (const { to, percent } of config.rewardRecipients) {
    const script = await addresses.scriptForReward(to, 'The reward recipient');
    scripts.push({ script, percent });
  }
  return scripts;
}

async function untilFirstJob(
  jobs: JobStore,
  refresher: JobRefresher,
  signal: AbortSignal,
): Promise<void> {
  for (let wait = firstRetry; ; wait = Math.min(wait * 2, longestRetry)) {
    await refresher.refresh();
    if (jobs.current !== undefined) return;
    await pause(wait, signal);
    signal.throwIfAborted();
  }
}

function candidateOf(
  coin: CoinConfig,
  verdict: FoundVerdict,
  job: Job,
  share: Submit,
  time: ReturnType<Clock>,
) {
  return {
    coin: coin.name,
    hex: verdict.block.toString('hex'),
    height: job.height,
    blockHash: verdict.blockHash,
    txHash: verdict.txHash,
    finder: share.worker,
    time,
    reward: job.poolReward.toString(),
    networkDifficulty: job.networkDifficulty,
  };
}

function isPermanent(error: unknown): boolean {
  if (!(error instanceof CodedError)) return false;
  return /^(ADDRESS|ALGORITHM|STRATUM)_/.test(error.code);
}
