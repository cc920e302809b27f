import { type Satoshis, satoshis } from '../primitives/units.ts';
import { compareBytes } from './rewards.ts';
import type { Payee } from './types.ts';

// Who is paid now. Pure: balances in, transactions out. Nobody is ever paid a part: a payee whose whole balance does
// not fit now waits.

export interface PlanInput {
  /** worker -> what the pool owes. */
  readonly balances: ReadonlyMap<string, Satoshis>;
  /** worker -> payee. A worker that is missing here is held. */
  readonly payees: ReadonlyMap<string, Payee>;
  /** An address with less waits until it has more. */
  readonly minimum: Satoshis;
  /** Outputs below this are refused by the network. */
  readonly dust: Satoshis;
  /** What the wallet can spend now, fees already set aside. */
  readonly spendable: Satoshis;
  readonly maxOutputs: number;
}

export interface PlannedOutput {
  readonly address: string;
  /** Hex of the output's script: what identifies the payee. */
  readonly script: string;
  readonly amount: Satoshis;
  /** Whose whole balances it takes, by name in byte order. */
  readonly from: readonly { readonly worker: string; readonly amount: Satoshis }[];
}

export interface PayoutPlan {
  /** One list of outputs for each transaction, at most maxOutputs each. */
  readonly batches: readonly (readonly PlannedOutput[])[];
  readonly waiting: readonly {
    readonly output: PlannedOutput;
    readonly why: 'belowMinimum' | 'walletShort';
  }[];
  readonly held: readonly {
    readonly worker: string;
    readonly amount: Satoshis;
    readonly reason: string;
  }[];
}

/**
 * The largest amounts go first (ties: script in byte order). Where the wallet cannot cover one, it waits whole, and
 * the smaller ones that fit are paid.
 */
export function planPayouts(input: PlanInput): PayoutPlan {
  const held: PayoutPlan['held'][number][] = [];
  const outputs = new Map<string, Collecting>();
  const workers = [...input.balances].toSorted(([a], [b]) => compareBytes(a, b));
  for (const [worker, amount] of workers) {
    if (amount <= 0n) continue;
    const payee = input.payees.get(worker);
    if (payee === undefined || !payee.ok) {
      held.push({ worker, amount, reason: payee?.reason ?? 'its address is not known' });
      continue;
    }
    // Summed by script: two spellings of one address are one payee.
    const script = payee.script.toString('hex');
    const output = outputs.get(script) ?? { address: payee.address, script, amount: 0n, from: [] };
    output.amount += amount;
    output.from.push({ worker, amount });
    outputs.set(script, output);
  }

  const waiting: PayoutPlan['waiting'][number][] = [];
  const chosen: PlannedOutput[] = [];
  let left: bigint = input.spendable;
  for (const collected of [...outputs.values()].sort(byAmount)) {
    const output = { ...collected, amount: satoshis(collected.amount) };
    if (output.amount < input.minimum || output.amount < input.dust)
      waiting.push({ output, why: 'belowMinimum' });
    else if (output.amount > left) waiting.push({ output, why: 'walletShort' });
    else {
      left -= output.amount;
      chosen.push(output);
    }
  }
  return { batches: chunks(chosen, input.maxOutputs), waiting, held };
}

interface Collecting {
  readonly address: string;
  readonly script: string;
  amount: bigint;
  readonly from: { worker: string; amount: Satoshis }[];
}

function byAmount(a: Collecting, b: Collecting): number {
  if (a.amount !== b.amount) return a.amount > b.amount ? -1 : 1;
  return compareBytes(a.script, b.script);
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const result: T[][] = [];
  for (let at = 0; at < items.length; at += size) result.push(items.slice(at, at + size));
  return result;
}
