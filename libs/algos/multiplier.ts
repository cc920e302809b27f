import type { UnknownRecord } from '../primitives/unknown.ts';
import { isNormalHashing } from './params.ts';
import { keccakNormal, table } from './table.ts';

/**
 * Share difficulty = diff1 / hash × multiplier, without loading the hashes themselves. `params` are the coin file's.
 * Undefined for an algorithm that is not in the table.
 */
export function multiplierOf(name: string, params: UnknownRecord): number | undefined {
  if (name === keccakNormal.name && isNormalHashing(params)) return keccakNormal.multiplier;
  return table.find((entry) => entry.name === name)?.multiplier;
}
