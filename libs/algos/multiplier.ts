import { own, type UnknownRecord } from '../primitives/unknown.ts';
import { keccakNormal, table } from './table.ts';

/**
 * Share difficulty = diff1 / hash × multiplier, without loading the hashes themselves. `params` are the coin file's.
 * Undefined for an algorithm that is not in the table.
 */
export function multiplierOf(name: string, params: UnknownRecord): number | undefined {
  const entry = table.find((candidate) => candidate.name === name);
  if (entry?.name !== keccakNormal.name) return entry?.multiplier;
  return own(params, 'normalHashing') === true ? keccakNormal.multiplier : entry.multiplier;
}
