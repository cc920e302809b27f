import compression from 'compression';
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type Response,
} from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import type { PoolConfig, PortalConfig } from '../config/types.ts';
import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { messageOf } from '../primitives/errors.ts';
import type { Clock } from '../primitives/units.ts';
import { RedisError } from '../redis/errors.ts';
import { adminApiV1 } from './admin/adminApiV1.ts';
import type { AdminCentre } from './admin/adminCentre.ts';
import { adminPages } from './admin/adminPages.ts';
import { htmlType, sendBody } from './answers.ts';
import { adminRouter } from './api/adminApi.ts';
import { HttpProblem, problemBody, titleOf } from './httpProblem.ts';
import { pageRoutes, sendPage } from './pageRoutes.ts';
import { assetOf } from './pages/assets.ts';
import { keyPage } from './pages/keyPage.ts';
import type { MiningKeyPage } from './siteData.ts';
import type { SiteModels } from './siteModels.ts';
import type { SiteReader } from './siteReader.ts';

// The order in which a request passes: headers, compression, health and files, the limit, API, pages, errors.

export interface AppOptions {
  readonly portal: PortalConfig;
  readonly pools: readonly PoolConfig[];
  readonly log: Logger;
  readonly now: Clock;
  readonly models: SiteModels;
  readonly reader: SiteReader;
  readonly keyCoins: MiningKeyPage['coins'];
  readonly originalApi: express.Router;
  readonly v1: express.Router;
  readonly health: express.Router;
  /** Undefined while it is off. */
  readonly admin: AdminCentre | undefined;
  /** Answers by class ("2xx"): counted here. */
  readonly answered: Map<string, number>;
  /** Requests of one address in a minute, files left out. */
  readonly requestsPerMinute: number;
}

const minute = 60_000;
const year = 365 * 86_400;

/** Scripts, styles and connections of this site only; nothing inline. */
const contentPolicy = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  connectSrc: ["'self'"],
  fontSrc: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
  baseUri: ["'none'"],
};

export function createApp(options: AppOptions): Express {
  const { portal, pools, models, reader, admin, answered } = options;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // Queries are read with URLSearchParams: no nested objects out of brackets.
  app.set('query parser', false);
  // A reverse proxy on this machine says whom it speaks for; nobody else is believed.
  app.set('trust proxy', 'loopback');

  app.use((_, response, next) => {
    response.once('finish', () => {
      const status = `${Math.floor(response.statusCode / 100)}xx`;
      answered.set(status, (answered.get(status) ?? 0) + 1);
    });
    next();
  });
  app.use(compression({ filter: isWorthCompressing }));
  const [plain, secure] = [false, true].map((isSecure) => headersFor(portal, isSecure));
  app.use((request, response, next) => {
    (request.secure ? secure : plain)?.(request, response, next);
  });
  app.use('/health', options.health);
  app.get('/static/:name', sendAsset);
  app.use(
    rateLimit({
      windowMs: minute,
      limit: options.requestsPerMinute,
      standardHeaders: 'draft-8',
      legacyHeaders: false,
      keyGenerator: ({ ip }) => ipKeyGenerator(ip ?? ''),
      handler: () => {
        throw new HttpProblem(429, 'Too many requests came from your address: wait a minute.');
      },
    }),
  );
  app.get('/key.html', keyPageRoute(options.keyCoins));

  if (admin !== undefined) {
    app.use(
      '/api/admin/v1',
      adminApiV1(admin, () => models.shell('/admin').notice),
    );
    app.use('/api/admin', adminRouter(portal, pools, admin));
  }
  app.use('/api', allowEverywhere);
  app.use('/api/v1', options.v1);
  app.use('/api', options.originalApi);
  if (admin !== undefined) app.use('/admin', adminPages(admin, models));
  app.use(pageRoutes({ models, reader, adminEnabled: admin !== undefined }));
  app.use(() => {
    throw new HttpProblem(404, 'There is nothing at this address.');
  });
  app.use(errorHandler(options));
  return app;
}

