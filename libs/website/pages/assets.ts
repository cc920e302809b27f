import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installRoot } from '../../primitives/installRoot.ts';

// Everything under /static/: website/static/ as it is, modules that server and browser share (compiled from browser/),
// and what the build put into dist/website/. All of it is small and is kept in memory.

export interface Asset {
  readonly body: Buffer;
  /** Content-Type. */
  readonly type: string;
  /** Changes with the content; URLs made by assetUrl carry it as ?v=, so such replies may be kept for ever. */
  readonly version: string;
}

const types: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

const sharedModules = ['format.js', 'addressCheck.js', 'sha256.js'];
const builtFiles = ['uPlot.js', 'uPlot.css'];

const assets = load();

/** The file of /static/`name`, or undefined. */
export function assetOf(name: string): Asset | undefined {
  return assets.get(name);
}

/** The URL of a file of /static/. Throws for a name that is not there: a mistake in a template. */
export function assetUrl(name: string): string {
  const asset = assets.get(name);
  if (asset === undefined) throw new Error(`There is no file "${name}" for /static/.`);
  return `/static/${name}?v=${asset.version}`;
}

/** Throws when the website was not built. */
function load(): ReadonlyMap<string, Asset> {
  const found = new Map<string, Asset>();
  const staticFolder = join(installRoot, 'website', 'static');
  const sharedFolder = join(dirname(fileURLToPath(import.meta.url)), 'browser');
  const builtFolder = join(installRoot, 'dist', 'website');
  if (!existsSync(builtFolder)) {
    throw new Error(`The website is not built: ${builtFolder} is missing. Run "npm run build".`);
  }
  for (const [folder, names] of [
    [staticFolder, readdirSync(staticFolder)],
    [sharedFolder, sharedModules],
    [builtFolder, builtFiles],
  ] as const) {
    for (const name of names) {
      const type = types[name.slice(name.lastIndexOf('.') + 1)];
      if (type !== undefined) found.set(name, assetFrom(join(folder, name), type));
    }
  }
  return found;
}

function assetFrom(path: string, type: string): Asset {
  // The compiler's last line names a map that is not served.
  const text = readFileSync(path, 'utf8').replace(/\n\/\/# sourceMappingURL=\S+\s*$/, '\n');
  const body = Buffer.from(text);
  const version = createHash('sha256').update(body).digest('hex').slice(0, 10);
  return { body, type, version };
}
