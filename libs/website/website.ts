import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { dirname, join } from 'node:path';
import express from 'express';
import type { PoolConfig, PortalConfig, WebsiteConfig } from '../config/types.ts';
import type { Logger } from '../log/logger.ts';
import { CodedError, codeOf, messageOf } from '../primitives/errors.ts';
import { installRoot } from '../primitives/installRoot.ts';
import type { Clock } from '../primitives/units.ts';
import { isRecord, own, parseJson } from '../primitives/unknown.ts';
import { AdminCentre } from './admin/adminCentre.ts';
import { LiveEvents } from './api/liveEvents.ts';
import { originalApi } from './api/originalApi.ts';
import { v1Router } from './api/v1Router.ts';
import { createApp } from './app.ts';
import { readCoinCatalog } from './data/coinCatalog.ts';
import { EventLog } from './data/eventLog.ts';
import { openSources } from './data/sources.ts';
import { StatsGatherer } from './data/statsGatherer.ts';
import { SwitchReader } from './data/switchReader.ts';
import { EventStreams, type StreamLimits, streamLimits } from './eventStreams.ts';
import { healthRoutes } from './health.ts';
import { metricsText } from './metrics.ts';
import { keyCoins, SiteModels } from './siteModels.ts';
import { SiteReader } from './siteReader.ts';

export interface WebsiteOptions {
  readonly portal: PortalConfig;
  readonly pools: readonly PoolConfig[];
  readonly log: Logger;
  readonly now: Clock;
  /** Absolute path of data/; the folder above it is the operator's. */
  readonly dataDir: string;
  readonly limits?: Partial<WebsiteLimits>;
}

export interface WebsiteLimits {
  /** Requests of one address in a minute. */
  readonly requestsPerMinute: number;
  readonly streams: StreamLimits;
}

export interface Website {
  readonly host: string;
  readonly port: number;
  /** Of /metrics on 127.0.0.1, if there is one. */
  readonly metricsPort: number | undefined;
  close(): Promise<void>;
}

/** A port that cannot be opened or a certificate that cannot be used. */
export class WebsiteError extends CodedError {}

const requestsPerMinute = 300;
const mostConnections = 10_000;

/**
 * Serves pages and API. Resolves when the port is open; figures come as soon as Redis answers. Rejects with
 * WebsiteError: WEBSITE_PORT_TAKEN, WEBSITE_LISTEN, WEBSITE_TLS, WEBSITE_PASSWORD.
 */
export async function startWebsite(options: WebsiteOptions): Promise<Website> {
  const { portal, pools, log, now } = options;
  const { website } = portal;
  refuseWeakPassword(website);
  const makeServer = serverMaker(website);
  const sources = openSources(portal, pools, log, now);
  const gatherer = new StatsGatherer({ portal, sources, log, now });
  const events = new EventLog({ sources, log, now });
  const coins = readCoinCatalog(dirname(options.dataDir));
  const reader = new SiteReader(gatherer, now);
  const switches = new SwitchReader(portal.switching, sources.portal, now);
  const models = new SiteModels({ portal, gatherer, reader, switches, events, coins, now });
  const streams = new EventStreams(options.limits?.streams ?? streamLimits);
  const live = new LiveEvents(gatherer, events);
  const original = originalApi({ gatherer, reader, streams, now });
  const answered = new Map<string, number>();
  const health = healthRoutes(gatherer, website.stats.updateInterval, now);
  const site = { gatherer, reader, switches, coins };
  const admin = website.adminCenter.enabled
    ? new AdminCentre({ portal, pools, log, now, dataDir: options.dataDir, sources, events })
    : undefined;
  const app = createApp({
    ...{ portal, pools, log, now, models, reader, health, admin, answered },
    keyCoins: keyCoins(coins),
    originalApi: original.router,
    v1: v1Router({ site, live, streams, version: ownVersion() }),
    requestsPerMinute: options.limits?.requestsPerMinute ?? requestsPerMinute,
  });

  const servers: Server[] = [];
  const close = async (): Promise<void> => {
    const closed = servers.map((server) => closeServer(server));
    live.close();
    original.close();
    streams.close();
    // An answer that is on its way gets a moment: a reload from the admin centre ends in this very close.
    const each = (what: (server: Server) => void) => () => {
      for (const server of servers) what(server);
    };
    const idle = setInterval(
      each((server) => server.closeIdleConnections()),
      25,
    );
    const late = setTimeout(
      each((server) => server.closeAllConnections()),
      1_000,
    );
    await Promise.all([gatherer.stop(), events.stop(), ...closed]);
    clearInterval(idle);
    clearTimeout(late);
    await sources.close();
  };
  try {
    servers.push(await listen(makeServer(app), website.port, website.host, 'website.port'));
    if (website.metricsPort > 0) {
      const metrics = metricsApp(
        () => metricsText(gatherer, streams, { byClass: answered }),
        health,
      );
      const server = createServer(metrics);
      servers.push(await listen(server, website.metricsPort, '127.0.0.1', 'website.metricsPort'));
    }
  } catch (error) {
    await close();
    throw error;
  }
  gatherer.start();
  events.start();
  const [first, second] = servers;
  return {
    host: website.host,
    port: portOf(first) ?? website.port,
    metricsPort: portOf(second),
    close,
  };
}

