import express, { type Request, type Response, type Router } from 'express';
import { htmlType, sendBody } from './answers.ts';
import { pathParameters } from './api/endpoints.ts';
import { checkPath, type Parameter, readQuery } from './api/parameters.ts';
import { blockStatuses } from './api/schemas.ts';
import { searchOf } from './api/v1Router.ts';
import type { PoolGatherer } from './data/poolGatherer.ts';
import { HttpProblem } from './httpProblem.ts';
import { renderFragment, renderPage } from './pages/render.ts';
import { type FragmentId, fragmentIds, historyRanges, type PageModel } from './siteData.ts';
import type { SiteModels } from './siteModels.ts';
import type { SiteReader } from './siteReader.ts';

// Which page is at which path.

const page: Parameter = {
  schema: { type: 'integer', minimum: 1, maximum: 1_000_000, default: 1 },
  about: 'Page, from 1',
};
const range: Parameter = {
  schema: { type: 'string', enum: historyRanges, default: '24h' },
  about: 'How far back',
};
const status: Parameter = {
  schema: { type: 'string', enum: blockStatuses },
  about: 'Block status',
};
const typed: Parameter = {
  schema: { type: 'string', maxLength: 128, default: '' },
  about: 'As typed',
};

export interface PageRoutesOptions {
  readonly models: SiteModels;
  readonly reader: SiteReader;
  readonly adminEnabled: boolean;
}

export function pageRoutes({ models, reader, adminEnabled }: PageRoutesOptions): Router {
  const router = express.Router();
  const show = (
    path: string,
    make: (request: Request) => PageModel | Promise<PageModel>,
    statusOf: (model: PageModel) => number = () => 200,
  ): void => {
    router.get(path, async (request, response) => {
      const model = await make(request);
      response.status(statusOf(model));
      sendPage(request, response, model);
    });
  };
  const poolOf = (request: Request): PoolGatherer => {
    const coin = pathText(request, 'coin');
    const pool = reader.pool(coin);
    if (pool === undefined) throw new HttpProblem(404, 'There is no pool of that coin here.');
    return pool;
  };

  show('/', ({ path }) => models.home(path));
  show('/pool/:coin', (request) =>
    models.pool(request.path, poolOf(request), choice(request, 'range', range, historyRanges)),
  );
  show('/pool/:coin/blocks', (request) => {
    const { path } = request;
    const asked = searchOf(request).get('status');
    const wanted =
      asked === null || asked === '' ? undefined : choice(request, 'status', status, blockStatuses);
    return models.blocks(path, poolOf(request), wanted, pageOf(request));
  });
  show('/pool/:coin/payments', (request) =>
    models.payments(request.path, poolOf(request), pageOf(request)),
  );
  show('/pool/:coin/miners', (request) =>
    models.miners(request.path, poolOf(request), pageOf(request)),
  );
  // The address box works without scripts: it leads to the miner's own page.
  router.get('/miner', (request, response) => {
    const address = textOf(request, 'address').trim();
    checkPath('address', address, pathParameters['address'] ?? typed);
    response.redirect(302, `/miner/${encodeURIComponent(address)}`);
  });
  show(
    '/miner/:address',
    (request) => models.miner(request.path, pathText(request, 'address'), pageOf(request)),
    (model) => (model.page === 'miner' && model.miner.length === 0 ? 404 : 200),
  );
  router.get('/workers/:address', (request, response) => {
    response.redirect(302, `/miner/${encodeURIComponent(pathText(request, 'address'))}`);
  });
  show('/getting_started', ({ path }) => models.gettingStarted(path));
  show('/switching', ({ path }) => models.switching(path));
  show('/stats', (request) =>
    models.stats(request.path, choice(request, 'range', range, historyRanges)),
  );
  show('/tbs', ({ path }) => models.tbs(path));
  show('/workers', ({ path }) => models.workers(path));
  show('/api', ({ path }) => models.api(path));
  show('/calculator', (request) =>
    models.calculator(request.path, textOf(request, 'coin'), textOf(request, 'hashrate')),
  );
  show('/status', ({ path }) => models.status(path));
  show('/mining_key', ({ path }) => models.miningKey(path));

  const fragments: {
    readonly [id in FragmentId]: (path: string) => PageModel | Promise<PageModel>;
  } = {
    '': (path) => models.home(path),
    getting_started: (path) => models.gettingStarted(path),
    stats: (path) => models.stats(path, '24h'),
    tbs: (path) => models.tbs(path),
    workers: (path) => models.workers(path),
    api: (path) => models.api(path),
    admin: (path) => models.admin(path),
    mining_key: (path) => models.miningKey(path),
  };
  router.get('/get_page', async (request, response, next) => {
    const asked = searchOf(request).get('id') ?? '';
    const id = fragmentIds.find((known) => known === asked);
    if (id === undefined || (id === 'admin' && !adminEnabled)) return next();
    const html = renderFragment(id, await fragments[id](`/${id}`));
    if (html === undefined) return next();
    sendBody(request, response, { type: htmlType, body: html });
  });
  return router;
}

export function sendPage(request: Request, response: Response, model: PageModel): void {
  sendBody(request, response, { type: htmlType, body: renderPage(model.page, model) });
}

function pathText(request: Request, name: 'coin' | 'address'): string {
  const value = request.params[name];
  const text = typeof value === 'string' ? value : '';
  checkPath(name, text, pathParameters[name] ?? typed);
  return text;
}

function pageOf(request: Request): number {
  const value = readQuery(searchOf(request), { page }).get('page');
  return typeof value === 'number' ? value : 1;
}

function textOf(request: Request, name: string): string {
  return String(readQuery(searchOf(request), { [name]: typed }).get(name) ?? '');
}

function choice<const Word extends string>(
  request: Request,
  name: string,
  parameter: Parameter,
  words: readonly Word[],
): Word {
  const value = readQuery(searchOf(request), { [name]: parameter }).get(name);
  const found = words.find((word) => word === value);
  if (found === undefined) throw new HttpProblem(400, `The parameter "${name}" cannot be used.`);
  return found;
}
