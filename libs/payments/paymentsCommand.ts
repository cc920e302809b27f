import { messageOf } from '../primitives/errors.ts';
import type { PaymentProcessor } from './processor.ts';
import { parseResolution } from './steering.ts';
import {
  formatBalances,
  formatDryRun,
  formatHandBack,
  formatHeld,
  formatStatus,
} from './steeringText.ts';

// `payments <action> <coin> [words]` of the command line, for the processor of that coin.

type Steered = Pick<
  PaymentProcessor,
  'status' | 'balances' | 'pause' | 'resume' | 'dryRun' | 'held' | 'resolve' | 'handBack'
>;

export interface PaymentsAnswer {
  readonly ok: boolean;
  readonly text: string;
  /** The same as plain JSON: PaymentsStatus, BalancesShown, DryRun, Held or HandBack; undefined where it is a sentence only. */
  readonly data?: unknown;
}

const actions =
  'status, balances [count], pause [reason], resume, dry-run, held, resolve paid <txid> | unpaid | audit, hand-back';
const usualRows = 100;
const mostRows = 10_000;

/** What the action says. Never rejects. */
export async function runPaymentsCommand(
  processor: Steered,
  action: string,
  words: readonly string[],
): Promise<PaymentsAnswer> {
  try {
    return await act(processor, action, words);
  } catch (error) {
    return { ok: false, text: `That failed: ${messageOf(error)}` };
  }
}

async function act(
  processor: Steered,
  action: string,
  words: readonly string[],
): Promise<PaymentsAnswer> {
  switch (action) {
    case 'status': {
      const data = await processor.status();
      return { ok: true, text: formatStatus(data), data };
    }
    case 'balances': {
      const [text = String(usualRows)] = words;
      const rows = /^\d{1,5}$/.test(text) ? Number(text) : 0;
      if (rows < 1 || rows > mostRows) {
        return { ok: false, text: `balances takes a number of addresses from 1 to ${mostRows}.` };
      }
      const data = await processor.balances(rows);
      return { ok: true, text: formatBalances(data), data };
    }
    case 'pause':
      return right(await processor.pause(words.join(' ') || 'no reason was given'));
    case 'resume':
      return right(await processor.resume());
    case 'dry-run': {
      const data = await processor.dryRun();
      return { ok: true, text: formatDryRun(data), data };
    }
    case 'held': {
      const { held: data, symbol } = await processor.status();
      return { ok: true, text: formatHeld(data, symbol), data };
    }
    case 'resolve': {
      const resolution = parseResolution(words);
      if (resolution !== undefined) return processor.resolve(resolution);
      return { ok: false, text: 'resolve needs: paid <txid of 64 hex digits>, unpaid, or audit.' };
    }
    case 'hand-back': {
      const data = await processor.handBack();
      return { ok: data.ready, text: formatHandBack(data), data };
    }
    default:
      return { ok: false, text: `There is no "payments ${action}"; known are ${actions}.` };
  }
}

const right = (text: string): PaymentsAnswer => ({ ok: true, text });
