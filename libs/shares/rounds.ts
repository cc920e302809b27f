import type { Logger } from '../log/logger.ts';
import { CodedError } from '../primitives/errors.ts';
import { isHex } from '../primitives/hex.ts';
import { formatCoins } from '../primitives/money.ts';
import { type Clock, millis, satoshis } from '../primitives/units.ts';
import type { RedisConnection } from '../redis/connection.ts';
import type { CoinKeys } from '../redis/keys.ts';
import { readHash, readSet } from '../redis/read.ts';
import { createRetry } from '../redis/retry.ts';
import { loadScript, oneOf, runScript } from '../redis/scripts.ts';
import { untilKept } from './redisDisk.ts';
import type { FoundBlock, Rounds } from './types.ts';

// A block's round: closed when the block is found, kept when a daemon takes the block, merged back when none does.

export interface RoundsOptions {
  readonly connection: RedisConnection;
  readonly keys: CoinKeys;
  readonly log: Logger;
  readonly now: Clock;
  /** Of the coin, for rewards as people read them; default 8. */
  readonly decimals?: number;
  /** Ends the trying: calls under way reject with the last RedisError. */
  readonly signal?: AbortSignal;
}

/**
 * Every call tries until Redis has done it; a key that a person must repair (WRONGTYPE, BADVALUE) is said once a
 * minute, and nothing is half done. Rejects with RoundsError, or with RedisError after the signal.
 */
export interface RedisRounds extends Rounds {
  /** worker -> sum of share difficulty as decimal text; empty if there is no such round. */
  readRound(height: number): Promise<Map<string, string>>;
  /** Blocks that were found but neither accepted nor refused: to be resumed at start. */
  unfinishedBlocks(): Promise<readonly FoundBlock[]>;
}

/** ROUNDS_UNKNOWN_BLOCK: close() was never called for it. ROUNDS_BAD_BLOCK: no block hash, txid or height. */
export class RoundsError extends CodedError {}

const closeRound = loadScript('closeRound', oneOf('closed', 'already', 'twin'));
const acceptBlock = loadScript('acceptBlock', oneOf('accepted', 'reclaimed', 'already', 'unknown'));
const refuseBlock = loadScript(
  'refuseBlock',
  oneOf('merged', 'twin', 'already', 'kept', 'unknown', 'conflict'),
);

/** The facts of a refused block are of use to a person only: 30 days. */
const refusedSeconds = 30 * 86_400;

