import { createServer } from 'node:http';
import type { PoolConfig, PortalConfig } from '../config/types.ts';
import type { Logger } from '../log/logger.ts';
import type { Clock } from '../primitives/units.ts';

export interface WebsiteOptions {
  readonly portal: PortalConfig;
  readonly pools: readonly PoolConfig[];
  readonly log: Logger;
  readonly now: Clock;
  /** Absolute path of data/; its parent is the operator's folder. */
  readonly dataDir: string;
}

export interface Website {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

export async function startWebsite(options: WebsiteOptions): Promise<Website> {
  const { host, port } = options.portal.website;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return { host, port, close: () => new Promise((resolve) => server.close(() => resolve())) };
}
