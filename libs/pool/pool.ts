import { randomInt } from 'node:crypto';
import { createAlgorithm } from '../algos/algorithms.ts';
import type { CoinConfig, PoolConfig, PortalConfig } from '../config/types.ts';
import { createDaemonGroup } from '../daemon/group.ts';
import { detectDaemon, waitForDaemon, waitForSync } from '../daemon/startup.ts';
import { createTemplateSource } from '../daemon/templates.ts';
import type { DaemonGroup } from '../daemon/types.ts';
import type { Job, JobSettings } from '../jobs/job.ts';
import { JobStore } from '../jobs/jobStore.ts';
import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { pause } from '../primitives/pause.ts';
import { type Clock, millis } from '../primitives/units.ts';
import { addressPart } from '../primitives/workerName.ts';
import { banKey } from '../stratum/bans.ts';
import type { ExtranonceSource } from '../stratum/extranonce.ts';
import { type StratumOptions, StratumServer } from '../stratum/server.ts';
import type { SessionFacts } from '../stratum/session.ts';
import type { AuthorizeAnswer, AuthorizeRequest, PoolBehind, Submit } from '../stratum/types.ts';
import { type AddressBook, createAddressBook } from './addressBook.ts';
import { createAddressLookups } from './addressLookups.ts';
import { AuxChain } from './auxChain.ts';
import { type AuxChains, createAuxChains } from './auxChains.ts';
import { createBlockJournal } from './blockJournal.ts';
import { type BlockSubmitter, createBlockSubmitter } from './blockSubmit.ts';
import { openRedisBooks, type PoolBooks } from './books.ts';
import { type CertificateWatch, certificateFor, watchFor } from './certificate.ts';
import { connectionRules } from './connectionRules.ts';
import { createJobRefresher, type JobRefresher } from './jobRefresher.ts';
import { openMposBooks } from './mposBooks.ts';
import { type NewsSources, openNewsSources } from './newsSources.ts';
import { createShareHandler, type FoundVerdict, type ShareHandler } from './shareHandler.ts';
import { untilDone } from './untilDone.ts';

// One pool on one fork: the only place that knows daemon, jobs, stratum and shares at once.

export interface PoolOptions {
  readonly config: PoolConfig;
  readonly stats: PortalConfig['website']['stats'];
  readonly dataDir: string;
  readonly forkId: number;
  /** Shared by all pools of a fork. */
  readonly extranonces: ExtranonceSource;
  readonly bans: readonly { readonly ip: string; readonly until: number }[];
  readonly log: Logger;
  readonly now: Clock;
  onBan(ip: string, until: number, why: string): void;
  /** This fork knows of a block that the others may not have heard of. */
  onBlockNews(blockHash: string): void;
  /** `noKeys`: why no address can be made of a mining key on this chain, if so; completes "The pool …". */
  onReady(noKeys: string | undefined): void;
  /** Pools whose coins are mined beside this one. */
  readonly auxiliary?: readonly PoolConfig[];
  /** The same as onBlockNews, of a chain that is mined beside. */
  onAuxBlockNews?(coin: string, blockHash: string): void;
  /** The first job's number; left out: a random one. */
  readonly firstSequence?: number;
  /** A job was sent to the miners on the pool's own ports. */
  onJob?(job: Job): void;
  /** When this pool takes another one's place: called when it is ready for that one's miners. */
  takeOver?(): StratumServer | undefined;
}

/** What one fork knows of its pool; null while it has no job yet. */
export interface PoolStats {
  readonly coin: string;
  readonly algorithm: string;
  readonly ports: readonly number[];
  readonly connections: number;
  readonly workers: number;
  readonly height: number | null;
  readonly networkDifficulty: number | null;
  /** Credited difficulty within the hashrate window; only of pools whose shares are not in Redis. */
  readonly windowShares?: number;
}

const sayEvery = 60_000;
const firstRetry = 1_000;
const longestRetry = 30_000;

/** What a running pool holds; all of it is let go in `stop`. */
interface Running {
  readonly group: DaemonGroup;
  readonly books: PoolBooks;
  readonly blocks: BlockSubmitter;
  readonly auxiliary: AuxChains | undefined;
  readonly jobs: JobStore;
  readonly refresher: JobRefresher;
  readonly stratum: StratumServer | undefined;
  readonly behind: PoolBehind;
  readonly news: NewsSources;
  readonly certificate: CertificateWatch | undefined;
}

