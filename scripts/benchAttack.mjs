// `npm run bench:attack [-- --short]`: installs and builds what is missing, then attacks a pool (test/bench/).
import { join } from 'node:path';
import { prepare, root, run } from './prepare.mjs';

await prepare({ debian: ['redis-server'], ask: true });
run(process.execPath, [
  join(root, 'dist', 'test', 'bench', 'attackMain.js'),
  ...process.argv.slice(2),
]);
