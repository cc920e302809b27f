import { sha256, sha256d as sha256dOfNode } from '../primitives/hash.ts';
import { type Native, native } from './native.ts';

// The two hashes that every share needs whatever its algorithm: native where the addon is built and right.

const fast = native !== undefined && isRight(native) ? native : undefined;

/** SHA-256 twice, as 32 bytes in wire order. */
export const sha256d: (data: Buffer) => Buffer =
  fast === undefined ? sha256dOfNode : (data) => sha256dNative(fast, data);

/** SHA-256 twice into the first 32 bytes of `out`. Throws RangeError when `out` is shorter. */
export const sha256dInto: (data: Buffer, out: Buffer) => void =
  fast === undefined ? sha256dIntoOfNode : fast.sha256d;

/**
 * The merkle root from the first leaf's hash (32 bytes) and its branch (the hashes beside it, from the leaves up,
 * 32 bytes each, one behind the other). Throws RangeError on other sizes.
 */
export const foldMerkle: (first: Buffer, branch: Buffer) => Buffer =
  fast === undefined ? foldMerkleOfNode : (first, branch) => foldMerkleNative(fast, first, branch);

export { sha256 };

function sha256dNative(addon: Native, data: Buffer): Buffer {
  const out = Buffer.allocUnsafe(32);
  addon.sha256d(data, out);
  return out;
}

function foldMerkleNative(addon: Native, first: Buffer, branch: Buffer): Buffer {
  const out = Buffer.allocUnsafe(32);
  addon.foldMerkle(first, branch, out);
  return out;
}

function sha256dIntoOfNode(data: Buffer, out: Buffer): void {
  if (out.length < 32) throw new RangeError('The result needs 32 bytes.');
  out.set(sha256dOfNode(data));
}

function foldMerkleOfNode(first: Buffer, branch: Buffer): Buffer {
  if (first.length !== 32 || branch.length % 32 !== 0) {
    throw new RangeError('The first hash must be 32 bytes, the branch a multiple of 32.');
  }
  const pair = Buffer.alloc(64);
  pair.set(first);
  for (let at = 0; at < branch.length; at += 32) {
    branch.copy(pair, 32, at, at + 32);
    pair.set(sha256dOfNode(pair));
  }
  return pair.subarray(0, 32);
}

/** Node's own SHA-256 is the proof: an addon that was built wrong is not used here. */
function isRight(addon: Native): boolean {
  const data = Buffer.from(Array.from({ length: 200 }, (_, index) => index));
  const first = data.subarray(0, 32);
  const branch = data.subarray(64, 192);
  return (
    sha256dNative(addon, data).equals(sha256dOfNode(data)) &&
    foldMerkleNative(addon, first, branch).equals(foldMerkleOfNode(first, branch))
  );
}
