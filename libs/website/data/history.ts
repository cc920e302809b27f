import type { SeriesResolution } from '../../redis/keys.ts';
import { type SeriesPoint, seriesShapes } from '../../redis/series.ts';
import type { HistoryRange, HistoryView } from '../siteData.ts';

// From rings of shares and entries of the past to the points of a chart.

type Points = HistoryView['points'];

export const rangeSeconds: Readonly<Record<HistoryRange, number>> = {
  '1h': 3_600,
  '24h': 86_400,
  '7d': 7 * 86_400,
  '30d': 30 * 86_400,
  '1y': 365 * 86_400,
};

export const resolutionOf: Readonly<Record<HistoryRange, SeriesResolution>> = {
  '1h': '1m',
  '24h': '1m',
  '7d': '10m',
  '30d': '10m',
  '1y': '1h',
};

const mostPoints = 720;

/** Hashrates of a range. The bucket that is still being filled is left out, and so is the time before the first share. */
export function hashratePoints(
  series: readonly SeriesPoint[],
  range: HistoryRange,
  hashesPerShare: number,
): Points {
  const { seconds } = seriesShapes[resolutionOf[range]];
  const buckets = Math.ceil(rangeSeconds[range] / seconds);
  const shown = series.slice(-buckets - 1, -1);
  const first = shown.findIndex(({ difficulty }) => difficulty > 0);
  if (first === -1) return [];
  return thinned(
    shown
      .slice(first)
      .map(({ time, difficulty }) => [time, (difficulty * hashesPerShare) / seconds] as const),
  );
}

/** At most so many points: means of neighbours. */
export function thinned(points: Points, most = mostPoints): Points {
  const group = Math.ceil(points.length / most);
  if (group <= 1) return points;
  const thin: (readonly [number, number])[] = [];
  for (let at = 0; at < points.length; at += group) {
    const some = points.slice(at, at + group);
    const sum = some.reduce((total, [, value]) => total + value, 0);
    thin.push([some[0]?.[0] ?? 0, sum / some.length]);
  }
  return thin;
}
