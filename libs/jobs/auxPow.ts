import { sha256dInto } from '../algos/sha256.ts';
import { ByteWriter, compactSizeLength } from '../primitives/bytes.ts';
import { reversed } from '../primitives/hex.ts';
import type { Difficulty, Satoshis } from '../primitives/units.ts';

// Merged mining (en.bitcoin.it/wiki/Merged_mining_specification): one coinbase commits to the blocks of several
// auxiliary chains, and a header that meets the target of one of them proves that chain's block.

/** A block of an auxiliary chain that waits for its proof of work. */
export interface AuxBlock {
  /** Name of the coin, in lower case. */
  readonly coin: string;
  /** Big-endian hex in lower case, as daemons show it. */
  readonly hash: string;
  /** An unsigned 31-bit number. Two chains with one id cannot be mined together. */
  readonly chainId: number;
  /** 32 bytes little endian. */
  readonly target: Buffer;
  /** What the target is worth in stratum units. */
  readonly networkDifficulty: Difficulty;
  /** What the block's coinbase pays. */
  readonly reward: Satoshis;
  readonly height: number;
}

/** An auxiliary block and its place in the tree. */
export interface PlacedAuxBlock {
  readonly block: AuxBlock;
  readonly slot: number;
  /** The nodes beside its way to the root, 32 bytes each in wire order, end to end. */
  readonly branch: Buffer;
}

export interface AuxTree {
  readonly placed: readonly PlacedAuxBlock[];
  /** Blocks whose slot another chain has, whatever the tree's size. */
  readonly leftOut: readonly AuxBlock[];
  /** What stands in the input script of the coinbase: magic, root, size, nonce. */
  readonly commitment: Buffer;
}

/** What a proof is made of besides the place in the tree; all in wire order. */
export interface AuxProofParts {
  /** The parent's coinbase without witness: its hash is what the merkle root holds. */
  readonly coinbase: Buffer;
  /** Its merkle branch, nodes of 32 bytes end to end. */
  readonly merkleBranch: Buffer;
  /** The hash of the parent's block. Chains carry it and do not check it. */
  readonly parentHash: Buffer;
  /** The parent's 80 bytes. */
  readonly header: Buffer;
}

const magic = Buffer.from('fabe6d6d', 'hex');
/** Chains refuse a longer branch. */
const longestBranch = 30;
/**
 * Two chains clash in a tree of 2^h slots exactly when their ids are equal in the last h bits, whatever the nonce: the
 * rule multiplies the difference of their ids by an odd number. So no other nonce than 0 needs to be tried.
 */
const nonce = 0;

/** The slot that a chain has in a tree of 2^height leaves: two steps of a linear congruential generator. */
export function auxSlot(treeNonce: number, chainId: number, height: number): number {
  const first = Math.imul(treeNonce, 1_103_515_245) + 12_345 + chainId;
  const second = Math.imul(first, 1_103_515_245) + 12_345;
  return (second & (2 ** height - 1)) >>> 0;
}

/** The smallest tree in which each block has a slot of its own. Undefined without any block. */
export function createAuxTree(blocks: readonly AuxBlock[]): AuxTree | undefined {
  const fitting = distinct(blocks, longestBranch);
  if (fitting.length === 0) return undefined;
  let height = 0;
  while (distinct(fitting, height).length < fitting.length) height++;
  const branches = fitting.map((): Buffer[] => []);
  const slots = fitting.map(({ chainId }) => auxSlot(nonce, chainId, height));

  // Only the nodes above a block differ from those of an empty tree, so the size of the tree costs nothing.
  let nodes = new Map<number, Buffer>();
  for (const [index, { hash }] of fitting.entries()) {
    nodes.set(slots[index] ?? 0, reversed(Buffer.from(hash, 'hex')));
  }
  let empty: Buffer = Buffer.alloc(32);
  for (let level = 0; level < height; level++) {
    for (const [index, branch] of branches.entries()) {
      branch.push(nodes.get(((slots[index] ?? 0) >>> level) ^ 1) ?? empty);
    }
    nodes = parentsOf(nodes, empty);
    empty = parentOf(empty, empty);
  }
  const root = nodes.get(0) ?? empty;
  return {
    placed: fitting.map((block, index) => ({
      block,
      slot: slots[index] ?? 0,
      branch: Buffer.concat(branches[index] ?? []),
    })),
    leftOut: blocks.filter((block) => !fitting.includes(block)),
    // The root is the one hash of the protocol that is written as it is shown, not in wire order.
    commitment: new ByteWriter(44)
      .raw(magic)
      .raw(reversed(root))
      .u32(2 ** height)
      .u32(nonce)
      .done(),
  };
}

/** The first block of each slot of a tree of 2^height leaves. */
function distinct(blocks: readonly AuxBlock[], height: number): AuxBlock[] {
  const taken = new Set<number>();
  return blocks.filter(({ chainId }) => {
    const before = taken.size;
    taken.add(auxSlot(nonce, chainId, height));
    return taken.size > before;
  });
}

function parentsOf(nodes: ReadonlyMap<number, Buffer>, empty: Buffer): Map<number, Buffer> {
  const parents = new Map<number, Buffer>();
  for (const at of nodes.keys()) {
    const left = at & ~1;
    parents.set(at >>> 1, parentOf(nodes.get(left) ?? empty, nodes.get(left + 1) ?? empty));
  }
  return parents;
}

function parentOf(left: Buffer, right: Buffer): Buffer {
  const parent = Buffer.alloc(32);
  sha256dInto(Buffer.concat([left, right]), parent);
  return parent;
}

/** The serialised proof (CAuxPow) that a header of the parent chain is work for this block. */
export function auxProof(place: PlacedAuxBlock, parts: AuxProofParts): Buffer {
  const { coinbase, merkleBranch, parentHash, header } = parts;
  const nodes = merkleBranch.length / 32;
  const auxNodes = place.branch.length / 32;
  const size =
    coinbase.length +
    parentHash.length +
    compactSizeLength(nodes) +
    merkleBranch.length +
    compactSizeLength(auxNodes) +
    place.branch.length +
    header.length +
    8;
  return (
    new ByteWriter(size)
      .raw(coinbase)
      .raw(parentHash)
      .compactSize(nodes)
      .raw(merkleBranch)
      // A coinbase is the first transaction of its block.
      .u32(0)
      .compactSize(auxNodes)
      .raw(place.branch)
      .u32(place.slot)
      .raw(header)
      .done()
  );
}
