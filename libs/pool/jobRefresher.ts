import type { TemplateSource } from '../daemon/templates.ts';
import { parseBlockTemplate } from '../jobs/blockTemplate.ts';
import type { Job } from '../jobs/job.ts';
import type { AddOptions, JobStore } from '../jobs/jobStore.ts';
import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { messageOf } from '../primitives/errors.ts';
import type { Clock } from '../primitives/units.ts';

// Keeps the current job current: news of a block, polling, and a rebroadcast when nothing came for a while.

export interface JobRefresherOptions {
  readonly source: TemplateSource;
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
  /** Fetches a template and makes a job of it if it is news. Calls while one is under way are joined. Never rejects. */
  refresh(options?: AddOptions): Promise<void>;
  /** Somebody heard of a block: fetch, unless the current job stands on it already. */
  heardOf(blockHash: string): Promise<void>;
  start(): void;
  stop(): void;
}

const sayEvery = 60_000;

export function createJobRefresher(options: JobRefresherOptions): JobRefresher {
  const { source, jobs, log, now } = options;
  const trouble = new OncePer(sayEvery, now);
  let running: Promise<void> | undefined;
  let again: AddOptions | undefined;
  let pollTimer: NodeJS.Timeout | undefined;
  let rebroadcastTimer: NodeJS.Timeout | undefined;
  let stopped = false;

  const once = async (how: AddOptions): Promise<void> => {
    let added: ReturnType<JobStore['add']>;
    try {
      added = jobs.add(parseBlockTemplate(await source.fetch()), now(), how);
    } catch (error) {
      if (trouble.allows('template')) {
        log.error(
          `No new job could be made, miners stay on the last one: ${messageOf(error)}. It is tried again.`,
        );
      }
      return;
    }
    if (trouble.clear('template')) log.special('Block templates are good again.');
    if (added === undefined || stopped) return;
    options.onJob(added.job, added.why);
    armRebroadcast();
  };

  const loop = async (how: AddOptions): Promise<void> => {
    await once(how);
    while (again !== undefined && !stopped) {
      const next = again;
      again = undefined;
      await once(next);
    }
    running = undefined;
  };

  const refresh = (how: AddOptions = {}): Promise<void> => {
    if (running !== undefined) {
      again = { ...again, ...how };
      return running;
    }
    running = loop(how);
    return running;
  };

  const heardOf = async (blockHash: string): Promise<void> => {
    if (jobs.current?.previousHash !== blockHash) await refresh();
  };

  const poll = async (): Promise<void> => {
    try {
      const best = await source.bestBlockHash();
      trouble.clear('poll');
      if (jobs.current?.previousHash !== best) await refresh({ tip: best });
    } catch (error) {
      if (trouble.allows('poll'))
        log.warning(`Polling for new blocks failed: ${messageOf(error)}.`);
    }
    if (!stopped) pollTimer = setTimeout(() => void poll(), options.pollInterval);
  };

  const armRebroadcast = (): void => {
    clearTimeout(rebroadcastTimer);
    if (stopped) return;
    rebroadcastTimer = setTimeout(() => {
      void refresh({ force: true });
      armRebroadcast();
    }, options.rebroadcastAfter);
  };

  return {
    refresh,
    heardOf,
    start() {
      if (options.pollInterval > 0) pollTimer = setTimeout(() => void poll(), options.pollInterval);
      armRebroadcast();
    },
    stop() {
      stopped = true;
      clearTimeout(pollTimer);
      clearTimeout(rebroadcastTimer);
    },
  };
}
