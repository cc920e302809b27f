import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AuxBlock, auxProof, auxSlot, createAuxTree } from '../../libs/jobs/auxPow.ts';
import { createJob } from '../../libs/jobs/job.ts';
import { prepareShare } from '../../libs/jobs/shareCheck.ts';
import { targetFromBits } from '../../libs/primitives/target.ts';
import { difficulty, satoshis } from '../../libs/primitives/units.ts';
import { expectedIndex, faultOf, parseAuxPow } from '../support/auxVerifier.ts';
import {
  curTime,
  extranonce1,
  list,
  now,
  number,
  randomOf,
  readCoinbase,
  readVector,
  recordOf,
  settingsOf,
  templateOf,
  text,
} from './fixtures.ts';

const easyBits = 0x207fffff;

function auxBlock(chainId: number, fields: Partial<AuxBlock> = {}): AuxBlock {
  return {
    coin: `coin${chainId}`,
    hash: chainId.toString(16).padStart(8, '0').repeat(8),
    chainId,
    target: targetFromBits(easyBits),
    networkDifficulty: difficulty(1),
    reward: satoshis(5_000_000_000n),
    height: 7,
    ...fields,
  };
}

const treeOf = (...chainIds: number[]) => createAuxTree(chainIds.map((id) => auxBlock(id)));

const real = list(readVector('auxpow.json'), 'blocks').map((entry) => {
  const block = recordOf(entry);
  const header = Buffer.from(text(block, 'header'), 'hex');
  const algorithm = text(block, 'algorithm');
  return {
    name: text(block, 'block'),
    proof: Buffer.from(text(block, 'proof'), 'hex'),
    claim: {
      blockHash: text(block, 'hash'),
      chainId: number(block, 'chainId'),
      bits: header.readUInt32LE(72),
      algorithm: algorithm === 'scrypt' ? ('scrypt' as const) : ('sha256' as const),
    },
  };
});

for (const { name, proof, claim } of real) {
  test(`the verifier of these tests takes the real block's proof, and no other: ${name}`, () => {
    assert.equal(faultOf(proof, claim), undefined);
    assert.notEqual(faultOf(proof, { ...claim, chainId: claim.chainId + 1 }), undefined);
    assert.notEqual(faultOf(proof, { ...claim, bits: 0x17000001 }), undefined);
    assert.notEqual(faultOf(proof, { ...claim, blockHash: '11'.repeat(32) }), undefined);
    for (let at = 0; at < proof.length; at++) {
      const { parentHash } = parseAuxPow(proof);
      const isUnchecked = at >= parentHash.byteOffset - proof.byteOffset;
      // The parent's hash is carried and never checked, by real chains as here.
      if (isUnchecked && at < parentHash.byteOffset - proof.byteOffset + 32) continue;
      if (at % 7 !== 0) continue;
      const damaged = Buffer.from(proof);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      assert.notEqual(faultOf(damaged, claim), undefined, `byte ${at}`);
    }
  });

  test(`a proof is serialised byte for byte as the chain has it: ${name}`, () => {
    const parts = parseAuxPow(proof);
    const place = {
      block: auxBlock(claim.chainId, { hash: claim.blockHash }),
      slot: parts.chainIndex,
      branch: Buffer.concat(parts.chainBranch),
    };
    const ours = auxProof(place, {
      coinbase: parts.coinbase,
      merkleBranch: Buffer.concat(parts.coinbaseBranch),
      parentHash: parts.parentHash,
      header: parts.parentHeader,
    });
    assert.equal(ours.toString('hex'), proof.toString('hex'));
  });

  test(`the slot is the one that the real block has: ${name}`, () => {
    const { script, chainBranch, chainIndex } = parseAuxPow(proof);
    const nonce = script.readUInt32LE(script.indexOf('fabe6d6d', 0, 'hex') + 40);
    assert.equal(auxSlot(nonce, claim.chainId, chainBranch.length), chainIndex);
  });
}

