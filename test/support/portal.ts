import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { cleanUp } from './cleanup.ts';

// The real portal, `node init.js --dir FOLDER`, started and watched by a test.

export interface PortalFiles {
  readonly config: object;
  /** File name without .json -> pool configuration. */
  readonly pools: Readonly<Record<string, object>>;
}

export class PortalProcess {
  readonly dir: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  #output = '';
  #waiting: { pattern: RegExp; from: number; resolve: (line: string) => void }[] = [];

  constructor(dir: string, args: readonly string[] = []) {
    this.dir = dir;
    this.#child = spawn(process.execPath, [join(installRoot, 'init.js'), '--dir', dir, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#exited = once(this.#child, 'exit').then(([code]) => code as number | null);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8');
      stream?.on('data', (text: string) => this.#heard(text));
    }
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('The portal was not started.');
    return this.#child.pid;
  }

  get output(): string {
    return this.#output;
  }

  /** Resolves with the first line that matches, from the beginning or from character `from` of the output on. */
  async line(pattern: RegExp, options: { from?: number; within?: number } = {}): Promise<string> {
    const found = findLine(this.#output.slice(options.from ?? 0), pattern);
    if (found !== undefined) return found;
    const within = options.within ?? 60_000;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () =>
          reject(
            new Error(
              `No line ${pattern} in ${within} ms. The portal said:\n${this.#output.slice(-6000)}`,
            ),
          ),
        within,
      );
    });
    const line = new Promise<string>((resolve) => {
      this.#waiting.push({ pattern, from: options.from ?? 0, resolve });
    });
    try {
      return await Promise.race([line, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** The exit code; fails the test when it does not come in time. */
  async exit(within = 15_000): Promise<number | null> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`The portal did not end in ${within} ms.`)),
        within,
      );
    });
    try {
      return await Promise.race([this.#exited, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    await this.exit().catch(() => this.#child.kill('SIGKILL'));
    await this.#exited;
  }

  #heard(text: string): void {
    this.#output += text;
    this.#waiting = this.#waiting.filter(({ pattern, from, resolve }) => {
      const line = findLine(this.#output.slice(from), pattern);
      if (line !== undefined) resolve(line);
      return line === undefined;
    });
  }
}

function findLine(output: string, pattern: RegExp): string | undefined {
  return output.split('\n').find((line) => pattern.test(line));
}

/** Writes the files into a fresh folder, which is removed after the test. */
export async function portalFolder(t: TestContext, files: PortalFiles): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'portal-'));
  cleanUp(t, () => rm(dir, { recursive: true, force: true }));
  await writePortalFiles(dir, files);
  return dir;
}

export async function writePortalFiles(dir: string, files: PortalFiles): Promise<void> {
  await mkdir(join(dir, 'pool_configs'), { recursive: true });
  await writeFile(join(dir, 'config.json'), JSON.stringify(files.config, null, 2));
  for (const [name, pool] of Object.entries(files.pools)) {
    await writeFile(join(dir, 'pool_configs', `${name}.json`), JSON.stringify(pool, null, 2));
  }
}

/** Starts the portal and stops it after the test. */
export function startPortal(
  t: TestContext,
  dir: string,
  args: readonly string[] = [],
): PortalProcess {
  const portal = new PortalProcess(dir, args);
  cleanUp(t, () => portal.stop());
  return portal;
}

/** Pids of the portal's children (its pool workers and payment processor), from /proc. */
export async function childPids(parent: number): Promise<number[]> {
  const children = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8');
  return children
    .trim()
    .split(' ')
    .filter((pid) => pid !== '')
    .map(Number);
}
