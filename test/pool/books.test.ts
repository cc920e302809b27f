import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type BooksOptions, openRedisBooks, type PoolBooks } from '../../libs/pool/books.ts';
import { openMposBooks } from '../../libs/pool/mposBooks.ts';
import { systemClock } from '../../libs/primitives/units.ts';
import { loadPool, onlyPool, pool } from '../config/configFolder.ts';
import { sampleShare } from '../shares/sampleShare.ts';
import { until } from '../support/until.ts';
import { keptLog } from './support.ts';

/** Neither Redis nor MySQL is there: shares stay in their spool. */
async function setUp(t: TestContext) {
  const dataDir = await mkdtemp(join(tmpdir(), 'books-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  const nowhere = { host: '127.0.0.1', port: 1 };
  const config = onlyPool(loadPool(t, pool({ coin: 'litecoin.json' })));
  const options = (): BooksOptions & { readonly lines: string[] } => {
    const stop = new AbortController();
    t.after(() => stop.abort());
    return {
      config: { ...config, redis: nowhere, mposMode: { ...config.mposMode, ...nowhere } },
      ...{ dataDir, forkId: 0, hashrateWindow: 300, now: systemClock, signal: stop.signal },
      addressOf: (worker: string) => worker,
      ...keptLog(),
    };
  };
  const close = async (books: PoolBooks): Promise<void> => {
    await books.recorder.close();
    await books.close();
  };
  /** Records one share that cannot arrive. */
  const leave = async (books: PoolBooks): Promise<void> => {
    const recorded = await new Promise((resolve) =>
      books.recorder.record(sampleShare({ time: Date.now() }), resolve),
    );
    assert.equal(recorded, true);
    await close(books);
  };
  return { options, leave, close };
}

test('shares that a pool in MPOS mode has left are said when it keeps its books in Redis, and the other way round', async (t) => {
  for (const [before, after, why] of [
    [openMposBooks, openRedisBooks, /1 share.*mpos.spool.litecoin are from the time of MPOS mode/],
    [openRedisBooks, openMposBooks, /1 share.*spool.litecoin are from before MPOS mode/],
  ] as const) {
    const { options, leave, close } = await setUp(t);
    await leave(before(options()));
    const { lines, ...rest } = options();
    const books = after(rest);
    await until('it is said', () => lines.some((line) => why.test(line)));
    await close(books);
  }
});