test('the slot follows the rule of the chains for every nonce, chain id and height', () => {
  const random = randomOf(1);
  for (let round = 0; round < 5_000; round++) {
    const nonce = Math.floor(random() * 2 ** 32);
    const chainId = Math.floor(random() * 2 ** (1 + (round % 31)));
    const height = round % 31;
    const slot = auxSlot(nonce, chainId, height);
    assert.equal(slot, expectedIndex(nonce, chainId, height), `${nonce} ${chainId} ${height}`);
  }
});

test('no nonce makes room in a tree that is too small: two chains clash whatever it is, or never', () => {
  const random = randomOf(2);
  for (let round = 0; round < 300; round++) {
    const height = round % 8;
    const ids = [Math.floor(random() * 1024), Math.floor(random() * 1024)] as const;
    const clashes = Array.from({ length: 200 }, (_, nonce) => {
      const [one, other] = ids.map((id) => expectedIndex(nonce, id, height));
      return one === other;
    });
    assert.equal(new Set(clashes).size, 1, `${ids} ${height}`);
  }
});

test('a tree is the smallest in which no two chains have one slot, and every branch leads to its root', () => {
  const random = randomOf(3);
  for (let round = 0; round < 200; round++) {
    const ids = new Set(Array.from({ length: 1 + (round % 9) }, () => Math.floor(random() * 4096)));
    const tree = treeOf(...ids);
    assert.ok(tree);
    assert.deepEqual(tree.leftOut, []);
    const size = tree.commitment.readUInt32LE(36);
    const nonce = tree.commitment.readUInt32LE(40);
    const height = Math.log2(size);
    const slotsIn = (levels: number) =>
      new Set([...ids].map((id) => expectedIndex(nonce, id, levels))).size;
    assert.equal(slotsIn(height), ids.size);
    if (height > 0) assert.ok(slotsIn(height - 1) < ids.size);
    for (const place of tree.placed) {
      assert.equal(place.slot, expectedIndex(nonce, place.block.chainId, height));
      assert.equal(faultInTree(tree.commitment, place), undefined);
    }
  }
});

/** What a chain would find wrong with a place in the tree; everything else of the proof is as small as it can be. */
function faultInTree(
  commitment: Buffer,
  place: { readonly block: AuxBlock; readonly slot: number; readonly branch: Buffer },
): string | undefined {
  const job = createJob(templateOf({ bits: '207fffff', target: undefined }), settingsOf(), {
    sequence: 1,
    clean: true,
    now,
    auxiliary: { placed: [place], leftOut: [], commitment },
  });
  return faultWith(job, place);
}

/** The verdict of a chain on the first header that has work enough. */
function faultWith(
  job: ReturnType<typeof createJob>,
  place: { readonly block: AuxBlock; readonly slot: number; readonly branch: Buffer },
): string | undefined {
  let fault: string | undefined = 'none was prepared';
  for (let nonce = 0; nonce < 64; nonce++) {
    const prepared = prepareShare(
      job,
      {
        extranonce1,
        extranonce2Size: 4,
        extranonce2: '00000001',
        ntime: curTime.toString(16),
        nonce: nonce.toString(16).padStart(8, '0'),
        versionBits: undefined,
        versionMask: 0,
      },
      now,
    );
    assert.ok(prepared.kind === 'prepared');
    const proof = auxProof(place, {
      coinbase: prepared.coinbase,
      merkleBranch: job.merkleBranch,
      parentHash: Buffer.alloc(32),
      header: prepared.header,
    });
    const { hash: blockHash, chainId } = place.block;
    fault = faultOf(proof, { blockHash, chainId, bits: easyBits, algorithm: 'sha256' });
    if (fault !== 'too little work') return fault;
  }
  return fault;
}

