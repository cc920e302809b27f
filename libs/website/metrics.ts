import type { StatsGatherer } from './data/statsGatherer.ts';
import type { EventStreams } from './eventStreams.ts';
import { poolView } from './poolViews.ts';

// Prometheus' text format: https://prometheus.io/docs/instrumenting/exposition_formats/

type Labels = Readonly<Record<string, string>>;

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly samples: readonly (readonly [Labels, number | undefined])[];
}

export interface RequestCounts {
  /** "2xx" … "5xx" -> answers. */
  readonly byClass: ReadonlyMap<string, number>;
}

export function metricsText(
  gatherer: StatsGatherer,
  streams: EventStreams,
  requests: RequestCounts,
): string {
  const pools = gatherer.pools.map((pool) => ({ pool, view: poolView(pool) }));
  const each = (
    name: string,
    type: Metric['type'],
    help: string,
    value: (entry: (typeof pools)[number]) => number | undefined,
  ): Metric => ({
    name: `nomp_pool_${name}`,
    help,
    type,
    samples: pools.map((entry) => [{ coin: entry.view.coin }, value(entry)]),
  });
  const own = (name: string, type: Metric['type'], help: string, value: number): Metric => ({
    name: `nomp_website_${name}`,
    help,
    type,
    samples: [[{}, value]],
  });
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const metrics: Metric[] = [
    each(
      'hashrate',
      'gauge',
      'Hashes a second over the hashrate window',
      ({ view }) => view.hashrate,
    ),
    each(
      'workers',
      'gauge',
      'Workers with shares in the hashrate window',
      ({ view }) => view.workers,
    ),
    each(
      'miners',
      'gauge',
      'Addresses with shares in the hashrate window',
      ({ view }) => view.miners,
    ),
    each('valid_shares_total', 'counter', 'Valid shares', ({ view }) => Number(view.validShares)),
    each('invalid_shares_total', 'counter', 'Invalid shares', ({ view }) =>
      Number(view.invalidShares),
    ),
    each('paid_coins_total', 'counter', 'Coins paid to miners', ({ view }) =>
      Number(view.totalPaid),
    ),
    each(
      'round_effort',
      'gauge',
      'Work of the running round for work expected',
      ({ view }) => view.round.effort,
    ),
    each(
      'network_difficulty',
      'gauge',
      'Network difficulty, stratum units',
      ({ view }) => view.networkDifficulty,
    ),
    each('height', 'gauge', 'Height of the block that is mined', ({ view }) => view.height),
    each('last_block_timestamp_seconds', 'gauge', 'When the last block was found', ({ view }) =>
      view.lastBlock?.time === undefined ? undefined : view.lastBlock.time / 1000,
    ),
    each('stale', 'gauge', '1 while the figures of the pool cannot be read', ({ pool }) =>
      Number(pool.stale),
    ),
    each('redis_up', 'gauge', '1 while Redis takes commands', ({ pool }) =>
      Number(pool.source.connection.ready),
    ),
    {
      name: 'nomp_pool_blocks',
      help: 'Blocks by status',
      type: 'gauge',
      samples: pools.flatMap(({ view: { coin, blocks } }) =>
        Object.entries(blocks).map(([status, count]) => [{ coin, status }, count] as const),
      ),
    },
    {
      name: 'nomp_website_requests_total',
      help: 'HTTP requests by the class of their answer',
      type: 'counter',
      samples: [...requests.byClass].map(([status, count]) => [{ status }, count]),
    },
    own('ticks_total', 'counter', 'Looks at the statistics', gatherer.ticks),
    own('tick_seconds', 'gauge', 'How long the last look took', gatherer.lastMillis / 1000),
    own('event_streams', 'gauge', 'Open event streams', streams.count),
    own(
      'event_streams_dropped_total',
      'counter',
      'Event streams dropped because they were not read',
      streams.dropped,
    ),
    own('resident_memory_bytes', 'gauge', 'Memory of the process', rss),
    own('heap_used_bytes', 'gauge', 'JavaScript heap in use', heapUsed),
    own('cpu_seconds_total', 'counter', 'CPU time of the process', (user + system) / 1e6),
  ];
  return metrics.map(linesOf).join('');
}

function linesOf({ name, help, type, samples }: Metric): string {
  const lines = samples.flatMap(([labels, value]) => {
    if (value === undefined || !Number.isFinite(value)) return [];
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    return [`${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`];
  });
  if (lines.length === 0) return '';
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
