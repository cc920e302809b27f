#!/usr/bin/env node
// Sends a command to the portal. The code is TypeScript: `npm run build` compiles it to dist/.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
if (
  !existsSync(join(root, 'dist', 'scripts', 'cli.js')) ||
  !existsSync(join(root, 'node_modules'))
) {
  console.error(`The build is missing: run npm ci && npm run build in ${root}.`);
  process.exit(1);
}
await import('../dist/scripts/cli.js');
