import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError, codeOf } from '../primitives/errors.ts';
import { lastOnDisk } from './spoolFiles.ts';
import { listFolders } from './spoolFolder.ts';
import type { OpenStore, ShareStore } from './types.ts';

// A block's round ends for all processes of a coin at once: whoever ends it waits until the store has what the others
// had acknowledged by then.

const askMillis = 20;
const tries = 20;

/** The last group on disk of each other writer of this coin, by writer id. Never rejects: what cannot be read is left out. */
export async function othersOnDisk(root: string, ownId: string): Promise<Map<string, number>> {
  for (let left = tries; left > 0; left -= 1) {
    const found = await lookOnce(root, ownId).catch((error: unknown) => codeOf(error));
    if (found instanceof Map) return found;
    // Anything but a folder that was renamed or removed meanwhile does not go away by itself.
    if (found !== 'ENOENT') break;
  }
  return new Map();
}

async function lookOnce(root: string, ownId: string): Promise<Map<string, number>> {
  const lasts = new Map<string, number>();
  for (const { name, writerId } of await listFolders(root)) {
    if (writerId !== ownId) lasts.set(writerId, await lastOnDisk(join(root, name)));
  }
  return lasts;
}

/**
 * Resolves when the store has these groups. A writer that has not got on for `patience` milliseconds is not waited for
 * any more: its shares count for the next round. Rejects with SHARES_CLOSED at the signal.
 */
export async function untilStored(
  lasts: ReadonlyMap<string, number>,
  openStore: OpenStore,
  patience: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (const [writerId, last] of lasts) {
      const store = openStore(writerId, { signal, waiting: () => 0 });
      await untilItHas(last, store, patience, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new CodedError('SHARES_CLOSED', 'The share recorder was closed.', { cause: error });
  }
}

async function untilItHas(
  last: number,
  store: ShareStore,
  patience: number,
  signal: AbortSignal,
): Promise<void> {
  let reached = await store.lastSequence();
  for (let waited = 0; reached < last && waited < patience; waited += askMillis) {
    await sleep(askMillis, undefined, { signal });
    const now = await store.lastSequence();
    if (now > reached) waited = 0;
    reached = now;
  }
}
