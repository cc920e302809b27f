import express, { type Response, type Router } from 'express';
import type { Clock } from '../../primitives/units.ts';
import { addressPart } from '../../primitives/workerName.ts';
import { jsonText, jsonType, SharedText, sendBody } from '../answers.ts';
import { Memo } from '../data/memo.ts';
import { readPayments } from '../data/paymentList.ts';
import type { PoolGatherer } from '../data/poolGatherer.ts';
import type { PortalStats } from '../data/portalStats.ts';
import type { StatsGatherer } from '../data/statsGatherer.ts';
import { type EventStream, type EventStreams, eventText } from '../eventStreams.ts';
import { HttpProblem } from '../httpProblem.ts';
import type { SiteReader } from '../siteReader.ts';

// The API of the original NOMP, field by field, and what the tools of its descendants ask for.

export interface OriginalApiOptions {
  readonly gatherer: StatsGatherer;
  readonly reader: SiteReader;
  readonly streams: EventStreams;
  readonly now: Clock;
}

/** Blocks and payments that the lists without pages give, for each pool. */
const mostListed = 500;
const paymentsListed = 50;
const mostAddress = 128;

export interface OriginalApi {
  readonly router: Router;
  close(): void;
}

/** Below /api */
export function originalApi({ gatherer, reader, streams, now }: OriginalApiOptions): OriginalApi {
  const router = express.Router();
  const live = new Set<EventStream>();
  const payments = new Memo<Awaited<ReturnType<typeof readPayments>>>(now, 5_000, 100);
  const statsNow = () =>
    new SharedText(() => JSON.stringify(gatherer.stats ?? noStats(Math.floor(now() / 1000))));
  const historyNow = () => new SharedText(() => JSON.stringify(gatherer.history.entries));
  let stats = statsNow();
  let history = historyNow();

  const forget = gatherer.onTick(() => {
    stats = statsNow();
    history = historyNow();
    if (live.size === 0) return;
    const event = Buffer.from(eventText({ data: stats.text }));
    for (const stream of live) stream.send(event);
  });

  const markStale = (response: Response): void => {
    if (gatherer.stale) response.setHeader('X-Stale', 'true');
  };
  router.get('/stats', (request, response) => {
    markStale(response);
    stats.send(request, response, jsonType);
  });
  router.get('/pool_stats', (request, response) => {
    markStale(response);
    history.send(request, response, jsonType);
  });
  router.get('/live_stats', (request, response) => {
    const stream = streams.open(request, response, request.ip ?? '');
    live.add(stream);
    stream.onClose(() => live.delete(stream));
    stream.send(eventText({ data: stats.text }));
  });
  router.get('/blocks', (request, response) => {
    markStale(response);
    const lines = gatherer.pools.flatMap((pool) =>
      blockLines(pool).map(({ height, line }) => [`${pool.source.keys.coin}-${height}`, line]),
    );
    const body = JSON.stringify(Object.fromEntries(lines));
    sendBody(request, response, { type: jsonType, body });
  });
  router.get('/payments', async (request, response) => {
    markStale(response);
    const answers = await Promise.all(
      gatherer.pools.map(async (pool) => {
        const { connection, keys, config } = pool.source;
        const { decimals } = config.coin;
        const read = await payments.get(keys.coin, () =>
          readPayments(connection, keys.payments, 0, paymentsListed - 1, decimals),
        );
        const waiting = blockLines(pool).filter(({ status }) => status === 'pending');
        return {
          name: keys.coin,
          pending: {
            blocks: waiting.map(({ line }) => line),
            confirms: Object.fromEntries(
              waiting.map(({ hash, confirmations }) => [hash, confirmations ?? 0]),
            ),
          },
          payments: read.value.map(({ time, txid, paid, miners }) => ({
            ...{ time, txid, miners },
            paid: Number(paid),
          })),
        };
      }),
    );
    sendBody(request, response, { type: jsonType, body: jsonText(answers) });
  });
  router.get('/worker_stats', async (request, response) => {
    markStale(response);
    const address = addressPart(queryText(request.originalUrl));
    if (address === '' || address.length > mostAddress) {
      throw new HttpProblem(400, 'Ask with the address behind the question mark.');
    }
    const body = jsonText(await workerStats(gatherer, reader, address));
    sendBody(request, response, { type: jsonType, body });
  });
  return { router, close: forget };
}

function noStats(time: number): PortalStats {
  return { time, global: { workers: 0, hashrate: 0 }, algos: {}, pools: {} };
}

/** `hash:tx:height:finder:ms`, highest first. */
function blockLines(pool: PoolGatherer) {
  return (pool.figures?.blocks ?? [])
    .filter(({ status }) => status === 'pending' || status === 'confirmed')
    .slice(0, mostListed)
    .map((block) => ({
      ...block,
      line: [block.hash, block.txHash, block.height, block.finder ?? '', block.time ?? ''].join(
        ':',
      ),
    }));
}

function queryText(url: string): string {
  const mark = url.indexOf('?');
  if (mark === -1) return '';
  try {
    return decodeURIComponent(url.slice(mark + 1));
  } catch {
    throw new HttpProblem(400, 'The address is not encoded as URLs are.');
  }
}

/** One miner over all pools, amounts as numbers: the shape of s-nomp. */
async function workerStats(
  gatherer: StatsGatherer,
  reader: SiteReader,
  address: string,
): Promise<object> {
  const views = await Promise.all(
    gatherer.pools.map(async (pool) => (await reader.minerView(pool, address, 1, 1)).value),
  );
  const known = views.flatMap((view) => view ?? []);
  const sum = (pick: (view: (typeof known)[number]) => number) =>
    known.reduce((total, view) => total + pick(view), 0);
  const working = known.flatMap(({ workers }) =>
    workers
      .filter(({ status }) => status === 'online')
      .map(({ worker, hashrate, shares, invalidShares, hashrateText }) => [
        worker,
        {
          ...{ name: worker, shares, invalidshares: invalidShares, hashrate },
          hashrateString: hashrateText.replace('/s', ''),
        },
      ]),
  );
  return {
    miner: address,
    totalHash: sum(({ hashrate }) => hashrate),
    totalShares: sum(({ roundShares }) => roundShares),
    immature: sum(({ immature }) => Number(immature)),
    balance: sum(({ pending }) => Number(pending)),
    paid: sum(({ paid }) => Number(paid)),
    workers: Object.fromEntries(working),
    history: Object.fromEntries(
      known.map(({ coin, history }) => [
        coin,
        history.points.map(([time, hashrate]) => ({ time, hashrate })),
      ]),
    ),
  };
}
