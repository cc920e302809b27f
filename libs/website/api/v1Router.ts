import express, { type Request, type Response, type Router } from 'express';
import { jsonText, jsonType, SharedText, sendBody } from '../answers.ts';
import type { EventStreams } from '../eventStreams.ts';
import { HttpProblem } from '../httpProblem.ts';
import { type ApiSite, type Endpoint, endpoints, pathParameters } from './endpoints.ts';
import { eventParameters } from './eventTypes.ts';
import { filterOf, type LiveEvents } from './liveEvents.ts';
import { openApiDocument } from './openApi.ts';
import { checkPath, type Parameters, readQuery } from './parameters.ts';

export interface V1Options {
  readonly site: ApiSite;
  readonly live: LiveEvents;
  readonly streams: EventStreams;
  readonly version: string;
}

/** /api/v1 */
export function v1Router({ site, live, streams, version }: V1Options): Router {
  const router = express.Router();
  for (const endpoint of endpoints) {
    router.get(endpoint.path.replaceAll(/\{(\w+)\}/g, ':$1'), async (request, response) => {
      await answer(endpoint, site, request, response);
    });
  }
  const document = new SharedText(() => JSON.stringify(openApiDocument(version)));
  router.get('/openapi.json', (request, response) => document.send(request, response, jsonType));

  router.get('/events', async (request, response) => {
    const query = readQuery(searchOf(request), eventParameters);
    const word = (name: string) => {
      const value = query.get(name);
      return value === undefined ? undefined : String(value);
    };
    const filter = filterOf(word('coin'), word('address'));
    if (filter.coin !== undefined && site.reader.pool(filter.coin) === undefined) {
      throw new HttpProblem(404, 'There is no pool of that coin here.');
    }
    const stream = streams.open(request, response, request.ip ?? '');
    await live.add(stream, filter, request.get('last-event-id'));
  });
  return router;
}

async function answer(
  endpoint: Endpoint,
  site: ApiSite,
  request: Request,
  response: Response,
): Promise<void> {
  const answered = await endpoint.answerTo(site, parametersOf(request, endpoint));
  if (answered.stale) response.setHeader('X-Stale', 'true');
  if (answered.kind === 'json') {
    return sendBody(request, response, { type: jsonType, body: jsonText(answered.body) });
  }
  response.setHeader('Content-Disposition', `attachment; filename="${answered.name}"`);
  return sendBody(request, response, { type: answered.type, body: answered.text });
}

function parametersOf(request: Request, { query }: Endpoint): Parameters {
  const path = new Map<string, string>();
  for (const [name, parameter] of Object.entries(pathParameters)) {
    const value = request.params[name];
    if (typeof value !== 'string') continue;
    checkPath(name, value, parameter);
    path.set(name, value);
  }
  return { path, query: readQuery(searchOf(request), query) };
}

/** The query of a request; never throws, whatever is in it. */
export function searchOf(request: Request): URLSearchParams {
  const mark = request.originalUrl.indexOf('?');
  return new URLSearchParams(mark === -1 ? '' : request.originalUrl.slice(mark + 1));
}
