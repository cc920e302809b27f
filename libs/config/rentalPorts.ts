import { type Difficulty, difficulty } from '../primitives/units.ts';
import { joinPath } from './jsonFile.ts';
import type { Place, Report } from './problems.ts';
import type { PortConfig, VarDiffConfig } from './types.ts';

// Ports for rented hash power. A market's proxy stands for thousands of miners: it wants a high difficulty, room in
// extranonce2 to deal out, and a small coinbase. What the file says of such a port goes before what stands here.

/**
 * NiceHash turns down a pool whose difficulty is below 500,000 for these; 2^19 also suits proxies that want a power of
 * two. MiningRigRentals has no lowest one of its own: it goes by what the owner of each rig suggests.
 */
const lowest: ReadonlyMap<string, number> = new Map([
  ['sha256', 524_288],
  ['scrypt', 524_288],
]);
/** Bytes; NiceHash takes no fewer than 4. */
export const rentalExtranonce2Size = 8;
/** Bytes of coinbase that NiceHash's proxies take. */
export const rentalCoinbaseLimit = 500;

/** A port as the file has it: of a rental port the algorithm decides what is left out. */
export interface PortDraft extends Omit<PortConfig, 'diff' | 'varDiff'> {
  readonly diff?: Difficulty;
  readonly varDiff?: VarDiffDraft;
}

export interface VarDiffDraft extends Omit<VarDiffConfig, 'minDiff'> {
  readonly minDiff?: Difficulty;
}

/** Undefined when something that is left out is known for no such algorithm; `path` is that of the ports. */
export function settlePorts(
  drafts: readonly PortDraft[],
  algorithm: string,
  where: { readonly place: Place; readonly path: string },
  report: Report,
): readonly PortConfig[] | undefined {
  const ports = drafts.map((draft) => {
    const path = joinPath(where.path, String(draft.port));
    return settle(draft, algorithm, { place: where.place, path }, report);
  });
  const sound = ports.filter((port) => port !== undefined);
  return sound.length === ports.length ? sound : undefined;
}

function settle(
  { diff: given, varDiff, ...port }: PortDraft,
  algorithm: string,
  { place, path }: { readonly place: Place; readonly path: string },
  report: Report,
): PortConfig | undefined {
  const least = port.rental === true ? lowest.get(algorithm) : undefined;
  const diff = given ?? (least === undefined ? undefined : difficulty(least));
  if (diff === undefined) {
    const message = `is missing: what rental markets ask for with ${algorithm} is not known here`;
    report.unusable(place, joinPath(path, 'diff'), message);
    return undefined;
  }
  if (least !== undefined && Math.min(diff, varDiff?.minDiff ?? diff) < least) {
    report.warning(
      place,
      path,
      `goes below difficulty ${least}: NiceHash turns such a pool down for ${algorithm}`,
    );
  }
  if (varDiff === undefined) return { ...port, diff };
  const minDiff = varDiff.minDiff ?? difficulty(Math.min(diff, least ?? diff));
  if (minDiff > varDiff.maxDiff) {
    const message = `its lowest difficulty, ${minDiff} for rentals, is above maxDiff ${varDiff.maxDiff}`;
    report.unusable(place, joinPath(path, 'varDiff'), message);
    return undefined;
  }
  return { ...port, diff, varDiff: { ...varDiff, minDiff } };
}
