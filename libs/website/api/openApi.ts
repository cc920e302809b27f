import { cookieName } from '../admin/requestFacts.ts';
import { type AdminEndpoint, adminEndpoints } from './adminEndpoints.ts';
import { adminSchemas } from './adminSchemas.ts';
import { endpoints, pathParameters } from './endpoints.ts';
import { eventParameters } from './eventTypes.ts';
import type { Parameter } from './parameters.ts';
import { apiSchemas } from './schemas.ts';

/**
 * The description of /api/v1 and /api/admin/v1 (OpenAPI 3.1), made of what answers and of what the tests check answers
 * against.
 */
export function openApiDocument(version: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Mining pool',
      version,
      description:
        'Amounts are decimal coins as text, times Unix milliseconds, shares sums of difficulty. Errors are application/problem+json (RFC 9457).',
    },
    servers: [{ url: '/api' }],
    paths: {
      ...adminPaths(),
      ...Object.fromEntries(
        endpoints.map(({ path, summary, query, answer }) => [
          `/v1${path}`,
          {
            get: {
              summary,
              parameters: parametersOf(path, query),
              responses: {
                200: {
                  description: summary,
                  content:
                    'file' in answer
                      ? { [answer.file]: { schema: { type: 'string' } } }
                      : {
                          'application/json': {
                            schema: { $ref: `#/components/schemas/${answer.schema}` },
                          },
                        },
                },
                default: problem,
              },
            },
          },
        ]),
      ),
      '/v1/events': {
        get: {
          summary:
            'What happens, as server-sent events; the header Last-Event-ID asks for what was missed',
          parameters: [
            ...parametersOf('', eventParameters),
            {
              name: 'Last-Event-ID',
              in: 'header',
              required: false,
              description: 'Id of the last event that was received',
              schema: { type: 'string' },
            },
          ],
          responses: {
            200: {
              description:
                'Events: pool, round, block, block-confirmed, block-orphaned, payment, worker, notice, switch',
              content: { 'text/event-stream': { schema: { type: 'string' } } },
            },
            default: problem,
          },
        },
      },
    },
    components: {
      schemas: Object.fromEntries([...apiSchemas, ...adminSchemas]),
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: cookieName },
      },
    },
  };
}

/** Paths with their operations: some take both GET and POST. */
function adminPaths(): Readonly<Record<string, object>> {
  const paths = new Map<string, Record<string, object>>();
  for (const endpoint of adminEndpoints) {
    const path = `/admin/v1${endpoint.path}`;
    const operations = paths.get(path) ?? {};
    operations[endpoint.method] = adminOperation(endpoint);
    paths.set(path, operations);
  }
  return Object.fromEntries(paths);
}

function adminOperation({ method, path, summary, answer, refused, fields }: AdminEndpoint): object {
  const isLogin = path === '/login';
  const token = {
    ...{ name: 'X-CSRF-Token', in: 'header', required: true, schema: { type: 'string' } },
    description: 'Of the session; the Origin must be this site',
  };
  const content = (name: string) => ({
    'application/json': { schema: { $ref: `#/components/schemas/${name}` } },
  });
  const properties = Object.fromEntries((fields ?? []).map((name) => [name, { type: 'string' }]));
  const body = { 'application/json': { schema: { type: 'object', properties } } };
  return {
    summary,
    security: isLogin ? [] : [{ session: [] }],
    parameters: [...parametersOf(path, {}), ...(method === 'post' && !isLogin ? [token] : [])],
    ...(fields === undefined ? {} : { requestBody: { required: true, content: body } }),
    responses: {
      200: { description: summary, content: content(answer) },
      ...(refused === undefined
        ? {}
        : { 422: { description: 'It was refused', content: content(refused) } }),
      default: problem,
    },
  };
}

const problem = {
  description: 'It cannot be answered',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

export interface NamedParameter extends Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
}

/** Those of the path's braces, then those of the query. */
export function parametersIn(
  path: string,
  query: { readonly [name: string]: Parameter },
): readonly NamedParameter[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].flatMap(([, name = '']) => {
    const parameter = pathParameters[name];
    return parameter === undefined ? [] : [{ name, in: 'path' as const, ...parameter }];
  });
  const inQuery = Object.entries(query).map(([name, parameter]) => ({
    name,
    in: 'query' as const,
    ...parameter,
  }));
  return [...inPath, ...inQuery];
}

function parametersOf(path: string, query: { readonly [name: string]: Parameter }): object[] {
  return parametersIn(path, query).map(({ name, in: place, schema, about }) => ({
    name,
    in: place,
    required: place === 'path',
    description: about,
    schema,
  }));
}
