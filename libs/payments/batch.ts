import { isHex } from '../primitives/hex.ts';
import { type Millis, millis, type Satoshis, satoshis } from '../primitives/units.ts';
import { isRecord, own, parseJson } from '../primitives/unknown.ts';
import type { PlannedOutput } from './payoutPlan.ts';
import type { SignedTx } from './wallet.ts';

// The open payment batch: its states, and the texts that it is in Redis. Pure.

interface BatchFacts {
  readonly id: string;
  readonly time: Millis;
  readonly outputs: readonly PlannedOutput[];
}

export type OpenBatch =
  /** Balances are in flight, nothing has been asked of the wallet that moves money. */
  | (BatchFacts & { readonly state: 'intent' })
  /** The transaction is on record: it may have been sent, and may be sent again. */
  | (BatchFacts & { readonly state: 'signed'; readonly tx: SignedTx })
  /** sendmany was called, or was about to be: only the wallet knows. */
  | (BatchFacts & { readonly state: 'sending'; readonly comment: string; readonly since: string });

export function writePlan(outputs: readonly PlannedOutput[]): string {
  return JSON.stringify(
    outputs.map(({ address, script, amount, from }) => ({
      address,
      script,
      amount: amount.toString(),
      from: from.map((part) => [part.worker, part.amount.toString()]),
    })),
  );
}

export function writeTx(tx: SignedTx): readonly string[] {
  const { txid, hex, fee, inputs } = tx;
  return ['txid', txid, 'hex', hex, 'fee', fee.toString(), 'inputs', inputs.join(' ')];
}

/** Undefined if the fields are no batch of ours. */
export function readBatch(fields: ReadonlyMap<string, string>): OpenBatch | undefined {
  const id = fields.get('id');
  const time = Number(fields.get('time'));
  const outputs = readPlan(fields.get('plan'));
  if (id === undefined || !Number.isSafeInteger(time) || outputs === undefined) return undefined;
  const facts: BatchFacts = { id, time: millis(time), outputs };
  switch (fields.get('state')) {
    case 'intent':
      return { ...facts, state: 'intent' };
    case 'signed': {
      const tx = readSigned(fields);
      return tx && { ...facts, state: 'signed', tx };
    }
    case 'sending': {
      const comment = fields.get('comment');
      const since = fields.get('since');
      if (comment === undefined || since === undefined) return undefined;
      return { ...facts, state: 'sending', comment, since };
    }
    default:
      return undefined;
  }
}

function readSigned(fields: ReadonlyMap<string, string>): SignedTx | undefined {
  const txid = fields.get('txid');
  const hex = fields.get('hex');
  const fee = readSatoshis(fields.get('fee'));
  const inputs = fields.get('inputs')?.split(' ');
  if (!isHex(txid, 32) || !isHex(hex) || fee === undefined || inputs === undefined)
    return undefined;
  return { txid, hex, fee, inputs };
}

function readPlan(text: string | undefined): PlannedOutput[] | undefined {
  const list = text === undefined ? undefined : parseJson(text);
  if (!Array.isArray(list)) return undefined;
  const outputs = list.map(readOutput);
  return outputs.every((output) => output !== undefined) ? outputs : undefined;
}

function readOutput(value: unknown): PlannedOutput | undefined {
  if (!isRecord(value)) return undefined;
  const address = own(value, 'address');
  const script = own(value, 'script');
  const amount = readSatoshis(own(value, 'amount'));
  const parts = own(value, 'from');
  if (typeof address !== 'string' || !isHex(script) || amount === undefined) return undefined;
  if (!Array.isArray(parts)) return undefined;
  const from = parts.map(readPart);
  if (!from.every((part) => part !== undefined)) return undefined;
  // Money would be made or lost if the parts were not the whole.
  if (from.reduce((sum, part) => sum + part.amount, 0n) !== amount) return undefined;
  return { address, script, amount, from };
}

function readPart(value: unknown): PlannedOutput['from'][number] | undefined {
  if (!Array.isArray(value)) return undefined;
  const worker: unknown = value[0];
  const amount = readSatoshis(value[1]);
  if (typeof worker !== 'string' || amount === undefined) return undefined;
  return { worker, amount };
}

/** Integer text from zero up. */
export function readSatoshis(value: unknown): Satoshis | undefined {
  return typeof value === 'string' && /^\d{1,30}$/.test(value)
    ? satoshis(BigInt(value))
    : undefined;
}

export function totalOf(outputs: readonly PlannedOutput[]): Satoshis {
  return satoshis(outputs.reduce((sum, { amount }) => sum + amount, 0n));
}

/** Everything that the outputs take, in one list. */
export function partsOf(
  outputs: readonly PlannedOutput[],
): readonly PlannedOutput['from'][number][] {
  return outputs.flatMap(({ from }) => from);
}
