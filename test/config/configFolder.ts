import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { formatProblem, type LoadedConfig, loadConfig } from '../../libs/config/loadConfig.ts';
import type { PoolConfig } from '../../libs/config/types.ts';

// Configuration folders for tests, and what loading them says.

export const algorithmNames = [
  ...['groestl', 'keccak', 'quark', 'scrypt', 'scrypt-jane', 'scrypt-n', 'sha1', 'sha256'],
  ...['skein', 'x11'],
];

/** Writes `files` (path -> text, or a value to write as JSON) into a folder that is removed after the test. */
export function configFolder(t: TestContext, files: Readonly<Record<string, unknown>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'config-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2);
    writeFileSync(join(dir, path), text);
  }
  return dir;
}

export const daemon = { host: '127.0.0.1', port: 9332, user: 'rpc', password: 'canary-daemon' };

/** A sound pool of litecoin on port 3008, with these fields set otherwise. */
export function pool(fields: object = {}): object {
  return {
    enabled: true,
    coin: 'litecoin.json',
    address: 'LZz44iyF4zLCXJTU8RxztyyJZBntdS6fvv',
    ports: { '3008': { diff: 8 } },
    daemons: [daemon],
    ...fields,
  };
}

export interface Loaded extends LoadedConfig {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

export function load(dir: string, skipInvalid = false): Loaded {
  const loaded = loadConfig({ dir, skipInvalid, algorithmNames });
  const lines = (severity: 'error' | 'warning') =>
    loaded.problems.filter((problem) => problem.severity === severity).map(formatProblem);
  return { ...loaded, errors: lines('error'), warnings: lines('warning') };
}

/** Loads a folder of config.json and the one pool file litecoin.json. */
export function loadPool(t: TestContext, poolFile: unknown, config: unknown = {}): Loaded {
  return load(configFolder(t, { 'config.json': config, 'pool_configs/litecoin.json': poolFile }));
}

/** The one pool of a folder that has no errors. */
export function onlyPool({ errors, pools }: Loaded): PoolConfig {
  const [only] = pools;
  if (only === undefined || pools.length !== 1)
    throw new Error(`No single pool: ${errors.join('; ')}`);
  return only;
}
