import { ByteWriter, compactSize, compactSizeLength } from '../primitives/bytes.ts';
import { parseCoinsFloor } from '../primitives/money.ts';
import { pushBytes, pushNumber } from '../primitives/script.ts';
import { type Satoshis, satoshis } from '../primitives/units.ts';
import { type BlockTemplate, TemplateError } from './blockTemplate.ts';

// The coinbase transaction: it is cut where the extranonces stand, so that a share joins three pieces.

export const extranonce1Size = 4;
/** The consensus limit of a coinbase's input script. */
const longestScript = 100;
/** Bytes of extranonce2 that every job has room for, */
export const longestExtranonce2 = 32;
/** and beside a commitment to auxiliary blocks; no port asks for more. */
const longestBesideCommitment = 16;
/** BIP 141: the witness of a coinbase is one item of 32 bytes, all zero in every chain there is. */
const witnessReserved = Buffer.alloc(32);
const noSequence = 0;

export interface CoinbaseSettings {
  readonly poolScript: Buffer;
  /** Percent of the reward that is left when the chain's own payees are paid. */
  readonly recipients: readonly { readonly script: Buffer; readonly percent: number }[];
  /** Text at the end of the input script, shortened where there is no room for all of it. */
  readonly signature: string;
  /** Transaction version 2 with a comment at the end, for chains that have it. */
  readonly txMessages: boolean;
  /** POS chains put a time stamp after the transaction's version. */
  readonly reward: 'POW' | 'POS';
  /** The output script of an address that the template names. Throws if it is not known. */
  payeeScript(address: string): Buffer;
}

/** The pieces on either side of extranonce1 and extranonce2, without witness. */
export interface CoinbaseParts {
  readonly left: Buffer;
  readonly right: Buffer;
}

export interface Coinbase {
  /** What the pool's own output gets; a recipient with the same script is not counted. */
  readonly poolReward: Satoshis;
  /** Whether the input script holds the commitment to auxiliary blocks. */
  readonly commits: boolean;
  /** Bytes of extranonce2: 32, or 16 beside a commitment. */
  readonly longestExtranonce2: number;
  /** Throws RangeError for a size outside 1–longestExtranonce2. */
  parts(extranonce2Size: number): CoinbaseParts;
  /** The form that a block carries: with marker, flag and witness where the template asks for a commitment. */
  withWitness(stripped: Buffer): Buffer;
}

interface Output {
  readonly script: Buffer;
  readonly amount: Satoshis;
}

/**
 * `time` in seconds and `sequence` stand in the input script: with the extranonce1 of a connection they make every
 * job's coinbase its own, so that a share of one job can never be handed in again for the next one. The commitment to
 * auxiliary blocks goes before the signature, which is cut; it is left out itself where the template's own flags take
 * its room, since the parent's block comes first.
 */
export function createCoinbase(
  template: BlockTemplate,
  settings: CoinbaseSettings,
  place: {
    readonly time: number;
    readonly sequence: number;
    readonly commitment?: Buffer | undefined;
  },
): Coinbase {
  const { outputs, poolReward } = shareOut(template, settings);
  const start = startOf(template, settings);
  const end = endOf(outputs, template, settings);
  const needed = Buffer.concat([
    pushNumber(template.height),
    template.coinbaseFlags,
    pushNumber(place.time),
    pushNumber(place.sequence),
  ]);
  const commitment = place.commitment === undefined ? Buffer.alloc(0) : pushBytes(place.commitment);
  const withCommitment =
    needed.length + commitment.length + 1 + extranonce1Size + longestBesideCommitment;
  const commits = commitment.length > 0 && withCommitment <= longestScript;
  const beforeExtranonce = commits ? Buffer.concat([needed, commitment]) : needed;
  const longest = commits ? longestBesideCommitment : longestExtranonce2;

  return {
    poolReward,
    commits,
    longestExtranonce2: longest,
    parts(extranonce2Size) {
      if (!Number.isInteger(extranonce2Size) || extranonce2Size < 1 || extranonce2Size > longest) {
        throw new RangeError(`Extranonce2 is 1–${longest} bytes, not ${extranonce2Size}`);
      }
      const extranonceSize = extranonce1Size + extranonce2Size;
      const used = beforeExtranonce.length + 1 + extranonceSize;
      if (used > longestScript) {
        throw new TemplateError('coinbaseaux.flags', 'leave no room for the extranonces');
      }
      const signature = signaturePush(settings.signature, longestScript - used);
      return {
        left: Buffer.concat([
          start.beforeInputs,
          start.inputs,
          compactSize(used + signature.length),
          beforeExtranonce,
          Buffer.from([extranonceSize]),
        ]),
        right: Buffer.concat([signature, end.outputs, end.tail]),
      };
    },
    withWitness(stripped) {
      if (template.witnessCommitment === undefined) return stripped;
      const markerAt = start.beforeInputs.length;
      const witnessAt = stripped.length - end.tail.length;
      return new ByteWriter(stripped.length + 2 + 2 + witnessReserved.length)
        .raw(stripped.subarray(0, markerAt))
        .u8(0)
        .u8(1)
        .raw(stripped.subarray(markerAt, witnessAt))
        .u8(1)
        .varBytes(witnessReserved)
        .raw(stripped.subarray(witnessAt))
        .done();
    },
  };
}

