import type { Millis } from '../primitives/units.ts';
import type { AuxTree } from './auxPow.ts';
import { type BlockTemplate, isSameWork } from './blockTemplate.ts';
import { createJob, type Job, type JobSettings } from './job.ts';

// The jobs of one pool that may still be answered. A job goes from current to older (still valid) to stale.

export interface JobStoreOptions {
  /** Templates of one height whose jobs stay valid at a time, default 16; each holds its transactions. */
  readonly keep?: number;
  /** Sequence of the first job, default 1. */
  readonly firstSequence?: number;
  /** The blocks of other chains that a job made now shall commit to. */
  auxiliary?(): AuxTree | undefined;
}

export interface AddOptions {
  /**
   * A job is wanted even if nothing but the time is new, and the daemon's word is taken if it stands on an older
   * height than the current job.
   */
  readonly force?: boolean;
  /** The daemon's best block hash, if it was asked: a template that stands on it is where the chain is. */
  readonly tip?: string;
}

export interface AddedJob {
  readonly job: Job;
  readonly why: 'newBlock' | 'refresh';
}

export type FoundJob =
  | { readonly state: 'valid'; readonly job: Job }
  /** It was given out, and is not worth anything any more. */
  | { readonly state: 'stale' }
  /** It was never given out here, or too long ago to be an honest delay. */
  | { readonly state: 'unknown' };

const defaultKeep = 16;
/** Jobs that have gone stale are told from ones that never were for so many jobs. */
const rememberedStale = 4_096;

/** Milliseconds between two jobs that are made for single miners. */
const newerPause = 500;

const stale: FoundJob = { state: 'stale' };
const unknown: FoundJob = { state: 'unknown' };

export class JobStore {
  readonly #settings: JobSettings;
  readonly #keep: number;
  readonly #first: number;
  readonly #auxiliary: () => AuxTree | undefined;
  /** In the order of their making. */
  readonly #valid = new Map<string, FoundJob & { state: 'valid' }>();
  #current: Job | undefined;
  #next: number;
  #madeNewer = 0;

  constructor(settings: JobSettings, options: JobStoreOptions = {}) {
    this.#settings = settings;
    this.#keep = Math.max(options.keep ?? defaultKeep, 1);
    this.#first = options.firstSequence ?? 1;
    this.#next = this.#first;
    this.#auxiliary = () => options.auxiliary?.();
  }

  get current(): Job | undefined {
    return this.#current;
  }

  /**
   * Makes a job of the template if it is news: 'newBlock' on another previous block (older jobs go stale), 'refresh'
   * on the same one (they stay valid). Undefined if nothing has changed, or if the template comes from a daemon that
   * is behind. Throws what createJob throws; the jobs are then as before.
   */
  add(template: BlockTemplate, now: Millis, options: AddOptions = {}): AddedJob | undefined {
    const current = this.#current;
    const clean = current?.previousHash !== template.previousHash;
    const force = options.force === true;
    if (current !== undefined) {
      if (clean && template.height < current.height) {
        // Failing over to a daemon that lags looks the same as a reorganisation to a shorter chain.
        if (!force && options.tip !== template.previousHash) return undefined;
      }
      if (!clean && !force && isSameWork(current.template, template)) return undefined;
    }
    return { job: this.#make(template, clean, now), why: clean ? 'newBlock' : 'refresh' };
  }

  /**
   * The current job once more, on the auxiliary blocks of now; it is no clean one, and the others stay valid. Undefined
   * while there is no job. Throws what createJob throws.
   */
  remake(now: Millis): AddedJob | undefined {
    if (this.#current === undefined) return undefined;
    return { job: this.#make(this.#current.template, false, now), why: 'refresh' };
  }

  /**
   * A valid job that is newer than the one with this sequence: the current one, or the same work under a new id. Undefined
   * while there is no job, or when one was made for this a moment ago. Throws what createJob throws.
   */
  newerThan(sequence: number, now: Millis): Job | undefined {
    if (this.#current === undefined || this.#current.sequence > sequence) return this.#current;
    if (now - this.#madeNewer < newerPause) return undefined;
    this.#madeNewer = now;
    return this.remake(now)?.job;
  }

  #make(template: BlockTemplate, clean: boolean, now: Millis): Job {
    const place = { sequence: this.#next, clean, now, auxiliary: this.#auxiliary() };
    const job = createJob(template, this.#settings, place);
    this.#next += 1;
    if (clean) this.#valid.clear();
    this.#valid.set(job.jobId, { state: 'valid', job });
    this.#current = job;
    this.#dropOldest();
    return job;
  }

  /** `jobId` is a miner's text: anything is possible. */
  find(jobId: string): FoundJob {
    const valid = this.#valid.get(jobId);
    if (valid !== undefined) return valid;
    // Ids are sequences in hex, so the range tells which were given out; longer ones are not numbers of ours.
    if (jobId.length > 13) return unknown;
    const sequence = Number.parseInt(jobId, 16);
    const wasGiven =
      sequence >= this.#first &&
      sequence < this.#next &&
      sequence >= this.#next - rememberedStale &&
      sequence.toString(16) === jobId;
    return wasGiven ? stale : unknown;
  }

  #dropOldest(): void {
    const templates = new Set([...this.#valid.values()].map(({ job }) => job.template));
    const [oldest] = templates;
    if (templates.size <= this.#keep) return;
    for (const [jobId, { job }] of this.#valid) {
      if (job.template === oldest) this.#valid.delete(jobId);
    }
  }
}
