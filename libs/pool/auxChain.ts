import { join } from 'node:path';
import type { PoolConfig } from '../config/types.ts';
import { type AuxSource, createAuxSource } from '../daemon/auxBlocks.ts';
import { createDaemonGroup } from '../daemon/group.ts';
import { detectDaemon, waitForDaemon } from '../daemon/startup.ts';
import { DaemonError, type DaemonGroup } from '../daemon/types.ts';
import type { AuxBlock } from '../jobs/auxPow.ts';
import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { messageOf } from '../primitives/errors.ts';
import { pause } from '../primitives/pause.ts';
import { difficultyOfTarget } from '../primitives/target.ts';
import type { Clock } from '../primitives/units.ts';
import { addressPart } from '../primitives/workerName.ts';
import type { ShareRecord } from '../shares/types.ts';
import { type AddressBook, createAddressBook, type PayeeVerdict } from './addressBook.ts';
import { createAddressLookups } from './addressLookups.ts';
import { type AuxBlocks, createAuxBlocks } from './auxChainBlocks.ts';
import { createBlockJournal } from './blockJournal.ts';
import { openRedisBooks, type PoolBooks } from './books.ts';
import { untilDone } from './untilDone.ts';

// One auxiliary chain on one fork: its daemons, the block that they want proved, and books of its own. It lives beside
// its parent's pool, which mines on without it while anything here is away.

export interface AuxChainOptions {
  readonly config: PoolConfig;
  /** Of the parent's algorithm: what a target is worth. */
  readonly multiplier: number;
  /** Seconds that hashrates are computed over. */
  readonly hashrateWindow: number;
  readonly dataDir: string;
  readonly forkId: number;
  readonly log: Logger;
  readonly now: Clock;
  /** `block` is another one than before. */
  onChange(): void;
  /** This fork knows of a block that the others may not have heard of. */
  onBlockNews(coin: string, blockHash: string): void;
}

export type AccountVerdict =
  /** `name`: what shares are recorded under. */
  { readonly ok: true; readonly name: string } | { readonly ok: false; readonly reason: string };

/** A proof of work for `block`. */
export interface FoundProof {
  readonly block: AuxBlock;
  /** Hex. */
  readonly proof: string;
  readonly finder: string;
  readonly solo: boolean;
}

interface Running {
  readonly group: DaemonGroup;
  readonly addresses: AddressBook;
  readonly paysKeys: boolean;
  readonly source: AuxSource;
  readonly books: PoolBooks;
}

/** Looks that must fail, one after the other, until the last block is given up: one that is slow may still take it. */
const mostFailures = 3;
const sayEvery = 60_000;
/** Milliseconds from one look to the next, however much news comes. */
const lookPause = 100;
/** Milliseconds that a miner's login waits for the daemon of this chain. */
const accountPatience = 3_000;
/** What an address may look like while its coin's daemon has not told the network yet. */
const plausibleAddress = /^[A-Za-z0-9]{14,100}$/;

export class AuxChain {
  readonly coin: string;
  readonly #options: AuxChainOptions;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  readonly #said: OncePer;
  #running: Partial<Running> = {};
  /** Kept when all else is let go: a share that was being hashed then may prove a block yet. */
  #blocks: AuxBlocks | undefined;
  #started: Promise<void> = Promise.resolve();
  #block: AuxBlock | undefined;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #lookAgain = false;

  constructor(options: AuxChainOptions) {
    this.#options = options;
    this.coin = options.config.coin.name;
    this.#log = options.log;
    this.#said = new OncePer(sayEvery, options.now);
  }

  /** What is to be proved now; undefined while its daemons give nothing of use. */
  get block(): AuxBlock | undefined {
    return this.#block;
  }

  /** Whether an address can be made of a mining key. */
  get paysKeys(): boolean {
    return this.#running.paysKeys ?? false;
  }