/** Call close() after the share that found the block was recorded: then the round holds that share. */
export function createRounds(options: RoundsOptions): RedisRounds {
  const { connection, keys, log } = options;
  const retry = createRetry(options);

  function waiting(what: string, blockHash: string): () => string {
    return () => `The ${keys.coin} block ${blockHash} waits to be ${what}`;
  }

  /** What close() wrote never changes, so reading it before the script is safe. */
  async function factsOf(
    blockHash: string,
    what: string,
  ): Promise<{ height: number; facts: Map<string, string> }> {
    checkHash(blockHash);
    const facts = await retry(
      () => readHash(connection, keys.block(blockHash)),
      waiting(what, blockHash),
    );
    const height = Number(facts.get('height'));
    if (!Number.isSafeInteger(height) || height <= 0) throw unknownBlock(blockHash);
    return { height, facts };
  }

  function unknownBlock(blockHash: string): RoundsError {
    return new RoundsError(
      'ROUNDS_UNKNOWN_BLOCK',
      `Redis has no facts of the ${keys.coin} block ${blockHash} in ${keys.block(blockHash)}: its round was never closed.`,
    );
  }

  function roundKeys(blockHash: string, height: number): string[] {
    return [
      keys.block(blockHash),
      keys.roundCurrent,
      keys.round(height),
      keys.roundBlocks(height),
      keys.openBlocks,
    ];
  }

  /** Two for each pending block of this height: member, '1' for a SOLO block, which needs no round, else '0'. */
  async function pendingAt(height: number): Promise<string[]> {
    const found: string[] = [];
    for (const member of await readSet(connection, keys.blocksPending)) {
      const [blockHash = '', , text] = member.split(':');
      if (text !== String(height)) continue;
      const solo = await connection.command('hget', keys.block(blockHash), 'solo');
      found.push(member, solo === '1' ? '1' : '0');
    }
    return found;
  }

  return {
    async close(block) {
      checkBlock(block);
      const { blockHash, height } = block;
      const outcome = await retry(
        () =>
          runScript(
            connection,
            closeRound,
            [...roundKeys(blockHash, height), keys.blockIndex],
            [
              ...[blockHash, height, block.txHash, block.finder, block.time],
              ...[block.reward, block.networkDifficulty, block.solo ? '1' : '0'],
              block.merged ? '1' : '0',
            ],
          ),
        waiting('closed', blockHash),
      );
      if (outcome === 'twin') {
        log.special(
          `Height ${height} of ${keys.coin} has a second block ${blockHash}: both share ${keys.round(height)}.`,
        );
      }
      return outcome;
    },

    async accept(blockHash) {
      const { height, facts } = await factsOf(blockHash, 'accepted');
      const outcome = await retry(
        () =>
          runScript(
            connection,
            acceptBlock,
            [
              ...[...roundKeys(blockHash, height), keys.blocksPending, keys.stats],
              ...[keys.events, keys.blockIndex],
            ],
            [blockHash, blockEvent(height, blockHash, facts, options.decimals)],
          ),
        waiting('accepted', blockHash),
      );
      if (outcome === 'unknown') throw unknownBlock(blockHash);
      if (outcome === 'reclaimed') {
        log.special(
          `The ${keys.coin} block ${blockHash} was refused before and is accepted now: its round is closed again.`,
        );
      }
    },

    async isKept(blockHash) {
      checkHash(blockHash);
      const key = keys.block(blockHash);
      const isAccepted = async () => {
        const state = await connection.command('hget', key, 'state');
        return state !== null && state !== 'candidate';
      };
      return retry(
        () => untilKept(isAccepted, { ...options, key }),
        waiting('on the disk of Redis', blockHash),
      );
    },

    async refuse(blockHash, reason) {
      const { height } = await factsOf(blockHash, 'refused');
      const refuse = async () =>
        runScript(
          connection,
          refuseBlock,
          [...[...roundKeys(blockHash, height), keys.stats, keys.blocksPending], keys.blockIndex],
          [blockHash, reason, refusedSeconds, ...(await pendingAt(height))],
        );
      let outcome = await retry(refuse, waiting('refused', blockHash));
      // A block of this height came to wait meanwhile.
      while (outcome === 'conflict') outcome = await retry(refuse, waiting('refused', blockHash));
      if (outcome === 'unknown') throw unknownBlock(blockHash);
      if (outcome === 'kept') {
        log.warning(
          `The ${keys.coin} block ${blockHash} was accepted before and stays so, although it is refused now (${reason}).`,
        );
      }
    },

    readRound: (height) =>
      retry(
        () => readHash(connection, keys.round(height)),
        () => `The shares in ${keys.round(height)} wait to be read`,
      ),

    async unfinishedBlocks() {
      const read = async () => {
        const hashes = await readSet(connection, keys.openBlocks);
        return Promise.all(
          hashes.map(async (blockHash) => ({
            blockHash,
            facts: await readHash(connection, keys.block(blockHash)),
          })),
        );
      };
      const open = await retry(read, () => `Unfinished blocks of ${keys.coin} wait to be read`);
      const blocks: FoundBlock[] = [];
      for (const { blockHash, facts } of open) {
        const block = parseBlock(blockHash, facts);
        if (block !== undefined) blocks.push(block);
        else {
          log.error(
            `${keys.block(blockHash)} does not hold the facts of a block. Look at it, then remove ${blockHash} from ${keys.openBlocks}.`,
          );
        }
      }
      return blocks;
    },
  };
}

/** The facts as closeRound wrote them, or undefined. */
export function parseBlock(
  blockHash: string,
  facts: ReadonlyMap<string, string>,
): FoundBlock | undefined {
  const height = Number(facts.get('height'));
  const time = Number(facts.get('time'));
  const networkDifficulty = Number(facts.get('networkDifficulty'));
  const txHash = facts.get('txHash');
  const finder = facts.get('finder');
  const reward = facts.get('reward');
  if (txHash === undefined || finder === undefined || reward === undefined) return undefined;
  if (!Number.isSafeInteger(height) || !Number.isFinite(time)) return undefined;
  if (!Number.isFinite(networkDifficulty) || !/^\d+$/.test(reward)) return undefined;
  const solo = facts.get('solo') === '1' ? { solo: true as const } : {};
  const merged = facts.get('merged') === '1' ? { merged: true as const } : {};
  return {
    height,
    blockHash,
    txHash,
    finder,
    time: millis(time),
    reward,
    networkDifficulty,
    ...solo,
    ...merged,
  };
}

/** What live pages are told when a daemon took the block. */
function blockEvent(
  height: number,
  blockHash: string,
  facts: ReadonlyMap<string, string>,
  decimals: number | undefined,
): string {
  const block = parseBlock(blockHash, facts);
  // Facts that somebody edited: what is sure is told.
  if (block === undefined) return JSON.stringify({ height, hash: blockHash });
  const { finder, time, reward, networkDifficulty } = block;
  const effort = facts.get('effort');
  return JSON.stringify({
    height,
    hash: blockHash,
    finder,
    time,
    reward: formatCoins(satoshis(BigInt(reward)), decimals),
    networkDifficulty,
    effort: effort === undefined ? null : Number(effort),
  });
}

function checkBlock({ height, blockHash, txHash }: FoundBlock): void {
  checkHash(blockHash);
  checkHash(txHash);
  if (Number.isSafeInteger(height) && height > 0) return;
  throw new RoundsError('ROUNDS_BAD_BLOCK', `${height} is not the height of a block.`);
}

function checkHash(hash: string): void {
  if (isHex(hash, 32)) return;
  throw new RoundsError('ROUNDS_BAD_BLOCK', `"${hash}" is not a hash of 64 hex digits.`);
}
