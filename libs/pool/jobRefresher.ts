import type { TemplateSource } from '../daemon/templates.ts';
import { type BlockTemplate, parseBlockTemplate } from '../jobs/blockTemplate.ts';
import type { Job } from '../jobs/job.ts';
import type { JobStore } from '../jobs/jobStore.ts';
import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { messageOf } from '../primitives/errors.ts';
import type { Clock } from '../primitives/units.ts';
import { admit } from '../stratum/rateLimit.ts';
import { type Choice, type Tip, Tips } from './tips.ts';

// Keeps the current job current. News of a block, whoever brings it, only has the daemons asked where they stand; a
// template is fetched when one stands on another block than the current job does. So the first news wins, later news
// of the same block cost nothing, and false news cost no more than a few small questions.

export interface JobRefresherOptions {
  /** The preferred daemon first. */
  readonly sources: readonly TemplateSource[];
  readonly jobs: JobStore;
  /** Milliseconds; 0: no polling. */
  readonly pollInterval: number;
  /** Milliseconds after which a job with fresh transactions and time is sent. */
  readonly rebroadcastAfter: number;
  readonly log: Logger;
  readonly now: Clock;
  onJob(job: Job, why: 'newBlock' | 'refresh'): void;
}

export interface JobRefresher {
  /** Index of the daemon that the current job came from. */
  readonly followed: number;
  /** Asks every daemon where it stands, and makes a job if that is news, or none was made yet. Never rejects. */
  refresh(): Promise<void>;
  /** Somebody heard of this block (lower-case hex, true or not): the daemons are asked, again and again for some seconds. */
  heardOf(blockHash: string): void;
  /** A daemon took a block of ours: asked at once, however much other news there is. */
  found(blockHash: string): void;
  /** News may have been missed: the daemons are asked once. */
  mayHaveMissed(): void;
  /** Daemon `index` gave this template by itself, because it stands on another block or has other transactions now. */
  offer(index: number, reply: unknown): void;
  /** What jobs commit to has changed: the current one is made anew, on the same template. */
  remake(): void;
  start(): void;
  stop(): void;
}

interface News {
  readonly hash: string;
  tries: number;
}

const sayEvery = 60_000;
/** Milliseconds that a look waits for slow daemons; what they say later counts all the same. */
const patience = 2_000;
const tipTimeout = 10_000;
/** For a template: shorter where another daemon could give it. */
const fetchTimeout = 30_000;
const impatientFetchTimeout = 10_000;
const retryFailed = 1_000;
/** After news of a block that no daemon stands on yet. Their sum is how long it is hoped for. */
const retryNews = [20, 50, 150, 400, 1_000, 2_000] as const;
/** Looks caused by news, however much of it comes. */
const newsRate = { perSecond: 10, burst: 10 };
const newsInterval = 1_000 / newsRate.perSecond;

export function createJobRefresher(options: JobRefresherOptions): JobRefresher {
  return new Refresher(options);
}

