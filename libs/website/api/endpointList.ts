import type { EndpointView } from '../siteData.ts';
import { endpoints } from './endpoints.ts';
import { eventParameters } from './eventTypes.ts';
import { parametersIn } from './openApi.ts';
import type { Parameter } from './parameters.ts';

/** Everything that the page about the API lists: ours first, then the original's and its descendants'. */
export function endpointList(adminEnabled: boolean): readonly EndpointView[] {
  return [
    ...endpoints.map(({ path, summary, query }) => view(`/api/v1${path}`, summary, query)),
    view('/api/v1/events', 'What happens, as server-sent events', eventParameters),
    view('/api/v1/openapi.json', 'This list for programs: OpenAPI 3.1', {}),
    ...originals,
    ...(adminEnabled ? [adminPools] : []),
  ];
}

function view(
  path: string,
  summary: string,
  query: { readonly [name: string]: Parameter },
): EndpointView {
  return {
    method: 'GET',
    path,
    summary,
    parameters: parametersIn(path, query).map(({ name, in: place, about }) => ({
      name,
      in: place,
      about,
    })),
    original: false,
  };
}

const originals: readonly EndpointView[] = [
  ['/api/stats', 'Statistics of all pools and workers'],
  ['/api/pool_stats', 'Hashrate, workers and blocks of each pool over time'],
  ['/api/live_stats', 'The statistics as server-sent events, at once and at each update'],
  ['/api/blocks', 'Pending and confirmed blocks, as hash:txid:height:finder:time'],
  ['/api/payments', 'The last payments of each pool'],
  ['/api/worker_stats?<address>', 'One miner over all pools'],
].map(([path = '', summary = '']) => ({
  method: 'GET',
  path,
  summary,
  parameters: [],
  original: true,
}));

const adminPools: EndpointView = {
  method: 'POST',
  path: '/api/admin/pools',
  summary: 'Configuration of the pools, for {"password": …}',
  parameters: [],
  original: true,
};
