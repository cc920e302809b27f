import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type RpcFault, rpcFaults, startFaultyProxy } from '../../scripts/regtest/faultyProxy.ts';
import { until } from '../support/until.ts';

/** A daemon that answers every call with its own number of calls so far. */
async function counter(t: TestContext) {
  let calls = 0;
  const server = http.createServer((request, response) => {
    request.resume().on('end', () => {
      calls += 1;
      response.end(`{"result":${calls},"error":null,"id":7}\n`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, calls: () => calls };
}

async function proxied(t: TestContext, fault: RpcFault | undefined) {
  const daemon = await counter(t);
  const proxy = await startFaultyProxy({ port: daemon.port });
  t.after(() => proxy.close());
  proxy.fault = (method) => (method === 'send' ? fault : undefined);
  const url = `http://127.0.0.1:${proxy.port}/`;
  const call = (signal = AbortSignal.timeout(5_000)) =>
    fetch(url, { method: 'POST', body: '{"id":7,"method":"send","params":[]}', signal });
  return { daemon, proxy, call };
}

test('a call without a fault passes as it is', async (t) => {
  const { proxy, call } = await proxied(t, undefined);
  assert.equal(await (await call()).text(), '{"result":1,"error":null,"id":7}\n');
  assert.equal(proxy.executed('send'), 1);
});

const answers: readonly (readonly [RpcFault, number, string])[] = [
  ['halfJson', 200, '{"result":1,"err'],
  ['htmlPage', 502, '<html><body><h1>502 Bad Gateway</h1></body></html>'],
  ['emptyError', 500, ''],
  ['wrongId', 200, '{"result":1,"error":null,"id":987654321}\n'],
  ['doubleKeys', 200, '{"result":1,"error":null,"id":7,"result":"00"}'],
  ['nullResult', 200, '{"result":null,"error":null,"id":7}\n'],
];
for (const [fault, status, body] of answers) {
  test(`${fault}: the call is executed, and the answer is spoilt`, async (t) => {
    const { daemon, call } = await proxied(t, fault);
    const response = await call();
    assert.equal(response.status, status);
    assert.equal(await response.text(), body);
    assert.equal(daemon.calls(), 1);
  });
}

test('garbage: the call is executed, and the answer is no text', async (t) => {
  const { daemon, call } = await proxied(t, 'garbage');
  const bytes = Buffer.from(await (await call()).arrayBuffer());
  assert.throws(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  assert.equal(daemon.calls(), 1);
});

for (const [fault, executed] of [
  ['lostCall', 0],
  ['lostReply', 1],
  ['brokenReply', 1],
] as const) {
  test(`${fault}: the connection breaks, and the daemon has executed ${executed} calls`, async (t) => {
    const { daemon, proxy, call } = await proxied(t, fault);
    await assert.rejects(call().then((response) => response.text()));
    assert.equal(daemon.calls(), executed);
    assert.equal(proxy.executed('send'), executed);
  });
}

test('fullQueue: the call is not executed, and refused in the words of a daemon', async (t) => {
  const { daemon, call } = await proxied(t, 'fullQueue');
  const response = await call();
  assert.equal(response.status, 500);
  assert.equal(await response.text(), 'Work queue depth exceeded');
  assert.equal(daemon.calls(), 0);
});

for (const [fault, executed] of [
  ['hang', 1],
  ['blackHole', 0],
] as const) {
  test(`${fault}: no answer comes, and the daemon has executed ${executed} calls`, async (t) => {
    const { daemon, call } = await proxied(t, fault);
    await assert.rejects(call(AbortSignal.timeout(200)), { name: 'TimeoutError' });
    assert.equal(daemon.calls(), executed);
  });
}

test('executedLate: the call is executed when the client has left', async (t) => {
  const { daemon, proxy, call } = await proxied(t, 'executedLate');
  const leaving = new AbortController();
  const answer = call(leaving.signal);
  await until('the call is there', () => proxy.outstanding === 1);
  assert.equal(daemon.calls(), 0);
  leaving.abort();
  await assert.rejects(answer, { name: 'AbortError' });
  await proxy.settled();
  assert.equal(daemon.calls(), 1);
});

test('every fault is tried here', () => {
  const tried = ['garbage', 'lostCall', 'lostReply', 'brokenReply', 'fullQueue', 'hang'];
  const all = [...tried, 'blackHole', 'executedLate', ...answers.map(([fault]) => fault)];
  assert.deepEqual(all.sort(), [...rpcFaults].sort());
});