/** Browsers complain of isolation that is asked for without encryption: it cannot be had then. */
function headersFor(portal: PortalConfig, isSecure: boolean): ReturnType<typeof helmet> {
  return helmet({
    contentSecurityPolicy: { useDefaults: false, directives: contentPolicy },
    strictTransportSecurity: portal.website.tlsOptions.enabled ? { maxAge: year } : false,
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginOpenerPolicy: isSecure,
    originAgentCluster: isSecure,
  });
}

function isWorthCompressing(request: Request, response: Response): boolean {
  // Events would wait in the compressor.
  if (String(response.getHeader('Content-Type')).startsWith('text/event-stream')) return false;
  return compression.filter(request, response);
}

/** The public API may be read by any web page. */
function allowEverywhere(request: Request, response: Response, next: () => void): void {
  if (request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS') {
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Expose-Headers', 'ETag, X-Stale');
    response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
  }
  if (request.method !== 'OPTIONS') {
    next();
    return;
  }
  response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD');
  response.setHeader('Access-Control-Allow-Headers', 'If-None-Match, Last-Event-ID');
  response.setHeader('Access-Control-Max-Age', '86400');
  response.status(204).end();
}

function sendAsset(request: Request, response: Response): void {
  const name = request.params['name'];
  const asset = typeof name === 'string' ? assetOf(name) : undefined;
  if (asset === undefined) throw new HttpProblem(404, 'There is no such file.');
  const isVersioned = request.originalUrl.endsWith(`?v=${asset.version}`);
  response.setHeader(
    'Cache-Control',
    isVersioned ? `public, max-age=${year}, immutable` : 'public, max-age=300',
  );
  sendBody(request, response, { type: asset.type, body: asset.body, etag: `W/"${asset.version}"` });
}

/** key.html carries its own policy: it may show itself, and connect to nothing. */
function keyPageRoute(coins: MiningKeyPage['coins']): express.RequestHandler {
  let page: ReturnType<typeof keyPage> | undefined;
  return (request, response) => {
    page ??= keyPage(coins);
    response.setHeader('Content-Security-Policy', page.csp);
    sendBody(request, response, { type: htmlType, body: page.html });
  };
}

function errorHandler({ log, now, models }: AppOptions): ErrorRequestHandler {
  const said = new OncePer(minute, now);
  return (error: unknown, request, response, _next) => {
    const { status, detail } = problemOf(error);
    if (status === 500 && said.allows('failure')) {
      log.error(`A request for ${request.path.slice(0, 200)} failed: ${messageOf(error)}`);
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    for (const name of ['ETag', 'Content-Disposition', 'Content-Encoding'])
      response.removeHeader(name);
    response.setHeader('Cache-Control', 'no-store');
    response.status(status);
    if (!wantsPage(request)) {
      response.type('application/problem+json').send(JSON.stringify(problemBody(status, detail)));
      return;
    }
    try {
      sendPage(request, response, models.error(request.path, status, titleOf(status), detail));
    } catch {
      response.type('text/plain').send(`${titleOf(status)}. ${detail}`);
    }
  };
}

function wantsPage(request: Request): boolean {
  const isPage = !/^\/(?:api\/|health\/|static\/|get_page)/.test(request.path);
  return isPage && request.accepts(['html', 'json']) === 'html';
}

function problemOf(error: unknown): { readonly status: number; readonly detail: string } {
  if (error instanceof HttpProblem) return { status: error.status, detail: error.message };
  if (error instanceof RedisError) {
    return { status: 503, detail: 'The data cannot be read at the moment; try again soon.' };
  }
  if (error instanceof URIError) {
    return { status: 400, detail: 'The address is not encoded as URLs are.' };
  }
  // What express and its body parser refuse says so by its status.
  const status = typeof error === 'object' && error !== null && 'status' in error && error.status;
  if (status === 413) return { status, detail: 'The request is too large.' };
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return { status, detail: 'The request cannot be understood.' };
  }
  return { status: 500, detail: 'Something went wrong here; it is in the log.' };
}
