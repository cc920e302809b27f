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
  /** Seconds that the whole width stands for; the newest point is at its right end. */
  readonly span: number;
  /** For the script: seconds of the first point, then seconds since the one before; and the values. */
  readonly data: { readonly times: string; readonly values: string };
}

const width = 1000;
const height = 240;
/** Seconds, name, and what stands below the left end and the middle. */
const ranges: Readonly<Record<HistoryRange, readonly [number, string, string, string]>> = {
  '1h': [3_600, 'hour', '1 h ago', '30 min ago'],
  '24h': [86_400, '24 hours', '24 h ago', '12 h ago'],
  '7d': [7 * 86_400, '7 days', '7 days ago', '3.5 days ago'],
  '30d': [30 * 86_400, '30 days', '30 days ago', '15 days ago'],
  '1y': [365 * 86_400, 'year', '1 year ago', '6 months ago'],
};

/** The name of a range in a sentence: "24 hours". */
export function rangeName(range: HistoryRange): string {
  return ranges[range][1];
}

/** Undefined where there is nothing to draw. */
export function plotOf(history: HistoryView): Plot | undefined {
  const points = history.points.filter(([time, value]) => Number.isFinite(time + value));
  const last = points.at(-1);
  if (last === undefined || points.length < 2) return undefined;
  const values = points.map(([, value]) => value);
  const highest = Math.max(...values);
  const top = highest > 0 ? niceTop(highest) : history.metric === 'hashrate' ? 1_000 : 1;
  const [span, name, from, middle] = ranges[history.range];
  const begin = last[0] - span;
  const corners = points
    .filter(([time]) => time >= begin)
    .map(
      ([time, value]) =>
        [((time - begin) / span) * width, height - (value / top) * (height - 4)] as const,
    );
  const text = (value: number) => metricText(history.metric, value);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    ...paths(corners, height),
    scale: [text(top), text(top / 2), text(0)],
    times: [from, middle, 'now'],
    summary: `${history.metric === 'hashrate' ? 'Hashrate' : 'Workers'} over the last ${name}: now ${text(last[1])}, on average ${text(mean)}, at most ${text(highest)}.`,
    span,
    data: {
      times: points.map(([time], at) => time - (points[at - 1]?.[0] ?? 0)).join(' '),
      values: values.map((value) => Number(value.toPrecision(5))).join(' '),
    },
  };
}

/** The line and area of a sparkline in a box of 200 by 48; undefined where there is nothing to see. */
export function sparkOf(values: readonly number[] | undefined) {
  const known = values?.filter(Number.isFinite) ?? [];
  const highest = Math.max(0, ...known);
  if (known.length < 2 || highest === 0) return undefined;
  const scale = 42 / highest;
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
  return { line, area: `${line}V${bottom}H${round(corners[0]?.[0] ?? 0)}Z` };
}

/** The next of 1, 2, 2.5, 4, 5, 8, 10 times a power of ten. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 2.5, 4, 5, 8].find((step) => step * power >= value) ?? 10) * power;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
