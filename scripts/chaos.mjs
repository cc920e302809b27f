// `npm run test:chaos [-- --short]`: installs and builds what is missing, then breaks things in numbers (test/chaos/).
import { join } from 'node:path';
import { prepare, root, run } from './prepare.mjs';

await prepare({ debian: ['redis-server', 'litecoind', 'mariadb-server'], ask: true });
run(process.execPath, [join(root, 'dist', 'test', 'chaos', 'chaos.js'), ...process.argv.slice(2)]);