export class Pool {
  readonly #options: PoolOptions;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  readonly #said: OncePer;
  #running: Partial<Running> = {};
  #started: Promise<void> = Promise.resolve();

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#said = new OncePer(sayEvery, options.now);
  }

  /**
   * Climbs the ladder from the daemon to open ports; an outage on the way is waited out, for ever. Rejects with a
   * CodedError only for what waiting cannot mend: a wrong address, an unknown algorithm, a port in use.
   */
  start(): Promise<void> {
    const { signal } = this.#stop;
    this.#started = untilDone(
      () => this.#climb(signal),
      () => this.#letGo(),
      'The pool could not start',
      this.#log,
      signal,
    );
    return this.#started;
  }

  async #climb(signal: AbortSignal): Promise<void> {
    const { config, now } = this.#options;
    const { coin } = config;
    const log = this.#log;
    // An algorithm that cannot work here is said before any daemon is waited for.
    createAlgorithm(coin.algorithm, coin.algorithmParams);
    const group = createDaemonGroup(config.daemons, log, now);
    this.#running = { group };
    await waitForDaemon(group, log, signal);
    const facts = await detectDaemon(group, coin);
    const reward = coin.reward ?? facts.reward;
    const algorithm = createAlgorithm(coin.algorithm, { ...coin.algorithmParams, reward });
    const addresses = createAddressBook(
      coin,
      facts.network,
      group,
      createAddressLookups({ group, signal }),
    );
    const settings: JobSettings = {
      algorithm,
      poolScript: await addresses.scriptForPool(config.address, reward),
      recipients: await recipientScripts(config, addresses),
      signature: config.coinbaseSignature,
      txMessages: coin.txMessages,
      reward,
      payeeScript: addresses.scriptOfPayee,
    };
    await waitForSync(group, log, signal);

    const openBooks = config.mposMode.enabled ? openMposBooks : openRedisBooks;
    const books = openBooks({
      config,
      dataDir: this.#options.dataDir,
      forkId: this.#options.forkId,
      hashrateWindow: this.#options.stats.hashrateWindow,
      log,
      now,
      signal,
      addressOf: addresses.addressOf,
    });
    this.#running = { group, books };
    const journal = createBlockJournal(this.#options.dataDir, coin.name);

    // Job ids of an earlier process, which miners may still answer after they come back, should not be ids of ours.
    const { firstSequence = randomInt(1, 2 ** 28) } = this.#options;
    const auxiliary = this.#createAuxChains(algorithm.multiplier);
    const jobs = new JobStore(settings, { firstSequence, auxiliary: () => auxiliary?.tree });
    const refresher = createJobRefresher({
      sources: group.clients.map((client) => createTemplateSource(client, coin)),
      jobs,
      pollInterval: config.blockRefreshInterval,
      rebroadcastAfter: config.jobRebroadcastTimeout * 1_000,
      log,
      now,
      onJob: (job, why) => this.#announce(job, why),
    });
    this.#running = { group, books, auxiliary, jobs, refresher };
    auxiliary?.start();
    await untilFirstJob(jobs, refresher, signal);

    const blocks = createBlockSubmitter({
      group,
      hasSubmitBlock: facts.hasSubmitBlock,
      journal,
      store: books.store,
      applied: () => books.recorder.applied(),
      rounds: books.rounds,
      log,
      signal,
      onAccepted: (blockHash) => {
        refresher.found(blockHash);
        this.#options.onBlockNews(blockHash);
      },
    });
    await blocks.resume();
    const submit = createShareHandler({
      jobs,
      algorithm,
      recorder: books.recorder,
      statistics: books.statistics,
      emitInvalidBlockHashes: config.emitInvalidBlockHashes,
      auxiliary,
      log,
      now,
      onBlock: (verdict, job, share, recorded) =>
        void blocks.found(candidateOf(coin, verdict, job, share, now()), recorded),
    });
    const behind = poolBehind(config, addresses, books, auxiliary, jobs, submit, now);
    const read = await certificateFor(config.ports, config.tls);
    const stratum = await this.#openStratum({
      log,
      pool: behind,
      ports: config.ports,
      ...connectionRules(config),
      extranonce: this.#options.extranonces,
      multiplier: algorithm.multiplier,
      ...(coin.versionMask === undefined ? {} : { versionMask: coin.versionMask }),
      ...(read === undefined ? {} : { tls: read.tls }),
      now,
      bans: this.#options.bans.map(({ ip, until }) => ({ ip, until: millis(until) })),
      onBan: (ip, until, why) => this.#options.onBan(ip, until, why),
      ...(books.onDifficultyChange === undefined
        ? {}
        : { onDifficultyChange: books.onDifficultyChange }),
    });
    const news = openNewsSources({
      config,
      facts,
      refresher,
      hasLongPoll: config.longPoll && this.#options.forkId === 0,
      onLongPoll: (blockHash) => this.#options.onBlockNews(blockHash),
      log,
      now,
    });
    const certificate = watchFor(stratum, read, { forkId: this.#options.forkId, log, now });
    this.#running = {
      ...{ group, books, blocks, auxiliary, jobs, refresher, stratum, behind, news, certificate },
    };
    refresher.start();
    log.special(
      `The pool for ${coin.displayName} (${coin.symbol}) takes miners on port ${config.ports.map(({ port }) => port).join(', ')}: ${facts.network} chain, height ${jobs.current?.height}, algorithm ${coin.algorithm}.`,
    );
    const hasForms = coin.networks[facts.network] !== undefined;
    this.#options.onReady(
      hasForms
        ? undefined
        : `cannot make addresses of mining keys: coins/${coin.file} has no "addresses" of the ${facts.network} chain`,
    );
  }

  #createAuxChains(multiplier: number): AuxChains | undefined {
    const { auxiliary = [], dataDir, forkId, stats, now } = this.#options;
    if (auxiliary.length === 0) return undefined;
    return createAuxChains({
      chains: (onChange) =>
        auxiliary.map(
          (config) =>
            new AuxChain({
              config,
              multiplier,
              hashrateWindow: stats.hashrateWindow,
              dataDir,
              forkId,
              log: this.#log.child('Pool', `${config.coin.name} (thread ${forkId})`),
              now,
              onChange,
              onBlockNews: (coin, hash) => this.#options.onAuxBlockNews?.(coin, hash),
            }),
        ),
      log: this.#log,
      now,
      onChange: () => {
        this.#running.refresher?.remake();
        this.#sayIfNoRoom();
      },
    });
  }

  #sayIfNoRoom(): void {
    const { jobs, auxiliary } = this.#running;
    if (jobs?.current === undefined || auxiliary?.tree === undefined) return;
    if (jobs.current.auxiliary !== undefined || !this.#said.allows('room')) return;
    this.#log.error(
      'The template leaves no room in the coinbase for a commitment to other chains (see its coinbaseaux): they are not mined.',
    );
  }

  /** The server that an older pool hands over, if its ports are the wanted ones; else a new one. */
  async #openStratum(options: StratumOptions): Promise<StratumServer> {
    const old = this.#options.takeOver?.();
    if (old?.reconfigure(options)) return old;
    await old?.close();
    const stratum = new StratumServer(options);
    await stratum.listen();
    return stratum;
  }

  #announce(job: Job, why: 'newBlock' | 'refresh'): void {
    if (why === 'newBlock')
      this.#log.debug(`Height ${job.height} is being mined: job ${job.jobId}.`);
    this.#running.stratum?.broadcast(job);
    this.#running.books?.onJob?.(job.height, job.networkDifficulty);
    this.#options.onJob?.(job);
  }

  /** What a switching port puts behind its miners; undefined while the pool takes none. */
  behind(): PoolBehind | undefined {
    return this.#running.behind;
  }

  stats(): PoolStats {
    const { stratum, jobs, books } = this.#running;
    const job = jobs?.current;
    const windowShares = books?.windowShares?.();
    return {
      coin: this.#options.config.coin.name,
      algorithm: this.#options.config.coin.algorithm,
      ports: stratum?.ports ?? [],
      connections: stratum?.connections ?? 0,
      workers: stratum?.stats().workers ?? 0,
      height: job?.height ?? null,
      networkDifficulty: job?.networkDifficulty ?? null,
      ...(windowShares === undefined ? {} : { windowShares }),
    };
  }

  /** What its miners are connected to; undefined while it takes none. */
  server(): StratumServer | undefined {
    return this.#running.stratum;
  }

  /** The same of each chain that is mined beside it; their miners are this pool's. */
  auxiliaryStats(): PoolStats[] {
    const { algorithm } = this.#options.config.coin;
    const chains = this.#running.auxiliary?.chains ?? [];
    return chains.map(({ coin, block }) => ({
      ...{ coin, algorithm, ports: [], connections: 0, workers: 0 },
      height: block?.height ?? null,
      networkDifficulty: block?.networkDifficulty ?? null,
    }));
  }

  miners(): SessionFacts[] {
    return this.#running.stratum?.miners() ?? [];
  }

  /** Closes the connections of an IP or a worker (with or without its rig); returns how many. */
  kick(name: string): number {
    return this.#running.stratum?.kick(isCalled(name)) ?? 0;
  }

  heardOfBlock(blockHash: string): void {
    this.#running.refresher?.heardOf(blockHash);
  }

  /** Some pool's coin has a new block: of interest if it is mined beside this one. */
  heardOfAuxBlock(coin: string): void {
    this.#running.auxiliary?.heardOfBlock(coin);
  }

  ban(ip: string, until: number): void {
    this.#running.stratum?.ban(ip, millis(until));
  }

  /** Takes up blocks that the pool whose place this one took found last, and could not bring to their end. */
  async resumeBlocks(): Promise<void> {
    const { blocks, auxiliary } = this.#running;
    const chains = auxiliary?.chains ?? [];
    await Promise.all([blocks?.resume(), ...chains.map((chain) => chain.resumeBlocks())]);
  }

  /** Gives its miners' sockets to the pool that takes its place; what is left here only has to be stopped. */
  handOver(): StratumServer | undefined {
    const { stratum, certificate } = this.#running;
    certificate?.close();
    this.#running = { ...this.#running, stratum: undefined };
    return stratum;
  }

  /** Stops accepting, records what is under way, lets everything go. */
  async stop(): Promise<void> {
    this.#stop.abort();
    // Letting go first ends the calls that a start under way waits for; what it made meanwhile is let go after it.
    await this.#letGo();
    await this.#started.catch(() => undefined);
    await this.#letGo();
  }

  async #letGo(): Promise<void> {
    const { group, books, auxiliary, refresher, stratum, news, certificate } = this.#running;
    this.#running = {};
    certificate?.close();
    news?.close();
    refresher?.stop();
    stratum?.stopAccepting();
    await Promise.all([books?.recorder.close(), auxiliary?.stop()]);
    await stratum?.close();
    await books?.close();
    group?.close();
  }
}

