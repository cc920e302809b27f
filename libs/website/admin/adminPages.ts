import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import type { PoolConfig } from '../../config/types.ts';
import { isRecord, own } from '../../primitives/unknown.ts';
import { htmlType } from '../answers.ts';
import { HttpProblem } from '../httpProblem.ts';
import { renderPage } from '../pages/render.ts';
import type { SiteModels } from '../siteModels.ts';
import { actions } from './adminActions.ts';
import type { AdminCentre } from './adminCentre.ts';
import {
  auditView,
  bansView,
  dashboardView,
  noticeView,
  paymentsView,
  poolFileView,
} from './adminViews.ts';
import { lockedText } from './passwordGuard.ts';
import { withForm } from './poolForm.ts';
import {
  addressOf,
  cookieOf,
  type Fields,
  fieldsOf,
  isOwnOrigin,
  tokenOf,
} from './requestFacts.ts';
import { isSameToken, type Session } from './sessions.ts';
import type { AdminView, InsideView } from './viewTypes.ts';

// /admin and below: pages and plain forms, which work without scripts. A form leads to a page that can be loaded again.

const overText = 'You are not logged in any more. Log in, then do it again.';

export function adminPages(centre: AdminCentre, models: SiteModels): Router {
  const router = express.Router();
  const { tools, sessions, options } = centre;
  const secure = options.portal.website.tlsOptions.enabled;

  const send = (request: Request, response: Response, view: AdminView): void => {
    response.setHeader('Content-Type', htmlType);
    const model = models.admin(`/admin${request.path === '/' ? '' : request.path}`, view);
    response.end(renderPage(model.page, model));
  };
  const sendLogin = (request: Request, response: Response, status: number, problem?: string) => {
    response.status(status);
    send(request, response, { section: 'login', problem });
  };
  const sessionOf = (request: Request): Session | undefined =>
    sessions.find(tokenOf(request), options.now());

  router.use(strictAnswers);
  router.use(ownOriginOnly);

  router.post('/login', formOf('10kb'), async (request, response) => {
    const address = addressOf(request);
    const verdict = await centre.checkPassword(fieldsOf(request.body)('password'), address);
    if (verdict === 'locked') return sendLogin(request, response, 429, lockedText);
    if (verdict === 'wrong') return sendLogin(request, response, 401, 'The password is wrong.');
    sessions.close(tokenOf(request));
    const { token } = sessions.open(options.now());
    response.setHeader('Set-Cookie', cookieOf(token, secure || request.secure));
    response.redirect(303, '/admin');
  });

  const page = (
    path: string,
    view: (request: Request) => Promise<InsideView> | InsideView,
  ): void => {
    router.get(path, async (request, response) => {
      const session = sessionOf(request);
      if (session === undefined) {
        if (path === '/') return sendLogin(request, response, 200);
        return response.redirect(303, '/admin');
      }
      const made = await view(request);
      const { flash, csrf } = session;
      session.flash = undefined;
      send(request, response, { ...made, csrf, flash });
    });
  };
  page('/', () => dashboardView(tools));
  page('/payments', () => paymentsView(tools));
  page('/bans', () => bansView(tools));
  page('/notice', () => noticeView(models.shell('/admin/notice').notice));
  page('/audit', () => auditView(tools));

  /** What a form does once its session and its token are there. */
  const form = (
    path: string,
    limit: string,
    take: (fields: Fields, session: Session, request: Request, response: Response) => unknown,
  ): void => {
    const withSession: RequestHandler = (request, response, next) => {
      if (sessionOf(request) === undefined) sendLogin(request, response, 401, overText);
      else next();
    };
    router.post(path, withSession, formOf(limit), async (request, response) => {
      const session = sessionOf(request);
      const fields = fieldsOf(request.body);
      if (session === undefined) return sendLogin(request, response, 401, overText);
      if (!isSameToken(fields('csrf'), session.csrf)) throw new HttpProblem(403, oldFormText);
      await take(fields, session, request, response);
    });
  };
  form('/logout', '10kb', async (_fields, _session, request, response) => {
    sessions.close(tokenOf(request));
    await centre.record(addressOf(request), 'logout', 'logged out');
    response.setHeader('Set-Cookie', cookieOf('', secure || request.secure));
    response.redirect(303, '/admin');
  });
  const poolAt = (request: Request): PoolConfig => {
    const coin = request.params['coin'];
    const pool = typeof coin === 'string' ? centre.pool(coin) : undefined;
    if (pool === undefined) throw new HttpProblem(404, 'There is no pool of that coin here.');
    return pool;
  };
  page('/pools/:coin', (request) => poolFileView(centre.files, poolAt(request)));
  form('/pools/:coin/check', '1mb', async (fields, session, request, response) => {
    const pool = poolAt(request);
    const body: unknown = request.body;
    const edited =
      fields('as') === 'text'
        ? fields('text')
        : withForm((await centre.files.show(pool)).text ?? '', (path) => {
            const value = isRecord(body) ? own(body, `field.${path}`) : undefined;
            return typeof value === 'string' ? value : undefined;
          });
    const change = await centre.planChange(pool, edited, addressOf(request));
    const inside = { csrf: session.csrf, flash: undefined };
    if (change.ok) {
      const { coin, file } = pool;
      const names = { coin: coin.name, name: coin.displayName, file };
      return send(request, response, { ...inside, ...names, section: 'change', change });
    }
    const view = await poolFileView(centre.files, pool, { edited, problems: change.problems });
    response.status(422);
    send(request, response, { ...inside, ...view });
  });
  // Answered at once: the reload ends this website, and a page to go to would not be there for a moment. To send the
  // form again does no harm, since a change is written once.
  form('/pools/:coin/apply', '10kb', async (fields, session, request, response) => {
    const pool = poolAt(request);
    const { ok, text } = await centre.applyChange(pool, fields('change'), addressOf(request));
    const view = await poolFileView(centre.files, pool);
    send(request, response, { ...view, csrf: session.csrf, flash: { ok, text } });
  });
  for (const name of actions.keys()) {
    form(`/${name}`, '10kb', async (fields, session, request, response) => {
      const done = await centre.act(name, fields, addressOf(request));
      if (done !== undefined) session.flash = { ok: done.ok, text: done.text };
      response.redirect(303, pageOf[name] ?? '/admin');
    });
  }
  return router;
}

/** Where an action's answer is shown, if not on the dashboard. */
const pageOf: Readonly<Record<string, string>> = {
  payments: '/admin/payments',
  bans: '/admin/bans',
  kick: '/admin/bans',
  notice: '/admin/notice',
};

export const oldFormText =
  'The form is too old or came from somewhere else: load its page again, then send it.';
const foreignText =
  'Only pages of this site may do that. Behind a reverse proxy, let it pass on the Host header.';

function formOf(limit: string): RequestHandler {
  return express.urlencoded({ extended: false, limit, parameterLimit: 2_000 });
}

/** Nothing of the admin centre is kept anywhere, and its forms may say where they come from. */
export function strictAnswers(_request: Request, response: Response, next: () => void): void {
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Referrer-Policy', 'same-origin');
  next();
}

export function ownOriginOnly(request: Request, _response: Response, next: () => void): void {
  const reads = request.method === 'GET' || request.method === 'HEAD';
  if (!reads && !isOwnOrigin(request)) throw new HttpProblem(403, foreignText);
  next();
}
