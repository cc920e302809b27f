import { joinPath } from './jsonFile.ts';
import { suggestion } from './nearest.ts';
import type { PoolDraft } from './poolFile.ts';
import { shown } from './problems.ts';
import type { PoolConfig } from './types.ts';

// Merged mining: which pools name which others as their auxiliaries, and what speaks against it.

/** Names of coins, as `PoolConfig` has them. */
export type AuxiliaryLinks = Pick<PoolConfig, 'auxiliary' | 'auxiliaryOf'>;

/** True for a coin that no port of its own is for: it is mined beside others alone. */
export function isAuxiliaryOnly({
  ports,
  auxiliaryOf,
}: Pick<PoolConfig, 'ports' | 'auxiliaryOf'>): boolean {
  return ports.length === 0 && auxiliaryOf !== undefined;
}

/**
 * Checks every `auxiliary` list, and that each pool has ports unless another one mines its coin for it. What is wrong
 * is the fault of the pool that names another, but for MPOS, which is the other's.
 */
export function linkAuxiliaries(
  drafts: readonly PoolDraft[],
): ReadonlyMap<PoolDraft, AuxiliaryLinks> {
  const children = new Map<PoolDraft, PoolDraft[]>();
  for (const parent of drafts) children.set(parent, childrenOf(parent, drafts));
  const parentsOf = (child: PoolDraft): PoolDraft[] =>
    drafts.filter((parent) => children.get(parent)?.includes(child) === true);

  for (const draft of drafts) {
    if (leadsTo(draft, draft, children)) {
      refuse(draft, 'the pools name each other in a circle: a parent is mined by itself alone');
    }
    const parents = parentsOf(draft);
    if (parents.length === 0) {
      if (!draft.hasPorts) draft.complainOfPorts();
    } else if (draft.config?.mposMode.enabled === true) {
      const { report, coin } = draft;
      const message = `${parents.map(({ file }) => file).join(' and ')} mines this coin beside its own, which MPOS cannot book: switch mposMode off`;
      if (coin !== undefined) report.error(coin.place, 'mposMode', message);
    }
    const mines = children.get(draft)?.length ?? 0;
    if (mines > 0 && draft.ports.length === 0 && parents.length > 0) {
      refuse(draft, 'has no effect without "ports": the coin is itself only mined beside another');
    }
  }
  return new Map(
    drafts.map((draft) => {
      const auxiliary = namesOf(children.get(draft) ?? []);
      const auxiliaryOf = namesOf(parentsOf(draft));
      return [
        draft,
        {
          ...(auxiliary.length > 0 ? { auxiliary } : {}),
          ...(auxiliaryOf.length > 0 ? { auxiliaryOf } : {}),
        },
      ];
    }),
  );
}

function childrenOf(parent: PoolDraft, drafts: readonly PoolDraft[]): PoolDraft[] {
  const found: PoolDraft[] = [];
  const own = parent.coin?.coin;
  for (const [index, { name, place }] of parent.auxiliary.entries()) {
    const complain = (message: string): void =>
      parent.report.error(place, joinPath('auxiliary', index), message);
    const child = drafts.find((draft) => isCalled(draft, name));
    if (child === undefined) {
      const known = namesOf(drafts.filter((draft) => draft !== parent));
      const list = known.length === 0 ? 'there is no other' : `others are ${known.join(', ')}`;
      complain(
        `no enabled pool is for the coin "${shown(name)}"${suggestion(name, known)}: ${list}`,
      );
    } else if (child === parent) complain('a coin cannot be mined beside itself');
    else if (found.includes(child)) complain(`"${shown(name)}" is named twice`);
    else {
      found.push(child);
      const coin = child.coin?.coin;
      if (coin !== undefined && own !== undefined && coin.algorithm !== own.algorithm) {
        complain(
          `${coin.displayName} is mined with ${coin.algorithm}, and ${own.displayName} with ${own.algorithm}: one hash cannot serve both`,
        );
      }
    }
  }
  if (found.length > 0 && (own?.txMessages === true || own?.reward === 'POS')) {
    refuse(parent, `other chains cannot read the coinbases of ${own.displayName}`);
  }
  return found;
}

/** By the coin's name, or by its file with or without ".json". */
function isCalled({ coin }: PoolDraft, name: string): boolean {
  const wanted = name.toLowerCase();
  const file = coin?.file.toLowerCase();
  return coin?.coin?.name === wanted || file === wanted || file === `${wanted}.json`;
}

function leadsTo(
  from: PoolDraft,
  to: PoolDraft,
  children: ReadonlyMap<PoolDraft, readonly PoolDraft[]>,
): boolean {
  const reached = new Set(children.get(from));
  // A set gives what is added while it is gone through, too.
  for (const draft of reached) for (const child of children.get(draft) ?? []) reached.add(child);
  return reached.has(to);
}

function refuse(draft: PoolDraft, message: string): void {
  const place = draft.auxiliary[0]?.place;
  if (place !== undefined) draft.report.error(place, 'auxiliary', message);
}

function namesOf(drafts: readonly PoolDraft[]): string[] {
  return drafts.flatMap(({ coin }) => coin?.coin?.name ?? []);
}
