import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { LitecoinPair } from '../../scripts/regtest/litecoin.ts';
import { buildRig, takesMiners } from '../support/rig.ts';
import { StratumClient } from '../support/stratumClient.ts';
import { until } from '../support/until.ts';
import { Publisher } from '../support/zmqPublisher.ts';

// Each source of block news alone, on two forks, with nothing else that could tell of a block.

const deaf = { blockRefreshInterval: 0, jobRebroadcastTimeout: 3_600 };

async function portalWith(
  t: TestContext,
  source: object | ((litecoin: LitecoinPair) => Promise<object>),
) {
  const rig = await buildRig(t, {
    forks: 2,
    pool: async (litecoin) => ({
      ...deaf,
      ...(typeof source === 'function' ? await source(litecoin) : source),
    }),
  });
  const portal = rig.start();
  await takesMiners(portal);
  /** Resolves when both forks mine on a block that is generated now. */
  const follows = async (tell: (hash: string) => void = () => undefined): Promise<void> => {
    const from = portal.output.length;
    const [hash = ''] = await rig.litecoin.a.generate(1);
    tell(hash);
    const height = Number(await rig.litecoin.a.rpc('getblockcount'));
    for (const fork of [0, 1]) {
      const line = new RegExp(`thread ${fork}\\).*Height ${height + 1} is being mined`);
      await portal.line(line, { from, within: 10_000 });
    }
  };
  return { rig, portal, follows };
}

test('p2p alone gives every fork work on a new block', async (t) => {
  const { portal, follows } = await portalWith(t, async ({ a }) => ({
    p2p: { enabled: true, host: '127.0.0.1', port: a.p2pPort },
  }));
  await Promise.all(
    [0, 1].map((fork) => portal.line(new RegExp(`thread ${fork}\\).*news come from the node`))),
  );
  await follows();
  await follows();
});

test('ZMQ alone gives every fork work on a new block', async (t) => {
  const publisher = await Publisher.start(t, 'PUB');
  const { follows } = await portalWith(t, {
    zmq: { enabled: true, host: '127.0.0.1', port: publisher.port },
  });
  // It drops what it has before it knows of both subscriptions: said until it is heard.
  await follows((hash) => {
    const timer = setInterval(() => publisher.publish('hashblock', hash), 50);
    t.after(() => clearInterval(timer));
  });
});

test('long polling by the first fork alone gives every fork work on a new block', async (t) => {
  const { rig, portal, follows } = await portalWith(t, { longPoll: true });
  const client = await StratumClient.open(rig.stratumPort, {}, t);
  client.socket.write('{"id":1,"method":"mining.subscribe","params":[]}\n');
  client.socket.write(`{"id":2,"method":"mining.authorize","params":["${rig.poolAddress}",""]}\n`);
  const notifies = () => client.notifications.filter(({ method }) => method === 'mining.notify');
  await until('the first job', () => notifies().length === 1);
  await follows();
  await follows();
  await until('the jobs', () => notifies().length >= 3);
  assert.deepEqual(
    notifies().map(({ params }) => params?.at(-1)),
    [true, true, true],
  );
  portal.signal('SIGTERM');
  assert.equal(await portal.exit(), 0);
  const began = performance.now();
  await rig.litecoin.a.stop();
  assert.ok(performance.now() - began < 10_000);
});
