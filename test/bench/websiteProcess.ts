// The website in a process of its own, as the portal runs it, on a folder and a Redis that the bench has made.
import { join } from 'node:path';
import { algorithmNames } from '../../libs/algos/algorithms.ts';
import { loadConfig } from '../../libs/config/loadConfig.ts';
import { createLogger } from '../../libs/log/logger.ts';
import { systemClock } from '../../libs/primitives/units.ts';
import { startWebsite } from '../../libs/website/website.ts';

const dir = process.argv[2] ?? '.';
const { portal, pools, problems } = loadConfig({ dir, algorithmNames });
if (portal === undefined) throw new Error(problems.map(({ message }) => message).join('; '));
const website = await startWebsite({
  portal,
  pools,
  log: createLogger({ level: 'warning', colors: false, format: 'text' }),
  now: systemClock,
  dataDir: join(dir, 'data'),
  // Every viewer of the bench comes from one address.
  limits: {
    requestsPerMinute: 1_000_000,
    streams: { most: 5_000, mostPerIp: 5_000, heartbeat: 20_000, mostWaiting: 1 << 20 },
  },
});
process.on('message', () => undefined);
process.on('disconnect', () => process.exit(0));
process.send?.({ pid: process.pid, port: website.port, metricsPort: website.metricsPort });
