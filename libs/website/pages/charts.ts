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
const hour = 3_600;
const day = 86_400;
/** Seconds that a chart can be wide, and what stands below its left end and its middle. */
const widths: readonly (readonly [number, string, string])[] = [
  [hour, '1 h ago', '30 min ago'],
  [3 * hour, '3 h ago', '90 min ago'],
  [6 * hour, '6 h ago', '3 h ago'],
  [12 * hour, '12 h ago', '6 h ago'],
  [day, '24 h ago', '12 h ago'],
  [3 * day, '3 days ago', '36 h ago'],
  [7 * day, '7 days ago', '3.5 days ago'],
  [14 * day, '14 days ago', '7 days ago'],
  [30 * day, '30 days ago', '15 days ago'],
  [90 * day, '90 days ago', '45 days ago'],
  [180 * day, '6 months ago', '3 months ago'],
  [365 * day, '1 year ago', '6 months ago'],
];
const ranges: Readonly<Record<HistoryRange, readonly [number, string]>> = {
  '1h': [hour, 'hour'],
  '24h': [day, '24 hours'],
  '7d': [7 * day, '7 days'],
  '30d': [30 * day, '30 days'],
  '1y': [365 * day, 'year'],
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
  const [longest, name] = ranges[history.range];
  // A pool that began lately is not a line at the edge of an empty chart.
  const known = last[0] - (points[0]?.[0] ?? 0);
  const shown = widths.find(([seconds]) => seconds >= Math.min(known, longest)) ?? widths.at(-1);
  const [span, from, middle] = shown ?? [longest, '', ''];
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
