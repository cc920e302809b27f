import net from 'node:net';
import type { PoolConfig, PortalConfig } from '../config/types.ts';
import { codeOf, messageOf } from '../primitives/errors.ts';

// Before anything is forked: is every port that we want still free?

/** A sentence for each port that cannot be listened on. */
export async function takenPorts(
  portal: PortalConfig,
  pools: readonly PoolConfig[],
): Promise<readonly string[]> {
  const wanted = pools.flatMap((pool) =>
    pool.ports.map(({ port }) => ({
      port,
      host: undefined,
      what: `ports.${port} of ${pool.file}`,
    })),
  );
  const switched = Object.entries(portal.switching).flatMap(([name, { enabled, ports }]) =>
    Object.values(enabled ? ports : {}).map(({ port }) => ({
      port,
      host: undefined,
      what: `switching.${name}.ports.${port} of config.json`,
    })),
  );
  const cli = { port: portal.cliPort, host: '127.0.0.1', what: 'cliPort of config.json' };
  const { enabled, port, host, metricsPort } = portal.website;
  const website = enabled ? [{ port, host, what: 'website.port of config.json' }] : [];
  if (enabled && metricsPort > 0) {
    const what = 'website.metricsPort of config.json';
    website.push({ port: metricsPort, host: '127.0.0.1', what });
  }
  const problems = await Promise.all([cli, ...website, ...switched, ...wanted].map(tryPort));
  return problems.filter((problem) => problem !== undefined);
}

function tryPort(wanted: {
  port: number;
  host: string | undefined;
  what: string;
}): Promise<string | undefined> {
  const { port, host, what } = wanted;
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', (error) => resolve(sentence(error, port, what)));
    probe.listen({ port, ...(host === undefined ? {} : { host }), exclusive: true }, () =>
      probe.close(() => resolve(undefined)),
    );
  });
}

function sentence(error: Error, port: number, what: string): string {
  if (codeOf(error) === 'EADDRINUSE') {
    return `Port ${port} (${what}) is in use by another program: stop that one or choose another port.`;
  }
  if (codeOf(error) === 'EACCES') {
    return `Port ${port} (${what}) may not be opened by this user: choose a port above 1023.`;
  }
  return `Port ${port} (${what}) cannot be opened: ${messageOf(error)}.`;
}