test('one chain alone is committed to by its own hash as it is shown, size 1, nonce 0', () => {
  const hash = '26e1a3ef7e6e34ece7bb9e09324dca34678af1bcfcdb7a810e53cb12249c0a6a';
  const tree = createAuxTree([auxBlock(98, { hash })]);
  assert.equal(tree?.commitment.toString('hex'), `fabe6d6d${hash}0100000000000000`);
  assert.deepEqual([tree?.placed[0]?.slot, tree?.placed[0]?.branch.length], [0, 0]);
});

test('of two chains with one id the second is left out, and no chain at all is no tree', () => {
  const first = auxBlock(98);
  const second = auxBlock(98, { coin: 'twin', hash: '22'.repeat(32) });
  const tree = createAuxTree([first, auxBlock(16), second]);
  assert.deepEqual(tree?.leftOut, [second]);
  assert.deepEqual(
    tree?.placed.map(({ block }) => block.coin),
    ['coin98', 'coin16'],
  );
  assert.equal(createAuxTree([]), undefined);
});

test('chain ids that differ in high bits alone make a tall tree at once', () => {
  const tree = treeOf(1, 1 + 2 ** 29);
  assert.equal(tree?.commitment.readUInt32LE(36), 2 ** 30);
  assert.ok(tree);
  for (const place of tree.placed) {
    assert.equal(place.branch.length, 30 * 32);
    assert.equal(faultInTree(tree.commitment, place), undefined);
  }
});

test("a job's coinbase holds the commitment, and every chain of it takes the proof of a share", () => {
  const tree = treeOf(98, 16, 1);
  assert.ok(tree);
  for (const place of tree.placed) {
    const job = createJob(templateOf({ bits: '207fffff', target: undefined }), settingsOf(), {
      sequence: 1,
      clean: true,
      now,
      auxiliary: tree,
    });
    assert.equal(job.auxiliary, tree);
    assert.equal(faultWith(job, place), undefined);
  }
});

test('beside the commitment the signature is cut, and the longest extranonce2 of a port has room', () => {
  const tree = treeOf(98, 16);
  const settings = settingsOf({ signature: 'ä'.repeat(40) });
  const job = createJob(templateOf(), settings, { sequence: 1, clean: true, now, auxiliary: tree });
  for (const size of [1, 4, 16]) {
    const { script } = readCoinbase(job.coinbase(extranonce1, Buffer.alloc(size)));
    assert.ok(script.length <= 100 && script.length >= 98, `${size}: ${script.length}`);
    assert.ok(script.includes(tree?.commitment ?? ''));
  }
});

test('a template whose flags take the room gets a job without the commitment', () => {
  const flagsOf = (bytes: number) => templateOf({ coinbaseaux: { flags: '00'.repeat(bytes) } });
  const jobWith = (bytes: number) =>
    createJob(flagsOf(bytes), settingsOf(), {
      sequence: 1,
      clean: true,
      now,
      auxiliary: treeOf(98),
    });
  // 10 bytes for height, time and number, 45 for the commitment, 21 for the widest extranonces.
  assert.notEqual(jobWith(24).auxiliary, undefined);
  assert.equal(jobWith(25).auxiliary, undefined);
  const { script } = readCoinbase(jobWith(25).coinbase(extranonce1, Buffer.alloc(4)));
  assert.equal(script.includes(Buffer.from('fabe6d6d', 'hex')), false);
});

test("miners are held below the lowest difficulty of a job's chains, and credited up to the parent's", () => {
  const placed = [
    auxBlock(98, { networkDifficulty: difficulty(0.25) }),
    auxBlock(16, { networkDifficulty: difficulty(1e9) }),
  ];
  const place = { sequence: 1, clean: true, now };
  const alone = createJob(templateOf(), settingsOf(), place);
  const beside = createJob(templateOf(), settingsOf(), {
    ...place,
    auxiliary: createAuxTree(placed),
  });
  assert.deepEqual([alone.lowestDifficulty, beside.lowestDifficulty], [1, 0.25]);
  assert.deepEqual([alone.networkDifficulty, beside.networkDifficulty], [1, 1]);
});
