import express, { type Router } from 'express';
import type { Clock } from '../primitives/units.ts';
import type { StatsGatherer } from './data/statsGatherer.ts';

/** Ticks that may be missed before the figures are called too old to serve. */
const missedTicks = 3;
const leastPatience = 10_000;

/** /health/live: the process answers. /health/ready: it has figures that are not too old. */
export function healthRoutes(gatherer: StatsGatherer, updateInterval: number, now: Clock): Router {
  const router = express.Router();
  router.use((_, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    next();
  });
  router.get('/live', (_, response) => {
    response.json({ status: 'ok' });
  });
  router.get('/ready', (_, response) => {
    const patience = Math.max(updateInterval * 1000 * missedTicks, leastPatience);
    const isOld = (time: number) => now() - time > patience;
    const pools = Object.fromEntries(
      gatherer.pools.map(({ figures, stale, source }) => [
        source.keys.coin,
        figures === undefined
          ? 'unknown'
          : !stale
            ? 'ok'
            : isOld(figures.gathered)
              ? 'old'
              : 'stale',
      ]),
    );
    const isReady = Object.values(pools).every((state) => state === 'ok' || state === 'stale');
    response.status(isReady ? 200 : 503).json({ status: isReady ? 'ok' : 'not ready', pools });
  });
  return router;
}
