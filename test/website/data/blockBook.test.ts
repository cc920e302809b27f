import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { coinKeys } from '../../../libs/redis/keys.ts';
import { BlockBook } from '../../../libs/website/data/blockBook.ts';
import { connectFor, redisFor } from '../../redis/testbed.ts';
import { configurationFor, hashOf } from '../support.ts';

async function bookFor(t: TestContext) {
  const server = await redisFor(t);
  const redis = await connectFor(t, { port: server.port });
  const [config] = configurationFor(t, server.port).pools;
  assert.ok(config !== undefined);
  const book = new BlockBook({ config, keys: coinKeys('litecoin'), connection: redis });
  const rows = () => book.blocks.map(({ height, status }) => [height, status]);
  const found = async (height: number, state: string) => {
    await redis.command('zadd', 'litecoin:blk:index', height, hashOf(height));
    const facts = ['state', state, 'height', height, 'txHash', hashOf(height + 1)];
    await redis.send('hset', [`litecoin:blk:${hashOf(height)}`, ...facts]);
  };
  return { redis, book, rows, found };
}

const member = (height: number) => `${hashOf(height)}:${hashOf(height + 1)}:${height}`;

test('a block is followed from candidate to its end', async (t) => {
  const { redis, book, rows, found } = await bookFor(t);
  const key = `litecoin:blk:${hashOf(7)}`;
  await found(7, 'candidate');
  await book.refresh();
  assert.deepEqual(rows(), [[7, 'candidate']]);
  await redis.command('hset', key, 'state', 'accepted', 'confirmations', '3', 'reward', '500');
  await book.refresh();
  assert.deepEqual(rows(), [[7, 'pending']]);
  assert.equal(book.blocks[0]?.confirmations, 3);
  assert.equal(book.blocks[0]?.reward, 500n);
  await redis.command('hset', key, 'state', 'confirmed', 'credited', '490');
  await book.refresh();
  assert.deepEqual(rows(), [[7, 'confirmed']]);
  assert.equal(book.blocks[0]?.reward, 490n);
});

test('blocks of an older pool, which has sets only, are followed too', async (t) => {
  const { redis, book, rows } = await bookFor(t);
  await redis.command('sadd', 'litecoin:blocksConfirmed', member(1));
  await redis.command('sadd', 'litecoin:blocksPending', member(2), member(3), member(4), member(5));
  await book.refresh();
  await redis.command('smove', 'litecoin:blocksPending', 'litecoin:blocksConfirmed', member(2));
  await redis.command('smove', 'litecoin:blocksPending', 'litecoin:blocksOrphaned', member(3));
  await redis.command('smove', 'litecoin:blocksPending', 'litecoin:blocksKicked', member(4));
  await book.refresh();
  assert.deepEqual(rows(), [
    [5, 'pending'],
    [4, 'kicked'],
    [3, 'orphaned'],
    [2, 'confirmed'],
    [1, 'confirmed'],
  ]);
});

test('after a gap all new blocks are found, however many', async (t) => {
  const { book, rows, found } = await bookFor(t);
  await found(1, 'confirmed');
  await book.refresh();
  for (let height = 2; height <= 260; height++) await found(height, 'confirmed');
  await book.refresh();
  assert.equal(rows().length, 260);
});
