import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import type { PoolConfig } from '../../config/types.ts';
import { jsonText, jsonType } from '../answers.ts';
import { HttpProblem } from '../httpProblem.ts';
import { actions } from './adminActions.ts';
import type { AdminCentre } from './adminCentre.ts';
import { oldFormText, ownOriginOnly, strictAnswers } from './adminPages.ts';
import {
  auditView,
  bansView,
  dashboardView,
  noticeView,
  paymentsView,
  poolFileView,
} from './adminViews.ts';
import { lockedText } from './passwordGuard.ts';
import { addressOf, cookieOf, fieldsOf, tokenOf } from './requestFacts.ts';
import { isSameToken, type Session } from './sessions.ts';
import type { InsideView } from './viewTypes.ts';

// /api/admin/v1: what the pages of the admin centre show and do, as JSON. The session is the same cookie; writes carry
// the token that /login and /session give in the header X-CSRF-Token, and the Origin of this site.

const tokenHeader = 'x-csrf-token';

export function adminApiV1(centre: AdminCentre, notice: () => string | undefined): Router {
  const router = express.Router();
  const { tools, sessions, options } = centre;
  const secure = options.portal.website.tlsOptions.enabled;
  const sessionOf = (request: Request): Session => {
    const session = sessions.find(tokenOf(request), options.now());
    if (session === undefined) throw new HttpProblem(401, 'Nobody is logged in: POST to login.');
    return session;
  };
  const poolAt = (request: Request): PoolConfig => {
    const coin = request.params['coin'];
    const pool = typeof coin === 'string' ? centre.pool(coin) : undefined;
    if (pool === undefined) throw new HttpProblem(404, 'There is no pool of that coin here.');
    return pool;
  };

  router.use(strictAnswers);
  router.use(ownOriginOnly);

  router.post('/login', jsonOf('10kb'), async (request, response) => {
    const password = fieldsOf(request.body)('password');
    const verdict = await centre.checkPassword(password, addressOf(request));
    if (verdict === 'locked') throw new HttpProblem(429, lockedText);
    if (verdict === 'wrong') throw new HttpProblem(401, 'The password is wrong.');
    sessions.close(tokenOf(request));
    const { token, session } = sessions.open(options.now());
    response.setHeader('Set-Cookie', cookieOf(token, secure || request.secure));
    answer(response, 200, { csrf: session.csrf });
  });
  router.get('/session', (request, response) => {
    answer(response, 200, { csrf: sessionOf(request).csrf });
  });

  const read = (
    path: string,
    view: (request: Request) => Promise<InsideView> | InsideView,
  ): void => {
    router.get(path, async (request, response) => {
      sessionOf(request);
      answer(response, 200, await view(request));
    });
  };
  read('/dashboard', () => dashboardView(tools));
  read('/payments', () => paymentsView(tools));
  read('/bans', () => bansView(tools));
  read('/notice', () => noticeView(notice()));
  read('/audit', () => auditView(tools));
  read('/pools/:coin', (request) => poolFileView(centre.files, poolAt(request)));

  const write = (
    path: string,
    limit: string,
    take: (request: Request, response: Response) => Promise<void>,
  ): void => {
    const allowed: RequestHandler = (request, _response, next) => {
      const given = request.headers[tokenHeader];
      const { csrf } = sessionOf(request);
      if (typeof given !== 'string' || !isSameToken(given, csrf)) {
        throw new HttpProblem(403, oldFormText);
      }
      next();
    };
    router.post(path, allowed, jsonOf(limit), take);
  };
  write('/logout', '10kb', async (request, response) => {
    sessions.close(tokenOf(request));
    await centre.record(addressOf(request), 'logout', 'logged out');
    response.setHeader('Set-Cookie', cookieOf('', secure || request.secure));
    answer(response, 200, { ok: true });
  });
  for (const name of actions.keys()) {
    write(`/${name}`, '10kb', async (request, response) => {
      const done = await centre.act(name, fieldsOf(request.body), addressOf(request));
      const ok = done?.ok === true;
      answer(response, ok ? 200 : 422, { ok, text: done?.text });
    });
  }
  write('/pools/:coin/check', '1mb', async (request, response) => {
    const edited = fieldsOf(request.body)('text');
    const change = await centre.planChange(poolAt(request), edited, addressOf(request));
    answer(response, change.ok ? 200 : 422, change);
  });
  write('/pools/:coin/apply', '10kb', async (request, response) => {
    const id = fieldsOf(request.body)('change');
    const { ok, text } = await centre.applyChange(poolAt(request), id, addressOf(request));
    answer(response, ok ? 200 : 422, { ok, text });
  });
  return router;
}

function jsonOf(limit: string): RequestHandler {
  return express.json({ limit, type: () => true });
}

function answer(response: Response, status: number, body: object): void {
  response.status(status);
  response.setHeader('Content-Type', jsonType);
  response.end(jsonText(body));
}