  /** Waits for everything that is away, for ever, in the background. */
  start(): void {
    const { signal } = this.#stop;
    const { displayName } = this.#options.config.coin;
    this.#started = untilDone(
      () => this.#climb(signal),
      () => this.#letGo(),
      `Merged mining of ${displayName} could not start`,
      this.#log,
      signal,
    ).catch((error: unknown) => {
      this.#log.error(
        `${displayName} is not mined beside the parent chain until this is set right: ${messageOf(error)}`,
      );
    });
  }

  async #climb(signal: AbortSignal): Promise<void> {
    const { config, dataDir, forkId, now, multiplier, hashrateWindow } = this.#options;
    const { coin } = config;
    const log = this.#log;
    const group = createDaemonGroup(config.daemons, log, now);
    this.#running = { group };
    await waitForDaemon(group, log, signal);
    const { network } = await detectDaemon(group, coin);
    const lookups = createAddressLookups({ group, signal });
    const addresses = createAddressBook(coin, network, group, lookups);
    // An address that is wrong is said now, and not when a block has paid it.
    await addresses.scriptForPool(config.address, 'POW');
    const books = openRedisBooks({
      config,
      dataDir,
      forkId,
      hashrateWindow,
      log,
      now,
      signal,
      addressOf: addresses.addressOf,
    });
    this.#running = { group, books };
    const source = createAuxSource(group);
    const blocks = createAuxBlocks({
      group,
      source,
      // A folder of its own: where the coin has ports too, its pool must not take a proof for a block.
      journal: createBlockJournal(dataDir, join(coin.name, 'auxiliary')),
      store: books.store,
      applied: () => books.recorder.applied(),
      rounds: books.rounds,
      log,
      now,
      signal,
      isCurrent: (blockHash) => this.#block?.hash === blockHash,
      onAccepted: (blockHash) => {
        this.look();
        this.#options.onBlockNews(this.coin, blockHash);
      },
    });
    const paysKeys = coin.networks[network] !== undefined;
    this.#running = { group, addresses, paysKeys, source, books };
    this.#blocks = blocks;
    await blocks.resume();
    log.special(
      `${coin.displayName} (${coin.symbol}) is mined beside the parent chain: ${network} chain, difficulties in units of ${multiplier}.`,
    );
    await this.#lookNow();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#stop.signal.aborted) return;
    const { blockRefreshInterval, jobRebroadcastTimeout } = this.#options.config;
    const wait = blockRefreshInterval > 0 ? blockRefreshInterval : jobRebroadcastTimeout * 1_000;
    this.#timer = setTimeout(() => void this.#lookNow().then(() => this.#schedule()), wait);
  }

  /** Takes up blocks that the pool before a reload has left unfinished. */
  async resumeBlocks(): Promise<void> {
    await this.#blocks?.resume();
  }

  /** Its chain may have gone on: the daemon is asked at once. */
  look(): void {
    void this.#lookNow();
  }

  /** Never rejects. One question at a time; what is wanted meanwhile is asked afterwards. */
  async #lookNow(): Promise<void> {
    this.#lookAgain = true;
    if (this.#looking) return;
    this.#looking = true;
    while (this.#lookAgain && !this.#stop.signal.aborted) {
      this.#lookAgain = false;
      await this.#askForBlock();
      await pause(lookPause, this.#stop.signal);
    }
    this.#looking = false;
  }

  async #askForBlock(): Promise<void> {
    const { source } = this.#running;
    if (source === undefined) return;
    const { config, multiplier } = this.#options;
    try {
      const template = await source.create(config.address);
      this.#failures = 0;
      if (this.#said.clear('daemon'))
        this.#log.special(`${this.coin} gives blocks to prove again.`);
      if (template.hash === this.#block?.hash || this.#stop.signal.aborted) return;
      const networkDifficulty = difficultyOfTarget(template.target, multiplier);
      this.#block = { coin: this.coin, ...template, networkDifficulty };
      this.#running.books?.onJob?.(template.height, networkDifficulty);
      this.#options.onChange();
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#failures++;
    if (this.#said.allows('daemon')) {
      this.#log.error(
        `${this.#options.config.coin.displayName} gives no block to prove, the parent chain is mined without it until it does: ${messageOf(error)}.`,
      );
    }
    const isNonsense = error instanceof DaemonError && error.kind === 'badReply';
    if (this.#block === undefined || (!isNonsense && this.#failures < mostFailures)) return;
    this.#block = undefined;
    this.#options.onChange();
  }

  /**
   * Whether shares can be credited to this address (or mining key) of the coin, and under which name. `source`: the IP
   * address of who asks. Settles always, and soon; a daemon that is away keeps nobody from mining: payments look at the
   * address again.
   */
  async account(address: string, source: string): Promise<AccountVerdict> {
    const plain = withoutPrefix(addressPart(address));
    const verdict = await this.#payee(address, source);
    if (verdict === undefined || (!verdict.ok && verdict.isUnsure === true)) {
      if (plausibleAddress.test(plain)) return { ok: true, name: plain };
      return { ok: false, reason: 'it looks like no address' };
    }
    if (!verdict.ok) return verdict;
    return { ok: true, name: withoutPrefix(verdict.address) };
  }

  /** Undefined while nothing is known of the chain's addresses, or its daemon takes too long. */
  async #payee(address: string, source: string): Promise<PayeeVerdict | undefined> {
    const asked = this.#running.addresses?.payee(address, source);
    if (asked === undefined) return undefined;
    const enough = new AbortController();
    const late = pause(accountPatience, enough.signal).then(() => undefined);
    const verdict = await Promise.race([asked, late]);
    enough.abort();
    return verdict;
  }

  /** Records a share of the parent chain that was work for this one too; `done` as a recorder's. */
  record(share: ShareRecord, done: (recorded: boolean) => void): void {
    const { books } = this.#running;
    if (books === undefined) {
      done(false);
      return;
    }
    books.statistics.share(share);
    books.recorder.record(share, done);
  }

  /** `recorded` settles when the share that found it is recorded. */
  found({ block, proof, finder, solo }: FoundProof, recorded: Promise<unknown>): void {
    const candidate = {
      coin: this.coin,
      hex: proof,
      height: block.height,
      blockHash: block.hash,
      // Nobody knows it before the block is on the chain.
      txHash: '',
      finder,
      time: this.#options.now(),
      reward: block.reward.toString(),
      networkDifficulty: block.networkDifficulty,
      ...(solo ? { solo: true as const } : {}),
    };
    void this.#blocks?.found(candidate, recorded);
  }

  /** Records what is under way, lets everything go. */
  async stop(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#letGo();
    await this.#started;
    await this.#letGo();
  }

  async #letGo(): Promise<void> {
    const { group, books } = this.#running;
    this.#running = {};
    this.#block = undefined;
    await books?.recorder.close();
    await books?.close();
    group?.close();
  }
}

/** The prefix of a CashAddr address goes without saying, and names hold no colon. */
function withoutPrefix(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1);
}