/** Finds the connections of an IP or a worker, with or without its rig. */
export function isCalled(name: string): (facts: SessionFacts) => boolean {
  return ({ ip, workers }) =>
    ip === name || workers.some((worker) => worker === name || addressPart(worker) === name);
}

function poolBehind(
  config: PoolConfig,
  addresses: AddressBook,
  books: PoolBooks,
  auxiliary: AuxChains | undefined,
  jobs: JobStore,
  submit: ShareHandler,
  now: Clock,
): PoolBehind {
  const check = async (request: AuthorizeRequest): Promise<AuthorizeAnswer> => {
    if (books.authorize !== undefined) return books.authorize(request);
    if (!config.validateWorkerUsername) return { ok: true };
    const verdict = await addresses.payee(request.worker, banKey(request.ip));
    return verdict.ok ? { ok: true } : { ok: false, reason: verdict.reason };
  };
  const authorize = async (request: AuthorizeRequest): Promise<AuthorizeAnswer> => {
    const answer = await check(request);
    return answer.ok && auxiliary !== undefined ? auxiliary.accounts(request) : answer;
  };
  const newerJob = (sequence: number): Job | undefined => {
    try {
      return jobs.newerThan(sequence, now());
    } catch {
      // The refresher says what is wrong with the work; the miner goes on with what it has.
      return undefined;
    }
  };
  return { authorize, submit, currentJob: () => jobs.current, newerJob };
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
    ...(share.solo ? { solo: true as const } : {}),
  };
}
