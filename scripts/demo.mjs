// `npm run demo [-- --check | --clean | --help]`: installs and builds what is missing, then runs scripts/demo/.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare, root } from './prepare.mjs';

const args = process.argv.slice(2);
await prepare({ debian: ['redis-server', 'litecoind'], ask: !args.includes('--yes') });
// In this very process, so that Ctrl-C reaches the one that has the children to end.
await import(pathToFileURL(join(root, 'dist', 'scripts', 'demo', 'demo.js')).href);