class Refresher implements JobRefresher {
  readonly #options: JobRefresherOptions;
  readonly #tips: Tips;
  readonly #trouble: OncePer;
  /** Daemons that were asked for their tip and have not answered yet. */
  readonly #asking = new Map<number, Promise<void>>();
  #followed = 0;
  /** Daemons whose silence was said. */
  readonly #saidSilent = new Set<number>();
  #saidBehind = false;
  #news: News | undefined;
  #newsState = 0;
  #newsTimer: NodeJS.Timeout | undefined;
  #newsDue = 0;
  #settling: Promise<void> = Promise.resolve();
  #isSettling = false;
  #settleAgain = false;
  #force = false;
  #failedTimer: NodeJS.Timeout | undefined;
  #pollTimer: NodeJS.Timeout | undefined;
  #rebroadcastTimer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: JobRefresherOptions) {
    this.#options = options;
    this.#tips = new Tips(options.sources.length);
    this.#trouble = new OncePer(sayEvery, options.now);
  }

  get followed(): number {
    return this.#followed;
  }

  async refresh(): Promise<void> {
    await this.#look();
    if (this.#tip === undefined) await this.#settle(true);
  }

  heardOf(blockHash: string): void {
    if (this.#stopped || this.#tip?.hash === blockHash) return;
    this.#news = { hash: blockHash, tries: 0 };
    this.#chaseAfter(0);
  }

  found(blockHash: string): void {
    if (this.#stopped) return;
    this.#news = { hash: blockHash, tries: 0 };
    void this.#chase();
  }

  mayHaveMissed(): void {
    // The empty hash is nobody's: one look, without the hope for a certain block.
    if (this.#news !== undefined || this.#stopped) return;
    this.#news = { hash: '', tries: retryNews.length };
    this.#chaseAfter(0);
  }

  offer(index: number, reply: unknown): void {
    if (this.#stopped) return;
    try {
      this.#take(index, parseBlockTemplate(reply), this.#tips.turn(), false);
    } catch (error) {
      this.#sayNoJob(error);
    }
  }

  remake(): void {
    if (this.#stopped) return;
    const { jobs, now, onJob } = this.#options;
    try {
      const made = jobs.remake(now());
      if (made !== undefined) onJob(made.job, made.why);
    } catch (error) {
      this.#sayNoJob(error);
    }
  }

  start(): void {
    const { pollInterval } = this.#options;
    if (pollInterval > 0) this.#pollTimer = setTimeout(() => void this.#poll(), pollInterval);
    this.#armRebroadcast();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#newsTimer);
    clearTimeout(this.#failedTimer);
    clearTimeout(this.#pollTimer);
    clearTimeout(this.#rebroadcastTimer);
  }

  /** The block that the current job builds on. */
  get #tip(): Tip | undefined {
    const job = this.#options.jobs.current;
    return job && { hash: job.previousHash, height: job.height - 1 };
  }

  /** Follows up the last news in `delay` ms, or as soon as `newsRate` allows; one timer serves all news until then. */
  #chaseAfter(delay: number): void {
    if (this.#stopped) return;
    const now = performance.now();
    const admitted = admit(this.#newsState, now, newsRate);
    const wait = Math.max(delay, admitted === undefined ? newsInterval : 0);
    if (this.#newsTimer !== undefined && this.#newsDue <= now + wait) return;
    clearTimeout(this.#newsTimer);
    this.#newsTimer = undefined;
    if (admitted !== undefined && wait === 0) {
      this.#newsState = admitted;
      void this.#chase();
      return;
    }
    this.#newsDue = now + wait;
    this.#newsTimer = setTimeout(() => {
      this.#newsTimer = undefined;
      this.#chaseAfter(0);
    }, wait);
  }

  async #chase(): Promise<void> {
    if (this.#isNewsOld()) return;
    await this.#look();
    const news = this.#news;
    if (news === undefined || this.#isNewsOld() || this.#newsTimer !== undefined) return;
    const delay = retryNews[news.tries];
    news.tries += 1;
    if (delay === undefined) this.#news = undefined;
    else this.#chaseAfter(delay);
  }

  #isNewsOld(): boolean {
    if (this.#news?.hash === this.#tip?.hash) this.#news = undefined;
    return this.#news === undefined;
  }

  async #poll(): Promise<void> {
    await this.#look();
    if (this.#stopped) return;
    this.#pollTimer = setTimeout(() => void this.#poll(), this.#options.pollInterval);
  }

  /** Asks those daemons that owe no answer. Resolves when they answered and what follows is done; waits `patience` at most. */
  async #look(): Promise<void> {
    const asks = this.#options.sources.map(
      (source, index) => this.#asking.get(index) ?? this.#ask(source, index),
    );
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patience);
    });
    await Promise.race([Promise.all(asks), late]);
    clearTimeout(timer);
  }

  #ask(source: TemplateSource, index: number): Promise<void> {
    const asked = this.#learnTip(source, index)
      .finally(() => this.#asking.delete(index))
      .then(() => this.#settle(false));
    this.#asking.set(index, asked);
    return asked;
  }

  async #learnTip(source: TemplateSource, index: number): Promise<void> {
    const asked = this.#tips.turn();
    const { log } = this.#options;
    try {
      const hash = await source.bestBlockHash(tipTimeout);
      const known = this.#heightOf(hash);
      // What the followed daemon moves to is the next block nearly always. Its template tells the true height.
      const guess = known === undefined && index === this.#followed ? this.#nextHeight : undefined;
      const height = known ?? guess ?? (await source.heightOf(hash));
      this.#tips.said(index, { hash, height }, asked, guess !== undefined);
      if (this.#saidSilent.delete(index)) log.special(`Daemon ${source.name} answers again.`);
    } catch (error) {
      this.#tips.silent(index);
      if (this.#stopped || !this.#trouble.allows(`tip ${source.name}`)) return;
      this.#saidSilent.add(index);
      log.warning(`Asking a daemon for new blocks failed: ${messageOf(error)}.`);
    }
  }

  #heightOf(hash: string): number | undefined {
    return this.#tip?.hash === hash ? this.#tip.height : this.#tips.heightOf(hash);
  }

  /** Undefined before the first job, unless one daemon is all there is. */
  get #nextHeight(): number | undefined {
    const { sources, jobs } = this.#options;
    return jobs.current?.height ?? (sources.length === 1 ? 1 : undefined);
  }

  /** Makes the job that the daemons' tips ask for. One at a time; what is learnt meanwhile is looked at afterwards. */
  #settle(force: boolean): Promise<void> {
    this.#force ||= force;
    this.#settleAgain = true;
    if (!this.#isSettling) this.#settling = this.#settleAll();
    return this.#settling;
  }

  async #settleAll(): Promise<void> {
    this.#isSettling = true;
    while (this.#settleAgain && !this.#stopped) {
      this.#settleAgain = false;
      const force = this.#force;
      this.#force = false;
      const choice = this.#tips.choose(this.#tip);
      this.#sayIfBehind(choice);
      if (choice.kind === 'behind') continue;
      const isNews = choice.kind === 'follow' && choice.tip.hash !== this.#tip?.hash;
      if (isNews || force) await this.#fetchFrom(this.#daemonsOf(choice), force);
    }
    this.#isSettling = false;
  }

  #daemonsOf(choice: Choice): readonly number[] {
    return choice.kind === 'follow' ? choice.daemons : [...this.#options.sources.keys()];
  }

  /** A job from the first of these daemons that gives a template which is fit for it. */
  async #fetchFrom(daemons: readonly number[], force: boolean): Promise<void> {
    let problem: unknown;
    const { sources } = this.#options;
    const timeout = sources.length > 1 ? impatientFetchTimeout : fetchTimeout;
    for (const index of daemons) {
      const source = sources[index];
      if (source === undefined) continue;
      const asked = this.#tips.turn();
      try {
        this.#take(index, parseBlockTemplate(await source.fetch({ timeout })), asked, force);
        return;
      } catch (error) {
        problem ??= error;
        // Until it says something again, another tip of the same height is as good.
        this.#tips.silent(index);
      }
    }
    if (this.#stopped) return;
    this.#sayNoJob(problem);
    this.#settleAgain = true;
    clearTimeout(this.#failedTimer);
    this.#failedTimer = setTimeout(() => void this.#look(), retryFailed);
  }

  /** Throws what createJob throws. */
  #take(index: number, template: BlockTemplate, asked: number, force: boolean): void {
    if (this.#stopped) return;
    const { jobs, log, now, onJob } = this.#options;
    const tip = { hash: template.previousHash, height: template.height - 1 };
    this.#tips.said(index, tip, asked);
    const choice = this.#tips.choose(this.#tip);
    if (choice.kind !== 'follow' || choice.tip.hash !== tip.hash) {
      // Another block is the one to build on by now, or this daemon lags.
      void this.#settle(false);
      return;
    }
    const added = jobs.add(template, now(), { force, tip: tip.hash });
    this.#followed = index;
    if (this.#trouble.clear('template')) log.special('Block templates are good again.');
    if (added === undefined) return;
    onJob(added.job, added.why);
    this.#armRebroadcast();
  }

  #armRebroadcast(): void {
    clearTimeout(this.#rebroadcastTimer);
    if (this.#stopped) return;
    this.#rebroadcastTimer = setTimeout(() => {
      this.#armRebroadcast();
      void this.#look().then(() => this.#settle(true));
    }, this.#options.rebroadcastAfter);
  }

  #sayNoJob(error: unknown): void {
    if (!this.#trouble.allows('template')) return;
    this.#options.log.error(
      `No new job could be made, miners stay on the last one: ${messageOf(error)}. It is tried again.`,
    );
  }

  #sayIfBehind(choice: Choice): void {
    const { log, sources } = this.#options;
    if (choice.kind === 'follow' && this.#saidBehind) {
      this.#saidBehind = false;
      log.special('A daemon stands on the block of the last job again: work goes on.');
    }
    if (choice.kind !== 'behind' || !this.#trouble.allows('behind')) return;
    this.#saidBehind = true;
    const blocks = choice.blocks === 1 ? '1 block' : `${choice.blocks} blocks`;
    log.warning(
      `Daemon ${sources[this.#followed]?.name}, which gave the last job, gives no work now, and the others are ${blocks} behind it: miners stay on height ${this.#options.jobs.current?.height} until one has caught up.`,
    );
  }
}
