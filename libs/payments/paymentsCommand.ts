import { messageOf } from '../primitives/errors.ts';
import type { Resolved } from './paying.ts';
import type { PaymentProcessor } from './processor.ts';
import { parseResolution } from './steering.ts';
import { formatDryRun, formatHandBack, formatHeld, formatStatus } from './steeringText.ts';

// `payments <action> <coin> [words]` of the command line, for the processor of that coin.

type Steered = Pick<
  PaymentProcessor,
  'status' | 'pause' | 'resume' | 'dryRun' | 'held' | 'resolve' | 'handBack'
>;

const actions =
  'status, pause [reason], resume, dry-run, held, resolve paid <txid> | unpaid | audit, hand-back';

/** What the action says. Never rejects. */
export async function runPaymentsCommand(
  processor: Steered,
  action: string,
  words: readonly string[],
): Promise<Resolved> {
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
): Promise<Resolved> {
  switch (action) {
    case 'status':
      return right(formatStatus(await processor.status()));
    case 'pause':
      return right(await processor.pause(words.join(' ') || 'no reason was given'));
    case 'resume':
      return right(await processor.resume());
    case 'dry-run':
      return right(formatDryRun(await processor.dryRun()));
    case 'held': {
      const { held, symbol } = await processor.status();
      return right(formatHeld(held, symbol));
    }
    case 'resolve': {
      const resolution = parseResolution(words);
      if (resolution !== undefined) return processor.resolve(resolution);
      return { ok: false, text: 'resolve needs: paid <txid of 64 hex digits>, unpaid, or audit.' };
    }
    case 'hand-back': {
      const handBack = await processor.handBack();
      return { ok: handBack.ready, text: formatHandBack(handBack) };
    }
    default:
      return { ok: false, text: `There is no "payments ${action}"; known are ${actions}.` };
  }
}

const right = (text: string): Resolved => ({ ok: true, text });
