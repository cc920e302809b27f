import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StratumClient } from '../support/stratumClient.ts';
import { until } from '../support/until.ts';
import {
  accepted,
  fakeJob,
  lowDifficulty,
  noBans,
  startServer,
  submitLine,
} from './support/fakePool.ts';

// Attacks that the original promised to withstand, each over real sockets with an honest miner beside the attacker.

const honest = { localAddress: '127.0.0.1' };
const attacker = { localAddress: '127.0.0.2' };
const banning = { ...noBans, enabled: true, checkThreshold: 20, invalidPercent: 50, time: 600 };

async function share(miner: StratumClient, id: string): Promise<unknown> {
  miner.send(submitLine(id, 'honest'));
  return (await miner.waitFor((line) => line.id === id)).result;
}

test('socket flooding: bytes without a line, and lines without end, cost the attacker its connection and nobody else anything', async (t) => {
  const limits = { connectionsPerIp: 50, messagesPerSecond: 20 };
  const { port, server, log } = await startServer(t, { limits });
  const miner = await StratumClient.open(port, honest, t);
  await miner.start('honest');
  const floods = [
    Buffer.alloc(1_000_000, 'x'),
    Buffer.from('{"id":1,"method":"mining.ping","params":[]}\n'.repeat(10_000)),
    Buffer.from('\n'.repeat(100_000)),
  ];
  for (const flood of floods) {
    const flooder = await StratumClient.open(port, attacker, t);
    flooder.send(flood);
    await flooder.waitForClose();
  }
  assert.equal(log.count(/10 KB without a newline/), 1);
  assert.equal(log.count(/more messages than limits\.messagesPerSecond/), 1);
  const crowd = Array.from({ length: 80 }, () => StratumClient.open(port, attacker, t));
  const many = await Promise.all(crowd);
  await until('the crowd is thinned', () => many.filter(({ isClosed }) => isClosed).length === 30);
  assert.equal(server.connections, 51);
  assert.equal(await share(miner, 's1'), true);
});

test('zombie miners: who sends no shares is dropped on time although no job is ever broadcast, and a miner that works stays', async (t) => {
  const { port, server, pass, pool, log } = await startServer(t, { connectionTimeout: 60 });
  pool.job = undefined;
  const miner = await StratumClient.open(port, honest, t);
  await miner.request('mining.subscribe', []);
  await miner.request('mining.authorize', ['honest', 'x']);
  const zombies = await Promise.all(
    Array.from({ length: 20 }, () => StratumClient.open(port, attacker, t)),
  );
  for (const zombie of zombies) {
    await zombie.request('mining.subscribe', []);
    await zombie.request('mining.authorize', ['zombie', 'x']);
  }
  const silent = await StratumClient.open(port, attacker, t);
  await until('all are there', () => server.connections === 22);
  pass(30);
  await silent.waitForClose();
  pass(29);
  assert.equal(await share(miner, 's1'), true);
  // Words are no work.
  for (const zombie of zombies) await zombie.request('mining.ping', []);
  assert.equal(server.connections, 21);
  pass(1);
  await Promise.all(zombies.map((zombie) => zombie.waitForClose()));
  await until('only the miner is left', () => server.connections === 1);
  assert.equal(await share(miner, 's2'), true);
  assert.equal(log.count(/zombie .* submitted nothing for 60 s/), 1);
});

test('invalid share attacks: an address whose shares are mostly invalid is banned at the threshold, before it costs more', async (t) => {
  const { port, pool, bans, server } = await startServer(t, { banning });
  pool.onSubmit = ({ worker }, answer) =>
    answer(
      worker === 'honest'
        ? accepted
        : { ok: false, code: 20, message: 'invalid nonce size', counts: true },
    );
  const miner = await StratumClient.open(port, honest, t);
  await miner.start('honest');
  const forger = await StratumClient.open(port, attacker, t);
  await forger.start('forger');
  for (let id = 0; id < 500; id++) forger.send(submitLine(id, 'forger', '1', 'zzzz'));
  await forger.waitForClose();
  const judged = pool.submits.filter(({ worker }) => worker === 'forger').length;
  assert.equal(judged, 20);
  assert.deepEqual(
    bans.map(({ ip }) => ip),
    ['127.0.0.2'],
  );
  await until('only the miner is left', () => server.connections === 1);
  assert.equal(await share(miner, 's1'), true);
});

test('low-difficulty share exploits: a share is held to the difficulty that its own job was sent under, and easier ones are refused and counted', async (t) => {
  const { port, pool, server, bans } = await startServer(t, { banning });
  // The stand-in pool judges as the real one does: by the difficulties that stratum hands it. A nonce is its difficulty.
  pool.onSubmit = ({ nonce, jobDifficulty, currentDifficulty }, answer) => {
    const found = Number.parseInt(nonce, 16);
    answer(found >= Math.min(jobDifficulty, currentDifficulty) ? accepted : lowDifficulty);
  };
  const miner = await StratumClient.open(port, honest, t);
  await miner.start('honest');
  miner.send(submitLine('ok', 'honest', '1', '00000008'));
  assert.equal((await miner.waitFor(({ id }) => id === 'ok')).result, true);
  const cheat = await StratumClient.open(port, attacker, t);
  await cheat.start('cheat', 'd=0.000001');
  await cheat.request('mining.suggest_difficulty', [1e-9]);
  await cheat.request('mining.suggest_target', ['ff'.repeat(32)]);
  server.broadcast(fakeJob(2, true));
  await cheat.waitFor(({ params }) => params?.[0] === '2');
  // Neither a wish, nor an old job, nor one that never was makes a share worth more than it is.
  for (const [id, jobId] of ['1', '2', '3', 'ffffffff', '-1', '__proto__'].entries()) {
    cheat.send(submitLine(id, 'cheat', jobId, '00000007'));
    const answer = await cheat.waitFor((line) => line.id === id);
    assert.deepEqual(answer.error, [23, 'low difficulty share of 0.1', null], jobId);
  }
  for (let id = 10; id < 24; id++) cheat.send(submitLine(id, 'cheat', '2', '00000001'));
  await cheat.waitForClose();
  assert.equal(bans.length, 1);
  assert.equal(miner.isClosed, false);
});

test('IP banning: all connections of a banned address go, new ones are refused until its time is over, others mine on', async (t) => {
  const { port, pool, pass, bans, server } = await startServer(t, {
    banning,
    connectionTimeout: 0,
  });
  pool.onSubmit = ({ worker }, answer) => answer(worker === 'honest' ? accepted : lowDifficulty);
  const miner = await StratumClient.open(port, honest, t);
  await miner.start('honest');
  const bystander = await StratumClient.open(port, attacker, t);
  await bystander.start('same address');
  const cheat = await StratumClient.open(port, attacker, t);
  await cheat.start('cheat');
  for (let id = 0; id < 20; id++) cheat.send(submitLine(id, 'cheat'));
  await Promise.all([cheat, bystander].map((client) => client.waitForClose()));
  assert.deepEqual(
    bans.map(({ ip, until: end, why }) => [ip, end, why]),
    [['127.0.0.2', 1_700_000_600_000, '20 of its last 20 shares were invalid']],
  );
  pass(599);
  await (await StratumClient.open(port, attacker, t)).waitForClose();
  assert.equal(await share(miner, 's1'), true);
  pass(1);
  const forgiven = await StratumClient.open(port, attacker, t);
  await forgiven.start('cheat');
  assert.equal(server.connections, 2);
});