/** Version (and time) and the one input up to the length of its script. */
function startOf(
  template: BlockTemplate,
  settings: CoinbaseSettings,
): { beforeInputs: Buffer; inputs: Buffer } {
  const isPos = settings.reward === 'POS';
  const beforeInputs = new ByteWriter(isPos ? 8 : 4).u32(versionOf(template, settings));
  if (isPos) beforeInputs.u32(template.curTime);
  const inputs = new ByteWriter(37).u8(1).raw(Buffer.alloc(32)).u32(0xffffffff);
  return { beforeInputs: beforeInputs.done(), inputs: inputs.done() };
}

/** Special transactions (DIP 2) have version 3 and their type, 5 for a coinbase, in the upper half. */
function versionOf(template: BlockTemplate, settings: CoinbaseSettings): number {
  if (template.coinbaseVersion !== undefined) return template.coinbaseVersion;
  if (template.coinbasePayload !== undefined) return 3 | (5 << 16);
  return settings.txMessages ? 2 : 1;
}

/** Sequence and outputs, and apart from them what follows a witness: lock time, comment or payload. */
function endOf(
  outputs: readonly Output[],
  template: BlockTemplate,
  settings: CoinbaseSettings,
): { outputs: Buffer; tail: Buffer } {
  const size = outputs.reduce(
    (sum, { script }) => sum + 8 + compactSizeLength(script.length) + script.length,
    4 + compactSizeLength(outputs.length),
  );
  const writer = new ByteWriter(size).u32(noSequence).compactSize(outputs.length);
  for (const { script, amount } of outputs) writer.u64(amount).varBytes(script);
  const lockTime = Buffer.alloc(4);
  const comment = settings.txMessages ? withLength(Buffer.from(settings.signature, 'utf8')) : [];
  const payload =
    template.coinbasePayload === undefined ? [] : withLength(template.coinbasePayload);
  return { outputs: writer.done(), tail: Buffer.concat([lockTime, ...comment, ...payload]) };
}

function withLength(bytes: Buffer): Buffer[] {
  return [compactSize(bytes.length), bytes];
}

/**
 * Commitment, pool, the chain's payees, recipients: together exactly what the coinbase may pay. On POS chains the pool
 * comes first: their daemons sign a block by the key of its coinbase's first output.
 */
function shareOut(
  template: BlockTemplate,
  settings: CoinbaseSettings,
): { outputs: Output[]; poolReward: Satoshis } {
  const payees = template.payees.map(({ to, amount }) => ({
    script: 'script' in to ? to.script : settings.payeeScript(to.address),
    amount,
  }));
  const reward = template.coinbaseValue - sumOf(payees);
  if (reward < 0n) {
    throw new TemplateError('payees', `get more than its coinbasevalue ${template.coinbaseValue}`);
  }
  const recipients = settings.recipients
    .map(({ script, percent }) => ({ script, amount: percentOf(satoshis(reward), percent) }))
    .filter(({ amount }) => amount > 0n);
  const poolReward = satoshis(reward - sumOf(recipients));
  if (poolReward < 0n) throw new RangeError('The reward recipients get more than 100 percent');
  const commitment =
    template.witnessCommitment === undefined
      ? []
      : [{ script: template.witnessCommitment, amount: satoshis(0n) }];
  const pool = { script: settings.poolScript, amount: poolReward };
  const first = settings.reward === 'POS' ? [pool, ...commitment] : [...commitment, pool];
  return { outputs: [...first, ...payees, ...recipients], poolReward };
}

function sumOf(outputs: readonly { readonly amount: Satoshis }[]): bigint {
  return outputs.reduce((sum, { amount }) => sum + amount, 0n);
}

/** Decimals that hold every percent a configuration can spell; further ones are cut off. */
const percentDecimals = 30;

/** floor(percent × reward), by the decimal text of the percent: 0.1 means a tenth and not its nearest double. */
export function percentOf(reward: Satoshis, percent: number): Satoshis {
  const scaled = percent >= 0 ? parseCoinsFloor(String(percent), percentDecimals) : undefined;
  if (scaled === undefined) throw new RangeError(`${percent} is no percentage`);
  return satoshis((reward * scaled) / (100n * 10n ** BigInt(percentDecimals)));
}

/** The push of as many whole characters of the text as fit into `room` bytes, the push's own bytes included. */
function signaturePush(signature: string, room: number): Buffer {
  let push: Buffer = Buffer.alloc(0);
  let kept = '';
  for (const character of signature) {
    kept += character;
    const next = pushBytes(Buffer.from(kept, 'utf8'));
    if (next.length > room) break;
    push = next;
  }
  return push;
}
