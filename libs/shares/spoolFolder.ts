import {
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CodedError, codeOf } from '../primitives/errors.ts';
import { isAlive, type OwnerName, ownName } from './spoolOwner.ts';

// A writer's folder, data/spool/<coin>/<writerId>.<state>: its name says whose it is, so that every change of hands is
// one rename, which two processes cannot both do.
//   <writerId>.live.<owner>  its own process writes it
//   <writerId>.heir.<owner>  another process has taken it over, to bring it to the store
//   <writerId>.left          its process closed it with shares in it
// Inside: segments named for the sequence of their first group, and `applied`, the last sequence known to be in the store.

export type FolderState = 'live' | 'heir' | 'left';

export interface FolderName {
  readonly name: string;
  readonly writerId: string;
  readonly state: FolderState;
  /** Absent for `left`. */
  readonly owner?: OwnerName;
}

const folderForm = /^([\w-]+)\.(?:(live|heir)\.([\w-]+)|left)$/;
const segmentForm = /^(\d{16})\.shares$/;

export function spoolRoot(dataDir: string, coin: string): string {
  return join(dataDir, 'spool', coin);
}

export function parseFolderName(name: string): FolderName | undefined {
  const [, writerId, state, owner] = folderForm.exec(name) ?? [];
  if (writerId === undefined) return undefined;
  if (owner === undefined) return { name, writerId, state: 'left' };
  return { name, writerId, state: state === 'heir' ? 'heir' : 'live', owner };
}

/** The folders of all writers; empty if there is no spool yet. */
export async function listFolders(root: string): Promise<FolderName[]> {
  const names = await readdir(root).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
  return names.map(parseFolderName).filter((folder) => folder !== undefined);
}

/** Nobody works on it: its process closed it or is gone. */
export function isAbandoned({ owner }: FolderName): boolean {
  return owner === undefined || !isAlive(owner);
}

/** Of a new writer of this process. Nothing is made. */
export function ownFolder(root: string, writerId: string): string {
  const name = `${writerId}.live.${ownName()}`;
  if (parseFolderName(name) !== undefined) return join(root, name);
  throw new CodedError('SHARES_WRITER_ID', `"${writerId}" cannot name a share writer.`);
}

/** Makes a writer's folder, durably. Harmless when it is there. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  const root = dirname(path);
  for (const parent of [root, dirname(root), dirname(dirname(root))]) await syncFolder(parent);
}

/** Takes an abandoned folder over: its new path, or undefined if somebody else was faster. */
export async function adoptFolder(root: string, folder: FolderName): Promise<string | undefined> {
  const path = join(root, `${folder.writerId}.heir.${ownName()}`);
  try {
    await rename(join(root, folder.name), path);
    return path;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Gives a folder up, with what is in it: the next start takes it over. */
export async function leaveFolder(path: string): Promise<void> {
  const folder = parseFolderName(basename(path));
  if (folder !== undefined) await rename(path, join(dirname(path), `${folder.writerId}.left`));
}

/** For a folder without segments. Something else in it is kept: moved aside, and the new path is returned. */
export async function removeFolder(path: string): Promise<string | undefined> {
  const applied = join(path, appliedFile);
  for (const file of [applied, `${applied}.part`]) await rm(file, { force: true });
  try {
    await rmdir(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    if (codeOf(error) !== 'ENOTEMPTY') throw error;
    const aside = `${path}.kept`;
    await rename(path, aside);
    return aside;
  }
  return undefined;
}

/** Makes the names in a folder as durable as fdatasync makes the bytes of a file. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function segmentPath(folder: string, first: number): string {
  return join(folder, `${String(first).padStart(16, '0')}.shares`);
}

export interface SegmentFile {
  /** Sequence of its first group. */
  readonly first: number;
  readonly path: string;
  readonly bytes: number;
}

/** In order. Rejects with the system's error, ENOENT if the folder is gone. */
export async function listSegments(folder: string): Promise<SegmentFile[]> {
  const segments: SegmentFile[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const first = segmentForm.exec(name)?.[1];
    if (first === undefined) continue;
    const path = join(folder, name);
    segments.push({ first: Number(first), path, bytes: (await stat(path)).size });
  }
  return segments;
}

/** Cuts a file durably. */
export async function cutFile(path: string, bytes: number): Promise<void> {
  await truncate(path, bytes);
  const handle = await open(path, 'r+');
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** Moves a damaged segment out of the writer's folder, for the operator. Returns where it is now. */
export async function setAside(segment: string): Promise<string> {
  const folder = dirname(segment);
  const writerId = parseFolderName(basename(folder))?.writerId ?? 'unknown';
  const aside = join(dirname(folder), `${writerId}-${basename(segment)}.corrupt`);
  await rename(segment, aside);
  return aside;
}

const appliedFile = 'applied';

/** Notes for unfinishedSpools that the store has everything up to this sequence. Lost, too many shares are counted. */
export async function noteApplied(folder: string, sequence: number): Promise<void> {
  const file = join(folder, appliedFile);
  await writeFile(`${file}.part`, `${sequence}\n`);
  await rename(`${file}.part`, file);
}

export async function readApplied(folder: string): Promise<number> {
  const text = await readFile(join(folder, appliedFile), 'latin1').catch(() => '');
  const sequence = /^\d+\n$/.test(text) ? Number(text) : 0;
  return Number.isSafeInteger(sequence) ? sequence : 0;
}
