import { sha256dInto } from '../algos/sha256.ts';

// The merkle branch of the coinbase: what it is hashed with, from the leaves up, to give the merkle root.

/**
 * `txids` are the txids of all transactions but the coinbase, 32 bytes each in wire order, end to end. The branch has
 * the same form; it is empty when the coinbase is alone. Fold with algos' `foldMerkle`.
 */
export function merkleBranch(txids: Buffer): Buffer {
  if (txids.length % 32 !== 0) throw new RangeError('Txids are 32 bytes each');
  const branch: Buffer[] = [];
  // The coinbase is the node at place 0 of each level, and not known yet: only the others are kept.
  let others = txids;
  while (others.length > 0) {
    branch.push(others.subarray(0, 32));
    others = nextLevel(others.subarray(32));
  }
  return Buffer.concat(branch);
}

function nextLevel(nodes: Buffer): Buffer {
  const pairs = Math.ceil(nodes.length / 64);
  const next = Buffer.allocUnsafe(pairs * 32);
  for (let pair = 0; pair < pairs; pair++) {
    const both = nodes.subarray(pair * 64, pair * 64 + 64);
    // An odd node is paired with itself.
    const leaves = both.length === 64 ? both : Buffer.concat([both, both]);
    sha256dInto(leaves, next.subarray(pair * 32));
  }
  return next;
}
