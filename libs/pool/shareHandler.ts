import type { Algorithm } from '../algos/types.ts';
import type { Job } from '../jobs/job.ts';
import type { JobStore } from '../jobs/jobStore.ts';
import {
  judgeShare,
  type PreparedShare,
  prepareShare,
  type ShareReject,
  type ShareVerdict,
} from '../jobs/shareCheck.ts';
import type { Logger } from '../log/logger.ts';
import { messageOf } from '../primitives/errors.ts';
import { type Clock, type Difficulty, difficulty } from '../primitives/units.ts';
import type { Statistics } from '../shares/statistics.ts';
import type { ShareRecord, ShareRecorder } from '../shares/types.ts';
import type { Submit, SubmitAnswer } from '../stratum/types.ts';

// A submit's way: job -> checks -> hash -> verdict -> recorder -> answer. The miner's `true` follows the record.

export type FoundVerdict = Extract<ShareVerdict, { kind: 'block' }>;

export interface ShareHandlerOptions {
  readonly jobs: JobStore;
  readonly algorithm: Algorithm;
  readonly recorder: ShareRecorder;
  readonly statistics: Pick<Statistics, 'share'>;
  readonly emitInvalidBlockHashes: boolean;
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
  const { jobs, algorithm, recorder, statistics, log, now, onBlock } = options;

  const refuse = (
    submit: Submit,
    job: Job | undefined,
    reject: ShareReject,
    answer: (verdict: SubmitAnswer) => void,
  ): void => {
    if (log.enabled('debug')) {
      log.debug(`Share of ${submit.worker} from ${submit.ip} refused: ${reject.message}.`);
    }
    recorder.record(
      {
        ...recordOf(submit, job, now()),
        valid: false,
        difficulty: submit.jobDifficulty,
        shareDiff: reject.shareDiff ?? 0,
        error: reject.message,
      },
      ignore,
    );
    answer({ ok: false, code: reject.code, message: reject.message, counts: reject.counts });
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
    if (verdict.kind === 'rejected') {
      refuse(submit, job, verdict.reason, answer);
      return;
    }
    const record: ShareRecord = {
      ...recordOf(submit, job, now()),
      valid: true,
      difficulty: verdict.credited,
      shareDiff: verdict.found,
      ...(verdict.kind === 'block' ? { blockHash: verdict.blockHash } : {}),
      ...(verdict.kind === 'share' && options.emitInvalidBlockHashes
        ? { blockHashInvalid: verdict.blockHash }
        : {}),
    };
    statistics.share(record);
    if (verdict.kind === 'share') {
      recorder.record(record, (recorded) => answer(recorded ? accepted : notRecorded));
      return;
    }
    onBlock(
      verdict,
      job,
      submit,
      new Promise((resolve) => {
        recorder.record(record, (recorded) => {
          answer(recorded ? accepted : notRecorded);
          resolve(recorded);
        });
      }),
    );
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

function recordOf(submit: Submit, job: Job | undefined, time: ReturnType<Clock>) {
  const blockDiff: Difficulty = job?.networkDifficulty ?? difficulty(0);
  return {
    time,
    worker: submit.worker,
    ip: submit.ip,
    port: submit.port,
    jobId: submit.jobId,
    height: job?.height ?? 0,
    blockDiff,
    ...(submit.solo ? { solo: true as const } : {}),
  };
}

const ignore = (): void => undefined;
