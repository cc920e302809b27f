// `npm run bench [-- --short]`: installs and builds what is missing, then measures (test/bench/).
import { join } from 'node:path';
import { prepare, root, run } from './prepare.mjs';

await prepare({ debian: ['redis-server', 'mariadb-server'], ask: true });
run(process.execPath, [join(root, 'dist', 'test', 'bench', 'bench.js'), ...process.argv.slice(2)]);
