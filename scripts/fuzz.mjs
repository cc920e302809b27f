// `npm run fuzz [-- --short]`: installs and builds what is missing, then feeds every edge with garbage (test/fuzz/).
import { join } from 'node:path';
import { prepare, root, run } from './prepare.mjs';

await prepare({ debian: [], ask: true });
run(process.execPath, [join(root, 'dist', 'test', 'fuzz', 'fuzz.js'), ...process.argv.slice(2)]);
