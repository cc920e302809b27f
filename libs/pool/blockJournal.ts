import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, messageOf } from '../primitives/errors.ts';
import { isHex } from '../primitives/hex.ts';
import { millis } from '../primitives/units.ts';
import { isRecord, own, parseJson } from '../primitives/unknown.ts';
import type { FoundBlock } from '../shares/types.ts';

// Block candidates on disk, from the moment they are found until their fate is known: a process that dies in between
// leaves them for the next start, where submitting again is harmless. Refused ones are kept for the operator.

export interface Candidate extends FoundBlock {
  readonly coin: string;
  /** The whole block, hex. */
  readonly hex: string;
}

export interface BlockJournal {
  /**
   * When it returns, the file is there for whoever comes after this process, even if that is killed the next moment;
   * the promise is for the disk. It takes a millisecond or two, which is why it may stand before a submission: a block
   * that was sent and not written down would be nobody's. Throws what the file system throws.
   */
  write(candidate: Candidate): Promise<void>;
  /** The candidate's fate is known and recorded elsewhere. */
  forget(blockHash: string): Promise<void>;
  /** Every daemon refused it: moved to rejected-blocks/ with the reason. Returns the file's path. */
  reject(blockHash: string, reason: string): Promise<string>;
  /** What earlier processes left behind for this coin, oldest first; unreadable files are reported by name. */
  unfinished(): Promise<{ candidates: Candidate[]; unreadable: string[] }>;
}

export function createBlockJournal(dataDir: string, coin: string): BlockJournal {
  const folder = join(dataDir, 'candidates', coin);
  const rejected = join(dataDir, 'rejected-blocks', coin);
  const fileOf = (blockHash: string) => join(folder, `${blockHash}.json`);

  return {
    write(candidate) {
      mkdirSync(folder, { recursive: true });
      const file = fileOf(candidate.blockHash);
      // Whole or not at all: a torn file would hide a block.
      const part = `${file}.${process.pid}.part`;
      writeFileSync(part, JSON.stringify(candidate));
      renameSync(part, file);
      return toDisk(file);
    },
    async forget(blockHash) {
      await rm(fileOf(blockHash), { force: true });
    },
    async reject(blockHash, reason) {
      await mkdir(rejected, { recursive: true });
      const target = join(rejected, `${blockHash}.json`);
      const candidate: unknown = parseJson(await readFile(fileOf(blockHash), 'utf8'));
      await writeFile(target, JSON.stringify({ reason, candidate }, null, 2), { flush: true });
      await rm(fileOf(blockHash), { force: true });
      return target;
    },
    async unfinished() {
      const names = await readdir(folder).catch(() => []);
      const candidates: Candidate[] = [];
      const unreadable: string[] = [];
      for (const name of names.filter((entry) => entry.endsWith('.json'))) {
        const candidate = await readCandidate(join(folder, name)).catch((error: unknown) => {
          unreadable.push(`${join(folder, name)} (${messageOf(error)})`);
        });
        if (candidate !== undefined) candidates.push(candidate);
      }
      return { candidates: candidates.sort((a, b) => a.height - b.height), unreadable };
    },
  };
}

async function toDisk(file: string): Promise<void> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    // Its fate was known before it was on disk, and the file is gone again.
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readCandidate(file: string): Promise<Candidate> {
  const value = parseJson(await readFile(file, 'utf8'));
  if (!isRecord(value)) throw new TypeError('it is no JSON object');
  const text = (key: string): string => {
    const field = own(value, key);
    if (typeof field !== 'string') throw new TypeError(`"${key}" is no text`);
    return field;
  };
  const number = (key: string): number => {
    const field = own(value, key);
    if (typeof field !== 'number' || !Number.isFinite(field)) {
      throw new TypeError(`"${key}" is no number`);
    }
    return field;
  };
  if (!isHex(text('hex')) || !isHex(text('blockHash'), 32))
    throw new TypeError('its hex is broken');
  return {
    coin: text('coin'),
    hex: text('hex'),
    height: number('height'),
    blockHash: text('blockHash'),
    txHash: text('txHash'),
    finder: text('finder'),
    time: millis(number('time')),
    reward: text('reward'),
    networkDifficulty: number('networkDifficulty'),
    ...(own(value, 'solo') === true ? { solo: true as const } : {}),
  };
}
