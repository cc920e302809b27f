import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { millis } from '../../libs/primitives/units.ts';
import { openRedis, pingRedis, waitForRedis } from '../../libs/redis/connection.ts';
import { RedisError } from '../../libs/redis/errors.ts';
import { freePort } from '../../scripts/regtest/freePort.ts';
import { memoryLog } from '../support/memoryLog.ts';
import { until } from '../support/until.ts';
import { clusterFor, connectFor, redisFor } from './testbed.ts';

const host = '127.0.0.1';

/** A connection that never becomes ready, with its log. */
function openFor(t: TestContext, options: { port: number; password?: string; db?: number }) {
  const log = memoryLog();
  let now = 0;
  const connection = openRedis({ host, ...options }, log, { now: () => millis(now) });
  t.after(() => connection.close());
  return {
    connection,
    log,
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

test('a command while Redis is away rejects at once with RedisError and is known not to have run', async (t) => {
  const { connection } = openFor(t, { port: await freePort() });
  await assert.rejects(connection.command('PING'), (error: unknown) => {
    assert.ok(error instanceof RedisError);
    assert.deepEqual(
      [error.code, error.trouble, error.mayHaveRun],
      ['REDIS_DOWN', 'transient', false],
    );
    return true;
  });
});

test('while Redis is down the log says why once a minute, and it is used when it comes', async (t) => {
  const port = await freePort();
  const { connection, log, pass } = openFor(t, { port });
  await until('it is said', () => log.count('refuses connections (ECONNREFUSED)') === 1);
  pass(59_999);
  pass(1);
  await until('it is said again', () => log.count('ECONNREFUSED') === 2);
  await redisFor(t, { port });
  await waitForRedis(connection, AbortSignal.timeout(10_000));
  assert.equal(await connection.command('PING'), 'PONG');
  assert.equal(log.count(/\[special\].*is back/), 1);
});

test('a missing or wrong password is said as such, and never shown', async (t) => {
  const { port } = await redisFor(t, { args: ['--requirepass', 'rightPassword'] });
  const without = openFor(t, { port });
  await until('the missing password is said', () => without.log.count('NOAUTH') === 1);
  const wrong = openFor(t, { port, password: 'wrongPassword' });
  await until('the wrong password is said', () => wrong.log.count('WRONGPASS') === 1);
  assert.equal(wrong.log.count('wrongPassword'), 0);
  assert.equal(without.connection.ready, false);
  assert.equal(wrong.connection.ready, false);
  const right = await connectFor(t, { port, password: 'rightPassword' });
  assert.equal(await right.command('PING'), 'PONG');
});

test('a database that does not exist is never replaced by database 0', async (t) => {
  const { port } = await redisFor(t, { args: ['--databases', '4'] });
  const { connection, log } = openFor(t, { port, db: 9 });
  await until('it is said', () => log.count('check redis.db') === 1);
  assert.equal(connection.ready, false);
  await assert.rejects(connection.command('SET', 'where', 'here'), { code: 'REDIS_DOWN' });
  const good = await connectFor(t, { port, db: 3 });
  await good.command('SET', 'where', 'three');
  const zero = await connectFor(t, { port });
  assert.equal(await zero.command('GET', 'where'), null);
});

test('a connection that was killed comes back by itself', async (t) => {
  const { port } = await redisFor(t);
  const connection = await connectFor(t, { port });
  const other = await connectFor(t, { port });
  let times = 0;
  connection.onReady(() => {
    times += 1;
  });
  await other.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await until('it is ready again', () => times === 1);
  assert.equal(await connection.command('PING'), 'PONG');
});

test('a command under way when Redis dies may have run', async (t) => {
  const server = await redisFor(t);
  const connection = await connectFor(t, { port: server.port });
  const blocked = connection.command('BLPOP', 'nothing', '0');
  const failed = assert.rejects(blocked, { code: 'REDIS_DOWN', mayHaveRun: true });
  await server.kill('SIGKILL');
  await failed;
});

test('a Redis that hangs is given up after the silence and used again when it wakes', async (t) => {
  const server = await redisFor(t);
  const connection = await connectFor(t, { port: server.port }, memoryLog(), 200);
  await server.kill('SIGSTOP');
  await assert.rejects(connection.command('PING'), { code: 'REDIS_DOWN', mayHaveRun: true });
  await server.kill('SIGCONT');
  await until('it is ready again', () => connection.ready);
  assert.equal(await connection.command('PING'), 'PONG');
});

test('something that is no Redis on the port is said and retried, never thrown', async (t) => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  server.listen(0, host);
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const { log, connection } = openFor(t, { port: address.port });
  await until('it was tried often', () => sockets.size >= 5);
  assert.equal(log.count(/\[error\].*cannot be used/), 1);
  assert.equal(connection.ready, false);
});

test('a read-only replica answers REDIS_READONLY, and a new connection is made for the next try', async (t) => {
  const master = await redisFor(t);
  const replica = await redisFor(t, { args: ['--replicaof', `${host} ${master.port}`] });
  const connection = await connectFor(t, { port: replica.port });
  let times = 0;
  connection.onReady(() => {
    times += 1;
  });
  await assert.rejects(connection.command('SET', 'a', '1'), {
    code: 'REDIS_READONLY',
    trouble: 'transient',
    mayHaveRun: false,
  });
  await until('it has reconnected', () => times === 1);
});

test('waitForRedis ends with its signal', async (t) => {
  const { connection } = openFor(t, { port: await freePort() });
  const stop = new AbortController();
  const waiting = assert.rejects(waitForRedis(connection, stop.signal), /enough/);
  stop.abort(new Error('enough'));
  await waiting;
  await assert.rejects(waitForRedis(connection, stop.signal), /enough/);
});

test('pingRedis gives nothing for a Redis that answers and a sentence for one that does not', async (t) => {
  const { port } = await redisFor(t, { args: ['--requirepass', 'secret'] });
  assert.equal(await pingRedis({ host, port, password: 'secret' }, 2_000), undefined);
  assert.match((await pingRedis({ host, port }, 300)) ?? '', /redis\.password/);
  assert.match((await pingRedis({ host, port: await freePort() }, 300)) ?? '', /ECONNREFUSED/);
});

test('the master of a Sentinel group is found, and the new one after a failover', async (t) => {
  const first = await redisFor(t);
  const second = await redisFor(t);
  const sentinelPort = await freePort();
  const master = { port: first.port };
  await sentinelStandIn(t, sentinelPort, master);
  const connection = await connectFor(t, {
    port: 1,
    sentinels: [{ host, port: sentinelPort }],
    name: 'pool',
  });
  assert.match(
    String(await connection.command('INFO', 'server')),
    RegExp(`tcp_port:${first.port}`),
  );
  master.port = second.port;
  await first.stop();
  await until('the new master is used', () => connection.ready);
  const info = await connection.command('INFO', 'server');
  assert.match(String(info), RegExp(`tcp_port:${second.port}`));
});

test('a Cluster is used through any of its nodes', async (t) => {
  const { port } = await clusterFor(t);
  const connection = await connectFor(t, { port: 1, cluster: [{ host, port }] });
  await connection.command('SET', '{litecoin}:stats', '1');
  assert.equal(await connection.command('GET', '{litecoin}:stats'), '1');
});

/** Stand-in for a Sentinel: knows one master, answers what clients ask. */
async function sentinelStandIn(
  t: TestContext,
  port: number,
  master: { readonly port: number },
): Promise<void> {
  const sockets = new Set<Socket>();
  const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      for (const command of bytes
        .toString()
        .toLowerCase()
        .split(/(?=\*\d+\r\n)/)) {
        if (command.includes('get-master-addr-by-name')) {
          socket.write(`*2\r\n${bulk(host)}${bulk(String(master.port))}`);
        } else if (command.includes('hello')) socket.write("-ERR unknown command 'hello'\r\n");
        else if (command.includes('info')) socket.write(bulk('redis_mode:sentinel\r\n'));
        else if (command.includes('sentinel')) socket.write('*0\r\n');
        else socket.write('+OK\r\n');
      }
    });
  });
  server.listen(port, host);
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
}
