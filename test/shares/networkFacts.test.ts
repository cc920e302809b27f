import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../libs/primitives/units.ts';
import { coinKeys } from '../../libs/redis/keys.ts';
import { createNetworkFacts } from '../../libs/shares/networkFacts.ts';
import { connectFor, redisFor } from '../redis/testbed.ts';
import { until } from '../support/until.ts';

const keys = coinKeys('litecoin');

test('a job is told when it is another one, and again when Redis has come back', async (t) => {
  const server = await redisFor(t);
  const connection = await connectFor(t, { port: server.port });
  let time = 1_790_000_000_000;
  const facts = createNetworkFacts({ connection, keys, now: () => millis(time) });
  t.after(() => facts.close());
  const field = (name: string) => connection.command('hget', keys.network, name);
  facts.tell(100, 1.5);
  await until('the height is there', async () => (await field('height')) === '100');
  assert.equal(await field('difficulty'), '1.5');
  const first = String(time);
  time += 1_000;
  facts.tell(100, 1.5);
  // Commands of one connection keep their order.
  assert.equal(await field('time'), first);
  facts.tell(101, 2);
  await until('the next height is there', async () => (await field('height')) === '101');
  assert.equal(await field('time'), String(time));

  const other = await connectFor(t, { port: server.port });
  await other.command('flushall');
  await other.command('client', 'kill', 'type', 'normal', 'skipme', 'yes');
  const height = () => other.command('hget', keys.network, 'height');
  await until('the height is there again', async () => (await height()) === '101');
});
