import type { DaemonClient } from '../daemon/types.ts';
import { RedisError } from '../redis/errors.ts';
import type { OrphanOutcome } from './ledger.ts';
import {
  type BlockFate,
  blockFate,
  type MaturityRules,
  type PendingBlock,
  parsePending,
} from './maturity.ts';
import type { Scheme } from './rewards.ts';
import type { PaymentContext, RunReport } from './run.ts';

// Pending blocks: credits the mature ones and ends the dead ones. Sends nothing.

export interface CreditingOptions {
  readonly client: DaemonClient;
  readonly scheme: Scheme;
  /** PPLNS: so many times the network's difficulty; undefined: the block's own round. */
  readonly window: number | undefined;
  readonly rules: MaturityRules;
}

/** Blocks between the two looks that must both find a block off the chain before it is given up. */
const orphanDepth = 6;

export class BlockCrediting {
  readonly #context: PaymentContext;
  readonly #options: CreditingOptions;

  constructor(context: PaymentContext, options: CreditingOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** Rejects with DaemonError, RedisError, BooksError or LeaseLost; what was done until then is done. */
  async run(report: RunReport): Promise<void> {
    const { ledger, notes } = this.#context;
    const members = await ledger.pendingBlocks();
    const held = await notes.heldBlocks();
    const suspects = await notes.suspects();
    const blocks: PendingBlock[] = [];
    for (const member of members) {
      const block = parsePending(member);
      if (block !== undefined) blocks.push(block);
      else await this.#hold(member, 'it is no blockHash:txHash:height', held, report);
    }
    for (const block of blocks.sort((a, b) => a.height - b.height)) {
      this.#context.checkStop();
      const fate = await blockFate(this.#options.client, block, this.#options.rules);
      if (fate.kind !== 'offChain' && fate.kind !== 'unclear' && suspects.has(block.blockHash)) {
        await notes.suspect(block.blockHash, undefined);
      }
      if (fate.kind === 'immature' || fate.kind === 'mature') {
        await notes.confirmations(block.blockHash, fate.confirmations);
      } else if (fate.kind === 'offChain') await notes.confirmations(block.blockHash, 0);
      await this.#act(block, fate, held, suspects, report);
    }
  }

  async #act(
    block: PendingBlock,
    fate: BlockFate,
    held: ReadonlyMap<string, string>,
    suspects: ReadonlyMap<string, number>,
    report: RunReport,
  ): Promise<void> {
    const { log, said } = this.#context;
    switch (fate.kind) {
      case 'immature':
        return;
      case 'unclear':
        if (said.allows(`unclear ${block.blockHash}`)) {
          log.warning(`Block ${block.height} waits for a clear answer: ${fate.reason}.`);
        }
        return;
      case 'unpayable':
        return this.#hold(block.member, fate.reason, held, report);
      case 'offChain':
        return this.#offChain(block, fate.tip, suspects.get(block.blockHash), report);
      case 'mature':
        return this.#credit(block, fate, held, report);
    }
  }

  async #credit(
    block: PendingBlock,
    { reward }: Extract<BlockFate, { kind: 'mature' }>,
    held: ReadonlyMap<string, string>,
    report: RunReport,
  ): Promise<void> {
    const { ledger, log, money, tell, step } = this.#context;
    const { scheme, window } = this.#options;
    const outcome = await ledger.creditBlock(block, reward, scheme, window);
    if (outcome.kind === 'already') return;
    if (outcome.kind === 'hold') return this.#hold(block.member, outcome.reason, held, report);
    await step('credited');
    const { height, blockHash } = block;
    const { workers } = outcome;
    report.credited.push({ height, reward });
    log.special(
      `Block ${height} is mature: ${money(reward)} were credited to ${workers} worker(s).`,
    );
    tell({ type: 'blockConfirmed', height, blockHash, reward, workers });
  }

  async #offChain(
    block: PendingBlock,
    tip: number,
    since: number | undefined,
    report: RunReport,
  ): Promise<void> {
    const { notes, log, tell, step } = this.#context;
    const { height, blockHash } = block;
    // A chain that is shorter than before (another daemon, a new sync) starts the count anew.
    if (since === undefined || !Number.isSafeInteger(since) || since > tip) {
      await notes.suspect(blockHash, tip);
      await step('suspected');
      log.warning(
        `Block ${height} (${blockHash}) is not on the active chain; it is given up if that is still so in ${orphanDepth} blocks.`,
      );
      return;
    }
    if (tip - since < orphanDepth) return;
    const outcome = await this.#orphan(block, report);
    if (outcome === undefined || outcome === 'already') return;
    await step('orphaned');
    const shares = {
      merged: 'the shares of its round go into the current one',
      kept: 'the shares of its round stay for the other block of that height',
      noRound: 'its round has no shares left',
    }[outcome];
    report.orphaned.push(height);
    log.warning(`Block ${height} (${blockHash}) was orphaned: ${shares}.`);
    tell({ type: 'blockOrphaned', height, blockHash });
  }

  /** Undefined while its shares cannot be added to the current round: that must not keep others from their money. */
  async #orphan(block: PendingBlock, report: RunReport): Promise<OrphanOutcome | undefined> {
    const { ledger, log, said } = this.#context;
    try {
      return await ledger.orphanBlock(block);
    } catch (error) {
      if (!(error instanceof RedisError) || error.trouble === 'transient') throw error;
      report.problem(error.message);
      if (said.allows(`orphan ${block.blockHash}`)) {
        log.error(
          `Block ${block.height} was orphaned, but its shares cannot go into the current round until this is set right: ${error.message}.`,
        );
      }
      return undefined;
    }
  }

  /** Stays pending, and is looked at again in each run: whoever mends the cause needs to do no more. */
  async #hold(
    member: string,
    reason: string,
    held: ReadonlyMap<string, string>,
    report: RunReport,
  ): Promise<void> {
    const { notes, log, step } = this.#context;
    report.problem(`block ${member} is on hold: ${reason}`);
    if (held.get(member) === reason) return;
    await notes.holdBlock(member, reason);
    await step('held');
    log.error(`The pending block ${member} is on hold, nobody is credited for it: ${reason}.`);
  }
}
