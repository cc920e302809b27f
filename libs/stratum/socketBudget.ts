import { ownDescriptorLimit } from '../primitives/descriptors.ts';

// How many connections of miners a process takes. Without a free file descriptor it could neither ask the daemon, nor
// reach Redis, nor open a journal: miners never get the last ones.

/** For daemons, Redis, files, and the command line. */
const reserved = 256;

/** Connections of miners that fit into so many descriptors; undefined is no limit. */
export function mostConnections(descriptors: number | undefined): number {
  if (descriptors === undefined) return Number.POSITIVE_INFINITY;
  return Math.max(1, descriptors - Math.min(reserved, Math.ceil(descriptors / 4)));
}

export class SocketBudget {
  readonly most: number;
  #open = 0;

  constructor(most: number) {
    this.most = most;
  }

  /** False, and nothing is taken, when none is left. */
  take(): boolean {
    if (this.#open >= this.most) return false;
    this.#open++;
    return true;
  }

  giveBack(): void {
    this.#open--;
  }
}

/** One for all servers of the process. */
export const processBudget = new SocketBudget(mostConnections(ownDescriptorLimit()));
