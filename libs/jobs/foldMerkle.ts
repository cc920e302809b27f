import { sha256d } from '../primitives/hash.ts';

export function foldMerkle(first: Buffer, branch: Buffer): Buffer {
  let root = first;
  for (let at = 0; at < branch.length; at += 32) {
    root = sha256d(Buffer.concat([root, branch.subarray(at, at + 32)]));
  }
  return root;
}
