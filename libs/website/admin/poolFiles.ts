import { createHash, randomBytes } from 'node:crypto';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { algorithmNames } from '../../algos/algorithms.ts';
import { formatProblem, loadConfig } from '../../config/loadConfig.ts';
import type { PoolConfig } from '../../config/types.ts';
import { codeOf, messageOf } from '../../primitives/errors.ts';
import { type DiffLine, lineDiff } from './lineDiff.ts';
import { masked, unmaskable, unmasked } from './poolFileText.ts';
import type { Redact } from './redaction.ts';

// Changing a file of pool_configs/: first looked at as a whole, then written. What waits to be written stays here; the
// browser gets only its name and a difference without secrets.

export const largestFile = 256 * 1024;
const waitMillis = 30 * 60_000;
const mostWaiting = 20;

export interface ShownFile {
  /** Secrets masked; undefined when it cannot be shown. */
  readonly text: string | undefined;
  readonly problem: string | undefined;
}

export interface PlannedChange {
  readonly ok: true;
  /** Names the change, for `apply`. */
  readonly id: string;
  readonly diff: readonly DiffLine[];
  readonly changedSecrets: readonly string[];
  readonly warnings: readonly string[];
}

export interface RefusedChange {
  readonly ok: false;
  readonly problems: readonly string[];
}

export type Applied =
  | { readonly ok: true; readonly backup: string }
  | { readonly ok: false; readonly problem: string };

interface Waiting {
  readonly coin: string;
  readonly text: string;
  readonly basedOn: string;
  readonly since: number;
}

export class PoolFiles {
  readonly #dir: string;
  readonly #redact: Redact;
  readonly #waiting = new Map<string, Waiting>();
  #last: Promise<unknown> = Promise.resolve();

  /** `dir` holds config.json, pool_configs/ and coins/. */
  constructor(dir: string, redact: Redact) {
    this.#dir = dir;
    this.#redact = redact;
  }

  async show(pool: PoolConfig): Promise<ShownFile> {
    let text: string;
    try {
      text = await this.#read(pool);
    } catch (error) {
      return { text: undefined, problem: `${pool.file} cannot be read: ${messageOf(error)}` };
    }
    const problem = unmaskable(text, (shown) => this.#redact(shown) === shown);
    return problem === undefined ? { text: masked(text), problem } : { text: undefined, problem };
  }

  /** Checks `edited`, the file's masked text as somebody changed it, with the whole configuration around it. */
  async plan(
    pool: PoolConfig,
    edited: string,
    now: number,
  ): Promise<PlannedChange | RefusedChange> {
    if (Buffer.byteLength(edited) > largestFile) {
      return refused(`A pool file has at most ${largestFile} bytes here.`);
    }
    try {
      const original = await this.#read(pool);
      const whole = unmasked(withLineEndsOf(original, edited), original);
      if (!whole.ok) return refused(whole.problem);
      if (whole.text === original) return refused('Nothing was changed.');
      const { errors, warnings } = await this.#check(pool, whole.text);
      if (errors.length > 0) return { ok: false, problems: errors };
      const unshown = unmaskable(whole.text, (shown) => this.#redact(shown) === shown);
      if (unshown !== undefined) return refused(unshown);
      const id = this.#keep({
        ...{ coin: pool.coin.name, text: whole.text, since: now },
        basedOn: hashOf(original),
      });
      const diff = lineDiff(masked(original), masked(whole.text));
      return { ok: true, id, diff, changedSecrets: whole.changed, warnings };
    } catch (error) {
      return refused(`The change could not be checked: ${messageOf(error)}`);
    }
  }

  /** Writes the change `id`, after a copy of the file as it was. One at a time: each sees what the one before wrote. */
  apply(pool: PoolConfig, id: string, now: number): Promise<Applied> {
    const applied = this.#last.then(() => this.#apply(pool, id, now));
    this.#last = applied;
    return applied;
  }

