import { messageOf } from '../primitives/errors.ts';
import { isHex, parseHex, reversed } from '../primitives/hex.ts';
import { bitsFromHex, targetFromBits } from '../primitives/target.ts';
import { type Satoshis, satoshis } from '../primitives/units.ts';
import { isRecord, own, type UnknownRecord } from '../primitives/unknown.ts';
import { readSubmitOutcome, type SubmitOutcome } from './blocks.ts';
import { type BatchOutcome, DaemonError, type DaemonGroup } from './types.ts';

// Blocks that a daemon builds for merged mining, and the way back for their proofs: createauxblock and submitauxblock,
// or getauxblock of older daemons, which does both and pays to an address of the daemon's own wallet.

export interface AuxTemplate {
  /** Of the block to be proved; big-endian hex in lower case. */
  readonly hash: string;
  readonly chainId: number;
  /** 32 bytes little endian, above zero. */
  readonly target: Buffer;
  /** What the coinbase pays; 0 where the daemon does not tell. */
  readonly reward: Satoshis;
  readonly height: number;
}

export interface AuxSource {
  /**
   * The block that is to be proved now, its coinbase paying `address` where the daemon can be told. Daemons keep it until
   * their chain goes on, or for a minute while transactions come: asking often costs little. Rejects with DaemonError.
   */
  create(address: string): Promise<AuxTemplate>;
  /** Hands the proof (hex) to all daemons at once; a block is known to the one that built it. Never rejects. */
  submit(
    blockHash: string,
    proof: string,
    onOutcome: (daemon: string, outcome: SubmitOutcome) => void,
  ): Promise<void>;
}

const methodNotFound = -32601;
/** Still warming up, without peers, in initial download: no judgement of what was handed in. */
const notNow: ReadonlySet<number> = new Set([-28, -10, -9]);
const highestChainId = 0x7fffffff;
const submitTimeout = 60_000;
const askTimeout = 10_000;

export function createAuxSource(group: DaemonGroup): AuxSource {
  let hasCreate = true;

  /** The answer to `method`, undefined when the daemon does not know it. */
  const askIfKnown = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    try {
      return (await group.call(method, params, { timeout: askTimeout })) ?? null;
    } catch (error) {
      if (error instanceof DaemonError && error.rpcCode === methodNotFound) return undefined;
      throw error;
    }
  };

  const askBlock = async (address: string): Promise<readonly [string, unknown]> => {
    if (hasCreate) {
      const reply = await askIfKnown('createauxblock', [address]);
      if (reply !== undefined) return ['createauxblock', reply];
      hasCreate = false;
    }
    const reply = await askIfKnown('getauxblock', []);
    if (reply !== undefined) return ['getauxblock', reply];
    // It may be another daemon, or a newer one, the next time.
    hasCreate = true;
    throw badReply('createauxblock', 'it knows neither this method nor getauxblock');
  };

  return {
    async create(address) {
      const [method, reply] = await askBlock(address);
      const facts = parseAuxTemplate(reply, method);
      if (facts.height !== undefined) return { ...facts, height: facts.height };
      const tip = await group.call('getblockcount', [], { timeout: askTimeout });
      return { ...facts, height: integerOf(tip, 0, 0xffffffff, 'getblockcount', 'height') + 1 };
    },
    submit: (blockHash, proof, onOutcome) =>
      group.callAll(
        hasCreate ? 'submitauxblock' : 'getauxblock',
        [blockHash, proof],
        (client, outcome) => onOutcome(client.name, readAuxOutcome(outcome)),
        { timeout: submitTimeout },
      ),
  };
}

/** True for accepted, false for refused; an error that is no outage refuses it too ("block hash unknown": too late). */
export function readAuxOutcome(outcome: BatchOutcome): SubmitOutcome {
  if (outcome.ok) return readSubmitOutcome(outcome);
  const { error } = outcome;
  const isJudged =
    error.kind === 'rpc' && error.rpcCode !== methodNotFound && !notNow.has(error.rpcCode ?? 0);
  return { kind: isJudged ? 'rejected' : 'failed', word: error.message, error };
}

/** Takes a reply of createauxblock or getauxblock apart. Throws DaemonError of kind 'badReply', which names the field. */
export function parseAuxTemplate(
  reply: unknown,
  method: string,
): Omit<AuxTemplate, 'height'> & { readonly height: number | undefined } {
  if (!isRecord(reply)) throw badReply(method, 'it is no object');
  const value = own(reply, 'coinbasevalue') ?? 0;
  const height = own(reply, 'height');
  return {
    hash: hashOf(own(reply, 'hash'), method),
    chainId: integerOf(own(reply, 'chainid'), 0, highestChainId, method, 'chainid'),
    target: targetOf(reply, method),
    reward: satoshis(BigInt(integerOf(value, 0, Number.MAX_SAFE_INTEGER, method, 'coinbasevalue'))),
    height: height === undefined ? undefined : integerOf(height, 1, 0xffffffff, method, 'height'),
  };
}

/**
 * `bits` leave no doubt. `target` (`_target` of Namecoin's line) is the number in wire order, the reverse of what
 * getblocktemplate calls so; where there are bits, either order is taken for agreement.
 */
function targetOf(reply: UnknownRecord, method: string): Buffer {
  const told = own(reply, 'target') ?? own(reply, '_target');
  const target = told === undefined ? undefined : parseHex(told, 32);
  if (told !== undefined && target === undefined) {
    throw badReply(method, 'its target is not 32 bytes of hex');
  }
  const bits = own(reply, 'bits');
  if (bits === undefined) {
    if (target === undefined) throw badReply(method, 'it has neither bits nor target');
    if (target.every((byte) => byte === 0)) throw badReply(method, 'its target is zero');
    return target;
  }
  const meant = targetOfBits(bits, method);
  if (target !== undefined && !meant.equals(target) && !meant.equals(reversed(target))) {
    throw badReply(method, 'its bits and its target contradict each other');
  }
  return meant;
}

function targetOfBits(bits: unknown, method: string): Buffer {
  try {
    return targetFromBits(bitsFromHex(typeof bits === 'string' ? bits : ''));
  } catch (error) {
    throw badReply(method, `its bits are wrong (${messageOf(error)})`);
  }
}

function hashOf(value: unknown, method: string): string {
  if (isHex(value, 32)) return value.toLowerCase();
  throw badReply(method, 'its hash is not 64 hex digits');
}

function integerOf(
  value: unknown,
  lowest: number,
  highest: number,
  method: string,
  field: string,
): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) {
    if (value >= lowest && value <= highest) return value;
  }
  const problem = value === undefined ? 'is missing' : `is no integer of ${lowest}–${highest}`;
  throw badReply(method, `its ${field} ${problem}`);
}

function badReply(method: string, why: string): DaemonError {
  return new DaemonError('badReply', `the daemon's reply to ${method} is of no use: ${why}`, {
    daemon: 'daemon',
    method,
  });
}
