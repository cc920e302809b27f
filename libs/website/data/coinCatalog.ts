import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '../../algos/table.ts';
import { CoinShelf } from '../../config/coins.ts';
import type { CoinConfig } from '../../config/types.ts';
import { installRoot } from '../../primitives/installRoot.ts';

/** All coins that could be mined: the files of the operator's coins/ and the installation's, by name. */
export function readCoinCatalog(dir: string): readonly CoinConfig[] {
  const shelf = new CoinShelf(
    dir,
    table.map(({ name }) => name),
    [],
  );
  const files = new Set([join(dir, 'coins'), join(installRoot, 'coins')].flatMap(jsonFilesIn));
  const coins = new Map<string, CoinConfig>();
  for (const file of [...files].sort()) {
    const answer = shelf.get(file);
    if (answer.kind === 'coin') coins.set(answer.coin.name, answer.coin);
  }
  return [...coins.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function jsonFilesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch {
    return []; // The operator may have no coins/ of his own.
  }
}
