import type { Algorithm } from '../../libs/algos/types.ts';
import { createJob, type Job } from '../../libs/jobs/job.ts';
import { judgeShare, prepareShare, type ShareSubmit } from '../../libs/jobs/shareCheck.ts';
import { difficulty } from '../../libs/primitives/units.ts';
import type { Dice } from '../chaos/dice.ts';
import { dice } from '../chaos/dice.ts';
import {
  curTime,
  now,
  settingsOf,
  sha256Algorithm,
  sha256d,
  templateOf,
  txid,
} from '../jobs/fixtures.ts';
import { mutateText } from './mutate.ts';
import { type JobOnPaper, slowVerdict } from './oracle.ts';
import type { FuzzSuite } from './watch.ts';

// Submits whose verdicts are compared, one by one, with those of an oracle that shares no code with the pool.

const unit = 2 ** -40;
const submitsOfJob = 2_000;
const hex32 = (value: number) => (value >>> 0).toString(16).padStart(8, '0');

interface Round {
  readonly job: Job;
  readonly onPaper: JobOnPaper;
  readonly extranonce2Size: number;
  readonly seen: Set<string>;
}

/** A job of its own: version, transactions, target, units of the algorithm and size of extranonce2 differ. */
function newRound(throws: Dice, sequence: number): Round {
  const multiplier = throws.pick([1, 256, 65_536]);
  const algorithm: Algorithm = { ...sha256Algorithm, multiplier };
  // A hash is below this target once in so many times: some of the submits are blocks.
  const inverse = throws.pick([4, 8, 64]);
  const target = ((0xffffn << 240n) / BigInt(inverse)).toString(16).padStart(64, '0');
  const mintime = curTime - throws.between(0, 5_000);
  const transactions = Array.from({ length: throws.between(0, 9) }, (_, at) => ({
    data: 'aa',
    txid: txid(at + 1),
  }));
  const version = throws.pick([1, 0x20000000, 0x20006000, 0x3fffe000, -1, 0x7fffffff]);
  const template = templateOf({ target, mintime, transactions, version });
  const job = createJob(template, settingsOf({ algorithm }), { sequence, clean: true, now });
  const extranonce2Size = throws.pick([2, 4, 4, 8]);
  return {
    job,
    onPaper: { params: job.notifyParams(extranonce2Size), target, mintime, multiplier, now },
    extranonce2Size,
    seen: new Set(),
  };
}

const masks = [0, 0x1fffe000, 0xffffffff, 0x00002000] as const;
const extranonces = ['0a0b0c0d', 'ffffffff', '00000000'].map((text) => Buffer.from(text, 'hex'));

function newSubmit(throws: Dice, extranonce2Size: number): ShareSubmit {
  const spelled = (text: string) => {
    if (throws.chance(0.01)) return mutateText(text, throws);
    return throws.chance(0.2) ? text.toUpperCase() : text;
  };
  const second = throws.chance(0.05)
    ? throws.pick([0, 0xffffffff, curTime - 5_001, now / 1000 + 7_200, now / 1000 + 7_201])
    : curTime - 2 + throws.between(0, 5);
  const bits = throws.pick([0, 0x1fffe000, 0x00004000, 0x80000000, 0x00002000]);
  const odd = throws.between(0, 3).toString(16).padStart(2, '0');
  return {
    extranonce1: throws.pick(extranonces),
    extranonce2Size,
    extranonce2: spelled(odd.padStart(extranonce2Size * 2, 'ab')),
    ntime: spelled(hex32(second)),
    nonce: spelled(hex32(0xabc00000 + throws.between(0, 60))),
    versionMask: throws.pick(masks),
    versionBits: throws.chance(0.4) ? undefined : spelled(hex32(bits)),
  };
}

function verdictOf(job: Job, submit: ShareSubmit, difficulties: { job: number; current: number }) {
  const outcome = prepareShare(job, submit, now);
  if (outcome.kind === 'rejected') return String(outcome.reason.code);
  const verdict = judgeShare(job, outcome, sha256d(outcome.header), {
    job: difficulty(difficulties.job),
    current: difficulty(difficulties.current),
  });
  if (verdict.kind === 'rejected') return String(verdict.reason.code);
  return `${verdict.kind} ${verdict.credited / unit}`;
}

export const submits: FuzzSuite = {
  name: 'submits',
  counts: 'share submits against a slow independent oracle',
  long: 200_000,
  short: 10_000,
  async fuzz(run, tally, watch) {
    const throws = dice(run.seed).apart('submits');
    let round = newRound(throws, 1);
    for (let done = 0; done < run.count; done++) {
      if (done % submitsOfJob === 0) {
        round = newRound(throws, done + 1);
        watch.at(done);
      }
      const { job, onPaper, extranonce2Size, seen } = round;
      const submit = newSubmit(throws, extranonce2Size);
      // From far below the network's difficulty to above it, in whole units.
      const asked = () =>
        Math.ceil((job.networkDifficulty * 2 ** throws.between(-8, 1)) / unit) * unit;
      const difficulties = { job: asked(), current: asked() };
      const expected = slowVerdict(onPaper, submit, difficulties, seen);
      const ours = verdictOf(job, submit, difficulties);
      tally.count(expected.replace(/ .*/, ''));
      tally.check(
        ours === expected,
        () =>
          `submit ${done} of seed ${run.seed}: ${ours} instead of ${expected} for ${JSON.stringify({ ...submit, extranonce1: submit.extranonce1.toString('hex'), ...difficulties })}`,
      );
    }
    for (const verdict of ['20', '22', '23', 'share', 'block']) {
      const seen = tally.figures.get(verdict) ?? 0;
      tally.check(seen * 400 > run.count, () => `only ${seen} verdicts were ${verdict}`);
    }
  },
};