/** The configuration is checked for this as well; a website that anybody may steer is not opened, whoever starts it. */
function refuseWeakPassword({ adminCenter }: WebsiteConfig): void {
  const { enabled, password, passwordHash } = adminCenter;
  if (!enabled || passwordHash !== undefined || !['', 'password'].includes(password)) return;
  throw new WebsiteError(
    'WEBSITE_PASSWORD',
    'The password of the admin centre (website.adminCenter.password) is empty or "password": choose one of your own.',
  );
}

function serverMaker({ tlsOptions }: WebsiteConfig): (listener: RequestListener) => Server {
  const limits = { maxHeaderSize: 16_384, headersTimeout: 15_000, requestTimeout: 30_000 };
  if (!tlsOptions.enabled) return (listener) => createServer(limits, listener);
  try {
    const cert = readFileSync(tlsOptions.cert);
    const key = readFileSync(tlsOptions.key);
    // A wrong pair is told here, before anything is started.
    createSecureServer({ cert, key });
    return (listener) => createSecureServer({ ...limits, cert, key }, listener);
  } catch (error) {
    throw new WebsiteError(
      'WEBSITE_TLS',
      `The website's certificate (website.tlsOptions) cannot be used: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

function listen(server: Server, port: number, host: string, setting: string): Promise<Server> {
  server.maxConnections = mostConnections;
  // Broken requests are no business of the log.
  server.on('clientError', (_, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });
  return new Promise((resolve, reject) => {
    const refuse = (error: unknown) => {
      const isTaken = codeOf(error) === 'EADDRINUSE';
      const why = isTaken
        ? 'another program uses it'
        : codeOf(error) === 'EACCES'
          ? 'ports below 1024 need the right to open them (CAP_NET_BIND_SERVICE)'
          : messageOf(error);
      const code = isTaken ? 'WEBSITE_PORT_TAKEN' : 'WEBSITE_LISTEN';
      const message = `The website cannot open port ${port} on ${host} (${setting}): ${why}.`;
      reject(new WebsiteError(code, message, { cause: error }));
    };
    server.once('error', refuse);
    server.listen(port, host, () => {
      server.off('error', refuse);
      // An open port that fails later must not end the process.
      server.on('error', () => undefined);
      resolve(server);
    });
  });
}

function portOf(server: Server | undefined): number | undefined {
  const address = server?.address();
  return typeof address === 'object' && address !== null ? address.port : undefined;
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

/** For Prometheus and its like; on 127.0.0.1 only. */
function metricsApp(text: () => string, health: express.Router): RequestListener {
  const app = express();
  app.disable('x-powered-by');
  app.get('/metrics', (_, response) => {
    response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8');
    response.end(text());
  });
  app.use('/health', health);
  app.use((_, response) => {
    response.status(404).end();
  });
  return app;
}

function ownVersion(): string {
  const file = parseJson(readFileSync(join(installRoot, 'package.json'), 'utf8'));
  const version = isRecord(file) ? own(file, 'version') : undefined;
  return typeof version === 'string' ? version : '0';
}
