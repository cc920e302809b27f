import { parseBlockTemplate, TemplateError } from '../../libs/jobs/blockTemplate.ts';
import { createJob } from '../../libs/jobs/job.ts';
import { own } from '../../libs/primitives/unknown.ts';
import { type Dice, dice } from '../chaos/dice.ts';
import {
  extranonce1,
  now,
  payeeAddress,
  poolScript,
  readVector,
  recordOf,
  replyOf,
  settingsOf,
} from '../jobs/fixtures.ts';
import { mutateText, mutateValue } from './mutate.ts';
import { type FuzzSuite, keepsContract } from './watch.ts';

// Replies of getblocktemplate: a job can be made of them, or a TemplateError names the field.

function soundReply(throws: Dice, regtest: readonly unknown[]): unknown {
  const script = poolScript.toString('hex');
  return throws.pick<unknown>([
    ...regtest,
    replyOf(),
    replyOf({
      default_witness_commitment: `6a24aa21a9ed${'ab'.repeat(32)}`,
      longpollid: 'abc1',
      coinbase_payload: '0100',
      masternode: [{ script, amount: 5 }],
      superblock: [{ script, amount: 7 }],
      votes: ['ab'],
      masternode_payments: true,
      mweb: 'ab',
    }),
    replyOf({ payee: payeeAddress, payee_amount: 100, coinbaseaux: { flags: '2f503253482f' } }),
    replyOf({
      founder: { payee: payeeAddress, amount: 9 },
      fundingstreams: [{ script, valueZat: 4 }],
    }),
  ]);
}

/** A payee's address that has no script: the pool asks its daemon for that, and says so. */
const isDocumented = (error: unknown) =>
  error instanceof TemplateError ||
  (error instanceof Error && error.message.startsWith('no script for '));

function checkTemplate(reply: unknown): void {
  const template = parseBlockTemplate(reply);
  const job = createJob(template, settingsOf(), { sequence: 1, clean: true, now });
  const params = job.notifyParams(4);
  const lengths = [params.prevHash.length, params.version.length, params.nbits.length];
  if (lengths.join() !== '64,8,8' || params.ntime.length !== 8) throw new Error('a field is odd');
  const coinbase = job.coinbase(extranonce1, Buffer.alloc(4));
  const header = job.header(job.version, Buffer.alloc(32), job.curTime, 0);
  if (header.length !== 80) throw new Error(`header of ${header.length} bytes`);
  const block = job.serializeBlock(header, coinbase);
  if (block.length < 81 + coinbase.length) throw new Error('the block is cut short');
  if (job.poolReward < 0n) throw new Error(`the pool gets ${job.poolReward}`);
  if (job.poolReward > template.coinbaseValue) throw new Error('the pool gets more than there is');
}

export const templates: FuzzSuite = {
  name: 'templates',
  counts: 'block templates',
  long: 300_000,
  short: 5_000,
  async fuzz(run, tally, watch) {
    const throws = dice(run.seed).apart('templates');
    const regtest = ['litecoin-regtest-mweb.json', 'litecoin-regtest-segwit.json'].map((name) =>
      recordOf(own(readVector(name), 'template')),
    );
    for (let done = 0; done < run.count; done++) {
      if (done % 500 === 0) watch.at(done);
      const reply = changed(soundReply(throws, regtest), throws);
      keepsContract(
        tally,
        () => `template ${JSON.stringify(reply)}`,
        () => checkTemplate(reply),
        isDocumented,
      );
    }
  },
};

function changed(reply: unknown, throws: Dice): unknown {
  if (throws.chance(0.7)) return mutateValue(reply, throws);
  try {
    return JSON.parse(mutateText(JSON.stringify(reply), throws)) as unknown;
  } catch {
    return reply;
  }
}
