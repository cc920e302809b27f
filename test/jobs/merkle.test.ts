import assert from 'node:assert/strict';
import { test } from 'node:test';
import { merkleBranch } from '../../libs/jobs/merkle.ts';
import { sha256d } from './fixtures.ts';

/** Bitcoin's definition: pair up all nodes, the last with itself, until one is left. */
function rootOf(leaves: readonly Buffer[]): Buffer {
  let nodes = [...leaves];
  while (nodes.length > 1) {
    const next: Buffer[] = [];
    for (let at = 0; at < nodes.length; at += 2) {
      const left = nodes[at] ?? Buffer.alloc(0);
      next.push(sha256d(Buffer.concat([left, nodes[at + 1] ?? left])));
    }
    nodes = next;
  }
  return nodes[0] ?? Buffer.alloc(0);
}

function fold(first: Buffer, branch: Buffer): Buffer {
  let root = first;
  for (let at = 0; at < branch.length; at += 32) {
    root = sha256d(Buffer.concat([root, branch.subarray(at, at + 32)]));
  }
  return root;
}

test('the branch leads from the coinbase of Bitcoin block 100000 to its merkle root', () => {
  const [coinbase, ...others] = [
    '8c14f0db3df150123e6f3dbbf30f8b955a8249b62ac1d1ff16284aefa3d06d87',
    'fff2525b8931402dd09222c50775608f75787bd2b87e56995a7bdd30f79702c4',
    '6359f0868171b1d194cbee1af2f16ea598ae8fad666d9b012c8ed2b79a236ec4',
    'e9a66845e05d5abc0ad04ec80f774a7e585c6e8db975962d069a522137b80c1d',
  ].map((txid) => Buffer.from(txid, 'hex').reverse());
  const branch = merkleBranch(Buffer.concat(others));
  assert.equal(branch.length, 2 * 32);
  assert.equal(
    fold(coinbase ?? Buffer.alloc(0), branch)
      .reverse()
      .toString('hex'),
    'f3e94742aca4b5ef85488dc37c06c3282295ffec960994b2c0d5ac2a25a95766',
  );
});

test('the branch agrees with the whole tree for every number of transactions up to 40', () => {
  const first = sha256d(Buffer.from('coinbase'));
  for (let count = 0; count <= 40; count++) {
    const others = Array.from({ length: count }, (_, at) => sha256d(Buffer.from([at])));
    const branch = merkleBranch(Buffer.concat(others));
    assert.deepEqual(fold(first, branch), rootOf([first, ...others]), `${count}`);
    assert.equal(branch.length, 32 * Math.ceil(Math.log2(count + 1)), `${count}`);
  }
});

test('the txids that are given stay as they are', () => {
  const txids = Buffer.alloc(5 * 32, 7);
  merkleBranch(txids);
  assert.deepEqual(txids, Buffer.alloc(5 * 32, 7));
  assert.throws(() => merkleBranch(Buffer.alloc(33)), RangeError);
});
