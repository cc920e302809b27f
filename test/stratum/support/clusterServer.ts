// Stratum servers that share a port, as the pool workers do: the primary forks one more at each message of its parent.
import cluster from 'node:cluster';
import { StratumServer } from '../../../libs/stratum/server.ts';
import { plainPort, serverOptions } from './fakePool.ts';

if (cluster.isPrimary) {
  const port = Number(process.argv[2]);
  process.on('message', () => void cluster.fork({ STRATUM_PORT: String(port) }));
  cluster.on('message', () => process.send?.('ready'));
  process.on('disconnect', () => process.exit(0));
} else {
  const port = Number(process.env['STRATUM_PORT']);
  const server = new StratumServer({ ...serverOptions(), ports: [{ ...plainPort, port }] });
  await server.listen();
  process.send?.('ready');
}