  async #apply(pool: PoolConfig, id: string, now: number): Promise<Applied> {
    const change = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (change?.coin !== pool.coin.name || now - change.since > waitMillis) {
      return { ok: false, problem: 'This change is not known any more: make it again.' };
    }
    try {
      const path = await realpath(join(this.#dir, pool.file));
      if (hashOf(await readFile(path, 'utf8')) !== change.basedOn) {
        const problem = 'Somebody changed the file in the meantime: look at it again.';
        return { ok: false, problem };
      }
      const backup = await this.#backUp(pool, path, now);
      await writeWhole(path, change.text);
      return { ok: true, backup };
    } catch (error) {
      return { ok: false, problem: `The file could not be written: ${messageOf(error)}` };
    }
  }

  #read(pool: PoolConfig): Promise<string> {
    return readFile(join(this.#dir, pool.file), 'utf8');
  }

  #keep(change: Waiting): string {
    const [oldest] = this.#waiting.keys();
    if (oldest !== undefined && this.#waiting.size >= mostWaiting) this.#waiting.delete(oldest);
    const id = randomBytes(16).toString('hex');
    this.#waiting.set(id, change);
    return id;
  }

  /** The path of the copy, as an operator would name it. */
  async #backUp(pool: PoolConfig, path: string, now: number): Promise<string> {
    const folder = join(dirname(join(this.#dir, pool.file)), 'backup');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const time = new Date(now).toISOString().replace(/[:.]/g, '-');
    const name = `${basename(pool.file, '.json')}.${time}.json`;
    const { mode } = await stat(path);
    await copyFile(path, join(folder, name));
    await chmod(join(folder, name), mode & 0o777);
    return `${dirname(pool.file)}/backup/${name}`;
  }

  /** Loads the configuration as it would be, from a folder of links in which only this file is another. */
  async #check(
    pool: PoolConfig,
    text: string,
  ): Promise<{ readonly errors: readonly string[]; readonly warnings: readonly string[] }> {
    const folder = await mkdtemp(join(tmpdir(), 'pool-check-'));
    try {
      const [from, file] = [(name: string) => join(this.#dir, name), basename(pool.file)];
      await mkdir(join(folder, 'pool_configs'));
      await symlink(from('config.json'), join(folder, 'config.json'));
      await symlink(from('coins'), join(folder, 'coins'));
      for (const name of await readdir(from('pool_configs'))) {
        if (!name.endsWith('.json') || name === file) continue;
        await symlink(from(`pool_configs/${name}`), join(folder, 'pool_configs', name));
      }
      await writeFile(join(folder, 'pool_configs', file), text, { mode: 0o600 });
      return this.#verdict(pool, folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  #verdict(pool: PoolConfig, dir: string) {
    const { pools, problems } = loadConfig({ dir, algorithmNames });
    const lines = (severity: 'error' | 'warning') =>
      problems
        .filter((problem) => problem.severity === severity)
        .filter((problem) => severity === 'error' || problem.file === pool.file)
        .map((problem) => this.#redact(formatProblem(problem)));
    const [errors, warnings] = [lines('error'), lines('warning')];
    const after = pools.find(({ file }) => file === pool.file);
    if (errors.length === 0 && after?.coin.name !== pool.coin.name) {
      const message =
        'A pool is not switched off and gets no other coin here: edit the file on the machine, then restart the portal.';
      return { errors: [message], warnings };
    }
    return { errors, warnings };
  }
}

/** All or nothing, also when the machine stops in between. */
async function writeWhole(path: string, text: string): Promise<void> {
  const { mode } = await stat(path);
  const beside = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    const file = await open(beside, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.chmod(mode & 0o777);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } catch (error) {
    // Not every file system can; the file itself is safe.
    if (codeOf(error) !== 'EINVAL') throw error;
  } finally {
    await folder.close();
  }
}

/** A form sends its lines with \r\n, whatever the file has. */
function withLineEndsOf(original: string, edited: string): string {
  const plain = edited.replaceAll('\r\n', '\n');
  return original.includes('\r\n') ? plain.replaceAll('\n', '\r\n') : plain;
}

function refused(problem: string): RefusedChange {
  return { ok: false, problems: [problem] };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
