import type { Algorithm } from '../algos/types.ts';
import type { Job } from '../jobs/job.ts';
import type { JobStore } from '../jobs/jobStore.ts';
import {
  blockHashOf,
  judgeShare,
  type PreparedShare,
  prepareShare,
  type ShareReject,
  type ShareVerdict,
} from '../jobs/shareCheck.ts';
import type { Logger } from '../log/logger.ts';
import { messageOf } from '../primitives/errors.ts';
import { type Clock, difficulty, type Millis } from '../primitives/units.ts';
import type { Statistics } from '../shares/statistics.ts';
import type { ShareRecord, ShareRecorder } from '../shares/types.ts';
import type { Submit, SubmitAnswer } from '../stratum/types.ts';
import type { AuxChains, HashedShare } from './auxChains.ts';

// A submit's way: job -> checks -> hash -> verdict -> recorder -> answer. The miner's `true` follows the record.

export type FoundVerdict = Extract<ShareVerdict, { kind: 'block' }>;

export interface ShareHandlerOptions {
  readonly jobs: JobStore;
  readonly algorithm: Algorithm;
  readonly recorder: ShareRecorder;
  readonly statistics: Pick<Statistics, 'share'>;
  readonly emitInvalidBlockHashes: boolean;
  /** Chains that are mined beside this one. */
  readonly auxiliary?: Pick<AuxChains, 'provenBy' | 'found' | 'record'> | undefined;
  readonly log: Logger;
  readonly now: Clock;
  /** Called before anything is written: a block's way to the daemons must not wait for ours. */
  onBlock(verdict: FoundVerdict, job: Job, submit: Submit, recorded: Promise<boolean>): void;
}

export type ShareHandler = (submit: Submit, answer: (verdict: SubmitAnswer) => void) => void;

const notRecorded: SubmitAnswer = {
  ok: false,
  code: 20,
  message: 'The pool cannot record shares at the moment',
  counts: false,
};
const accepted: SubmitAnswer = { ok: true };

export function createShareHandler(options: ShareHandlerOptions): ShareHandler {
  const { jobs, algorithm, recorder, auxiliary, statistics, log, now, onBlock } = options;

  const refuse = (
    submit: Submit,
    job: Job | undefined,
    reject: ShareReject,
    answer: (verdict: SubmitAnswer) => void,
  ): void => {
    if (log.enabled('debug')) {
      log.debug(`Share of ${submit.worker} from ${submit.ip} refused: ${reject.message}.`);
    }
    const worth = {
      valid: false,
      difficulty: submit.jobDifficulty,
      shareDiff: reject.shareDiff ?? 0,
    };
    recorder.record({ ...recordOf(submit, job, now(), worth), error: reject.message }, ignore);
    answer({ ok: false, code: reject.code, message: reject.message, counts: reject.counts });
  };

  /** Into the books of every chain that the share was work for; `done(true)` when all of them have it. */
  const recordAll = (
    record: ShareRecord,
    share: HashedShare,
    done: (recorded: boolean) => void,
  ): void => {
    if (auxiliary === undefined || share.job.auxiliary === undefined) {
      recorder.record(record, done);
      return;
    }
    let open = 2;
    let areRecorded = true;
    const one = (recorded: boolean): void => {
      areRecorded &&= recorded;
      open--;
      if (open === 0) done(areRecorded);
    };
    recorder.record(record, one);
    auxiliary.record(record, share, one);
  };

  const finish = (
    submit: Submit,
    job: Job,
    prepared: PreparedShare,
    powHash: Buffer,
    answer: (verdict: SubmitAnswer) => void,
  ): void => {
    const verdict = judgeShare(job, prepared, powHash, {
      job: submit.jobDifficulty,
      current: submit.currentDifficulty,
    });
    const share: HashedShare = { job, prepared, powHash, submit };
    const proven = auxiliary?.provenBy(share) ?? [];
    if (verdict.kind === 'rejected') {
      // Too little for the miner's difficulty, and yet a block: it is handed in, and not credited. Were it, hashes
      // between the two difficulties would be paid twice.
      for (const place of proven) auxiliary?.found(place, share, Promise.resolve());
      const { reason } = verdict;
      refuse(submit, job, proven.length > 0 ? { ...reason, counts: false } : reason, answer);
      return;
    }
    const worth = { valid: true, difficulty: verdict.credited, shareDiff: verdict.found };
    let record = recordOf(submit, job, now(), worth);
    if (verdict.kind === 'block') {
      record = { ...record, blockHash: verdict.blockHash };
    } else if (options.emitInvalidBlockHashes) {
      record = { ...record, blockHashInvalid: blockHashOf(job, prepared, powHash) };
    }
    statistics.share(record);
    const answerIt = (recorded: boolean): void => answer(recorded ? accepted : notRecorded);
    if (verdict.kind === 'share' && proven.length === 0) {
      recordAll(record, share, answerIt);
      return;
    }
    const recorded = new Promise<boolean>((resolve) => {
      recordAll(record, share, (done) => {
        answerIt(done);
        resolve(done);
      });
    });
    if (verdict.kind === 'block') onBlock(verdict, job, submit, recorded);
    for (const place of proven) auxiliary?.found(place, share, recorded);
  };

  return (submit, answer) => {
    const found = jobs.find(submit.jobId);
    if (found.state !== 'valid') {
      const reject: ShareReject = {
        code: 21,
        message: 'job not found',
        counts: found.state === 'unknown',
      };
      refuse(submit, undefined, reject, answer);
      return;
    }
    const { job } = found;
    const prepared = prepareShare(job, submit, now());
    if (prepared.kind === 'rejected') {
      refuse(submit, job, prepared.reason, answer);
      return;
    }
    if (!algorithm.slow) {
      finish(submit, job, prepared, algorithm.hash(prepared.header), answer);
      return;
    }
    algorithm
      .hashAsync(prepared.header)
      .then((powHash) => finish(submit, job, prepared, powHash, answer))
      .catch((error: unknown) => {
        log.error(`A share could not be hashed: ${messageOf(error)}.`);
        answer(notRecorded);
      });
  };
}

/** Of nearly every share this is all: spreading objects together would cost more than its hash. */
function recordOf(
  submit: Submit,
  job: Job | undefined,
  time: Millis,
  worth: Pick<ShareRecord, 'valid' | 'difficulty' | 'shareDiff'>,
): ShareRecord {
  const record: ShareRecord = {
    time,
    worker: submit.worker,
    ip: submit.ip,
    port: submit.port,
    jobId: submit.jobId,
    height: job?.height ?? 0,
    valid: worth.valid,
    difficulty: worth.difficulty,
    shareDiff: worth.shareDiff,
    blockDiff: job?.networkDifficulty ?? difficulty(0),
  };
  return submit.solo ? { ...record, solo: true } : record;
}

const ignore = (): void => undefined;
