import assert from 'node:assert/strict';
import { isRecord, own } from '../../libs/primitives/unknown.ts';
import { satoshisOf } from '../../scripts/regtest/litecoin.ts';
import type { TestMiner } from '../../scripts/regtest/testMiner.ts';

// What the chain itself says, and how tests bring shares about.

export interface ChainOutput {
  readonly value: number;
  readonly scriptPubKey: unknown;
}

export interface ChainTransaction {
  readonly txid: string;
  readonly vout: readonly ChainOutput[];
  readonly confirmations?: number;
}

export interface ChainBlock {
  readonly tx: readonly ChainTransaction[];
  readonly height: number;
  readonly confirmations: number;
}

/** Satoshis that the transaction pays to the address. */
export function received(transaction: ChainTransaction, address: string): bigint {
  return transaction.vout
    .filter(({ scriptPubKey }) => {
      const addresses = isRecord(scriptPubKey) ? own(scriptPubKey, 'addresses') : undefined;
      return Array.isArray(addresses) && addresses.includes(address);
    })
    .reduce((sum, { value }) => sum + satoshisOf(value), 0n);
}

export function totalOutput(transaction: ChainTransaction): bigint {
  return transaction.vout.reduce((sum, { value }) => sum + satoshisOf(value), 0n);
}

/** Sends `count` good shares, one after the other; each is a block, or none is. All must be accepted. */
export async function mineShares(miner: TestMiner, count: number, blocks: boolean): Promise<void> {
  miner.setBlockPart(blocks ? 1 : 0);
  for (let i = 0; i < count; i++) {
    assert.equal(await miner.mine(), true, [...miner.rejected.keys()].join(', '));
  }
}

/** The hash of the last acknowledged share that was a block. */
export function lastBlockOf(miner: TestMiner): string {
  const found = miner.acknowledged.findLast(({ blockHash }) => blockHash !== undefined);
  assert.ok(found?.blockHash, 'the miner found no block');
  return found.blockHash;
}
