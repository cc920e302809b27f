#!/usr/bin/env node
// Starts the portal. The code is TypeScript: `npm run build` compiles it to dist/.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
if (!existsSync(join(root, 'dist', 'init.js')) || !existsSync(join(root, 'node_modules'))) {
  console.error(
    `The portal is not built yet. Run "npm ci && npm run build" in ${root}, then start it again.`,
  );
  process.exit(1);
}
await import('./dist/init.js');
