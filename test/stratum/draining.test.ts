import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { StratumClient } from '../support/stratumClient.ts';
import { until } from '../support/until.ts';
import { startServer } from './support/fakePool.ts';

function refuses(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', () => resolve(true));
  });
}

test('ports that are closed for a while keep their miners, ask each once to reconnect, and open as they were', async (t) => {
  const { port, server } = await startServer(t);
  const miners = await Promise.all(
    Array.from({ length: 10 }, () => StratumClient.open(port, {}, t)),
  );
  await Promise.all(miners.map((miner) => miner.request('mining.subscribe', [])));
  server.stopAccepting();
  assert.equal(server.isAccepting, false);
  await until('the port is closed', () => refuses(port));
  server.askToReconnect(1);
  const asks = ({ method }: { method?: string }) => method === 'client.reconnect';
  await Promise.all(miners.map((miner) => miner.waitFor(asks)));
  for (const miner of miners) {
    await miner.request('mining.ping', []);
    const asked = miner.lines.filter(asks);
    assert.deepEqual(
      asked.map(({ params }) => params),
      [[]],
    );
  }
  assert.equal(server.connections, 10);

  await server.acceptAgain();
  assert.deepEqual(server.ports, [port]);
  const late = await StratumClient.open(port, {}, t);
  assert.ok((await late.request('mining.subscribe', [])).result);
  assert.equal(server.connections, 11);
});

test('ports that are closed while they are being opened again are closed in the end, and can be opened later', async (t) => {
  const { port, server } = await startServer(t);
  server.stopAccepting();
  await until('the port is closed', () => refuses(port));
  const opening = server.acceptAgain();
  server.stopAccepting();
  await opening;
  assert.equal(server.isAccepting, false);
  await until('the port is closed', () => refuses(port));
  await server.acceptAgain();
  await StratumClient.open(port, {}, t);
});

test('a port that another program has taken meanwhile stays closed, and can be opened later', async (t) => {
  const { port, server } = await startServer(t);
  server.stopAccepting();
  const other = net.createServer();
  await until('the other program has the port', () => listens(other, port));
  await assert.rejects(server.acceptAgain(), { code: 'STRATUM_PORT_TAKEN' });
  assert.equal(server.isAccepting, false);
  await new Promise((resolve) => other.close(resolve));
  await server.acceptAgain();
  await StratumClient.open(port, {}, t);
});

function listens(server: net.Server, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
}
