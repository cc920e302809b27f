import { join } from 'node:path';
import { codeOf } from '../primitives/errors.ts';
import { SpoolFiles } from './spoolFiles.ts';
import {
  type FolderName,
  isAbandoned,
  listFolders,
  listSegments,
  readApplied,
  spoolRoot,
} from './spoolFolder.ts';
import { SpoolReader } from './spoolReader.ts';

/** Folders that change hands while they are looked at are looked at again, so often. */
const tries = 20;

/**
 * How many acknowledged shares of dead processes still have to be brought to the store, at most: what a process had
 * applied just before it was killed counts until a pool worker has compared it with the store. Rejects with the
 * system's error when the disk cannot be read.
 */
export async function unfinishedSpools(dataDir: string, coin: string): Promise<number> {
  const root = spoolRoot(dataDir, coin);
  for (let left = tries; ; left -= 1) {
    const shares = await countOnce(root).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT' || left === 0) throw error;
    });
    if (shares !== undefined) return shares;
  }
}

/** Undefined if a folder came, went or was renamed meanwhile. */
async function countOnce(root: string): Promise<number | undefined> {
  const folders = await listFolders(root);
  let shares = 0;
  for (const folder of folders) {
    if (isOfTheDead(folder)) shares += await sharesIn(join(root, folder.name));
  }
  const after = await listFolders(root);
  return namesOf(after) === namesOf(folders) ? shares : undefined;
}

function namesOf(folders: readonly FolderName[]): string {
  return folders
    .map(({ name }) => name)
    .sort()
    .join('\n');
}

function isOfTheDead(folder: FolderName): boolean {
  return folder.state !== 'live' || isAbandoned(folder);
}

async function sharesIn(folder: string): Promise<number> {
  const segments = await listSegments(folder);
  const files = new SpoolFiles(
    folder,
    segments.map((segment) => ({ ...segment, open: false, damaged: false })),
  );
  const applied = await readApplied(folder);
  return new SpoolReader(files, () => undefined).count(applied, Infinity);
}
