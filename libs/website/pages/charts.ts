import type { HistoryMetric, HistoryRange, HistoryView } from '../siteData.ts';
import { countText, hashrateText } from './browser/format.ts';

// Lines of a chart as SVG paths: what is seen without scripts, and until the chart's script has drawn its own.

export interface Plot {
  /** Paths in a box of 1000 by 240. */
  readonly line: string;
  readonly area: string;
  /** From top to bottom. */
  readonly scale: readonly string[];
  /** From left to right. */
  readonly times: readonly string[];
  /** All of it in a sentence, for those who do not see it. */
  readonly summary: string;
  /** For the script: seconds of the first point, then seconds since the one before; and the values. */
  readonly data: { readonly times: string; readonly values: string };
}

const width = 1000;
const height = 240;
const rangeNames: Readonly<Record<HistoryRange, readonly [string, string, string]>> = {
  '1h': ['hour', '1 h ago', '30 min ago'],
  '24h': ['24 hours', '24 h ago', '12 h ago'],
  '7d': ['7 days', '7 days ago', '3.5 days ago'],
  '30d': ['30 days', '30 days ago', '15 days ago'],
  '1y': ['year', '1 year ago', '6 months ago'],
};

/** The name of a range in a sentence: "24 hours". */
export function rangeName(range: HistoryRange): string {
  return rangeNames[range][0];
}

/** Undefined where there is nothing to draw. */
export function plotOf(history: HistoryView): Plot | undefined {
  const points = history.points.filter(([time, value]) => Number.isFinite(time + value));
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined || points.length < 2) return undefined;
  const values = points.map(([, value]) => value);
  const highest = Math.max(...values);
  const top = niceTop(highest);
  const [begin, span] = [first[0], Math.max(1, last[0] - first[0])];
  const corners = points.map(
    ([time, value]) =>
      [((time - begin) / span) * width, height - (value / top) * (height - 4)] as const,
  );
  const text = (value: number) => metricText(history.metric, value);
  const [name, from, middle] = rangeNames[history.range];
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    ...paths(corners, height),
    scale: [text(top), text(top / 2), text(0)],
    times: [from, middle, 'now'],
    summary: `${history.metric === 'hashrate' ? 'Hashrate' : 'Workers'} over the last ${name}: now ${text(last[1])}, on average ${text(mean)}, at most ${text(highest)}.`,
    data: {
      times: points.map(([time], at) => time - (points[at - 1]?.[0] ?? 0)).join(' '),
      values: values.map((value) => Number(value.toPrecision(5))).join(' '),
    },
  };
}

/** The line and area of a sparkline in a box of 200 by 48; undefined for fewer than two values. */
export function sparkOf(values: readonly number[] | undefined) {
  const known = values?.filter(Number.isFinite) ?? [];
  if (known.length < 2) return undefined;
  const highest = Math.max(...known);
  const scale = highest > 0 ? 42 / highest : 0;
  const step = 200 / (known.length - 1);
  return paths(
    known.map((value, at) => [at * step, 46 - value * scale] as const),
    48,
  );
}

function metricText(metric: HistoryMetric, value: number): string {
  return metric === 'hashrate' ? hashrateText(value) : countText(value);
}

function paths(corners: readonly (readonly [number, number])[], bottom: number) {
  const line = `M${corners.map(([x, y]) => `${round(x)} ${round(y)}`).join('L')}`;
  return { line, area: `${line}V${bottom}H0Z` };
}

/** The next of 1, 2, 2.5, 4, 5, 8, 10 times a power of ten. */
function niceTop(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 2.5, 4, 5, 8].find((step) => step * power >= value) ?? 10) * power;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
