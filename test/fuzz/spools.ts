import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAbandoned } from '../../libs/shares/spoolFiles.ts';
import { segmentPath } from '../../libs/shares/spoolFolder.ts';
import { SpoolReader } from '../../libs/shares/spoolReader.ts';
import { dice } from '../chaos/dice.ts';
import { recordsOf } from '../shares/support/spools.ts';
import { mutateBytes } from './mutate.ts';
import type { FuzzSuite } from './watch.ts';

// Spools of a dead writer on a disk that forgot some bytes: every group that is whole is read, once, in order, and no
// share is made up.

const mostGroups = 12;

export const spools: FuzzSuite = {
  name: 'spool',
  counts: 'damaged spools',
  long: 20_000,
  short: 400,
  async fuzz(run, tally, watch) {
    const throws = dice(run.seed).apart('spool');
    const records = Array.from({ length: mostGroups }, (_, at) => recordsOf(at + 1, at + 1));
    const dir = mkdtempSync(join(tmpdir(), 'fuzz-spool-'));
    try {
      for (let done = 0; done < run.count; done++) {
        if (done % 20 === 0) watch.at(done);
        const groups = throws.between(1, mostGroups);
        const cut = throws.between(1, groups);
        const pieces = [records.slice(0, cut), records.slice(cut, groups)];
        const segments = pieces.map((piece) => Buffer.concat(piece));
        const hit = throws.chance(0.5) ? 0 : 1;
        const bytes = segments.map((segment, at) =>
          at === hit ? mutateBytes(segment, throws) : segment,
        );
        for (const name of await readdir(dir)) await rm(join(dir, name));
        for (const [at, segment] of bytes.entries()) {
          if (segment.length > 0) writeFileSync(segmentPath(dir, at === 0 ? 1 : cut + 1), segment);
        }
        const whole = records
          .slice(0, groups)
          .flatMap((record, at) =>
            bytes.some((segment) => segment.includes(record)) ? [at + 1] : [],
          );
        const read = await readAll(dir, throws.between(1, 9));
        tally.count('groups', groups);
        tally.count('groups read', read.length);
        tally.check(
          JSON.stringify(read) === JSON.stringify(whole),
          () =>
            `groups ${whole} are whole, read were ${read}: ${bytes.map((segment) => segment.toString('base64')).join(' ')}`,
        );
      }
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
};

/** The sequences of all groups; a group with other shares than it was written with counts as 0. */
async function readAll(dir: string, most: number): Promise<number[]> {
  const { files } = await openAbandoned(dir);
  const reader = new SpoolReader(files, () => undefined);
  const sequences: number[] = [];
  let through = 0;
  while (through < files.last) {
    const read = await reader.read(through, most);
    if (read.through <= through) throw new Error(`reading does not get past ${through}`);
    through = read.through;
    for (const { sequence, shares } of read.groups) {
      const workers = shares.map(({ worker }) => worker).join();
      const written = [0, 1, 2].map((share) => `g${sequence}s${share}`).join();
      sequences.push(workers === written ? sequence : 0);
    }
  }
  return sequences;
}
