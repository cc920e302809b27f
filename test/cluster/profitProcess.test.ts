import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type CliCommand, listenForCommands } from '../../libs/cluster/cliListener.ts';
import type { PoolConfig, PortalConfig } from '../../libs/config/types.ts';
import type { ToChild } from '../../libs/ipc/messages.ts';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { parseProfitTable } from '../../libs/redis/profitability.ts';
import { configFolder, load } from '../config/configFolder.ts';
import { FaultyDaemon } from '../daemon/faultyDaemon.ts';
import { connectFor, redisFor } from '../redis/testbed.ts';
import { cleanUp } from '../support/cleanup.ts';
import { memoryLog } from '../support/memoryLog.ts';
import { until } from '../support/until.ts';
import { StandInExchange } from '../switching/standInExchange.ts';

// The process as it runs in the portal. The master, its command port and socket file, the daemons and the exchange are
// stand-ins; Redis is real.

const { template } = JSON.parse(
  readFileSync(join(installRoot, 'test', 'vectors', 'templates', 'plain.json'), 'utf8'),
);

async function ground(t: TestContext) {
  const redisServer = await redisFor(t);
  const redis = await connectFor(t, { port: redisServer.port });
  const exchange = await StandInExchange.start(t);
  const daemon = await FaultyDaemon.start(t, (call) => call.result(template));
  const commands: CliCommand[] = [];
  const state = { running: ['litecoin', 'dogecoin'], refusal: undefined as string | undefined };
  const pool = (coin: string, port: number) => ({
    ...{ enabled: true, coin: `${coin}.json`, address: 'LZz44iyF4zLCXJTU8RxztyyJZBntdS6fvv' },
    ...{ ports: { [port]: { diff: 8 } }, daemons: [daemon.config] },
  });
  const answer = (command: CliCommand) => {
    commands.push(command);
    if (command.command === 'pools') {
      const lines = ['litecoin', 'dogecoin'].map((coin) => ({
        ...{ coin, height: state.running.includes(coin) ? 7 : null },
      }));
      return { ok: true, text: JSON.stringify(lines) };
    }
    return state.refusal === undefined
      ? { ok: true, text: 'moved.' }
      : { ok: false, text: state.refusal };
  };
  const cli = await listenForCommands({ port: 0 }, answer, memoryLog());
  cleanUp(t, () => cli.close());
  const dir = configFolder(t, {
    'config.json': {
      logColors: false,
      cliPort: cli.port,
      redis: { host: '127.0.0.1', port: redisServer.port },
      switching: { switch1: { enabled: true, algorithm: 'scrypt', ports: { 4444: { diff: 8 } } } },
      profitSwitch: {
        ...{ enabled: true, updateInterval: 0.05, usePoloniex: true },
        exchangeUrls: { poloniex: exchange.url },
      },
    },
    'pool_configs/1.json': pool('litecoin', 3008),
    'pool_configs/2.json': pool('dogecoin', 3009),
  });
  mkdirSync(join(dir, 'data'));
  const socket = await listenForCommands(
    { path: join(dir, 'data', 'cli.sock') },
    answer,
    memoryLog(),
  );
  cleanUp(t, () => socket.close());
  const { portal, pools, errors } = load(dir);
  assert.deepEqual(errors, []);
  assert.ok(portal !== undefined);
  const price = (symbol: string, bid: number): void =>
    exchange.answer(
      `/markets/${symbol}_BTC/orderBook?limit=150`,
      JSON.stringify({ bids: [String(bid), '100'] }),
    );
  const child = startProcess(t, { portal, pools, dataDir: join(dir, 'data') });
  const moves = () =>
    commands
      .filter(({ command }) => command === 'coinswitch')
      .map(({ params }) => params.join(' '));
  return { ...{ redis, exchange, daemon, commands, state, price, child, moves, pools } };
}

interface Running {
  readonly process: ChildProcess;
  readonly output: () => string;
  tell(message: ToChild): void;
}

function startProcess(
  t: TestContext,
  config: {
    readonly portal: PortalConfig;
    readonly pools: readonly PoolConfig[];
    readonly dataDir: string;
  },
): Running {
  const program = fileURLToPath(new URL('../../init.js', import.meta.url));
  const child = fork(program, [], {
    ...{ env: { ...process.env, NOMP_ROLE: 'profit' }, serialization: 'advanced', silent: true },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (text: Buffer) => {
      output += text.toString();
    });
  }
  cleanUp(t, () => child.kill('SIGKILL'));
  const tell = (message: ToChild) => void child.send(message);
  child.on('message', () =>
    tell({
      ...{ type: 'start', forkId: 0, config, extranonce: { first: 0, count: 0 }, bans: [] },
      switches: [{ switch: 'switch1', coin: 'litecoin' }],
    }),
  );
  return { process: child, output: () => output, tell };
}

test('the process moves the switch through the command port when another coin pays more, and shows the table', async (t) => {
  const here = await ground(t);
  here.price('LTC', 0.001);
  here.price('DOGE', 0.0005);
  const table = await until('a table is published', async () => {
    const text = await here.redis.command('get', 'nomp:profitability');
    return typeof text === 'string' && parseProfitTable(text);
  });
  const [scrypt] = table.algorithms;
  assert.deepEqual(scrypt?.switches, [{ name: 'switch1', coin: 'litecoin' }]);
  assert.deepEqual(
    scrypt?.coins.map(({ coin, markets }) => [coin, markets[0]?.bid]),
    [
      ['litecoin', 0.001],
      ['dogecoin', 0.0005],
    ],
  );
  assert.deepEqual(here.moves(), []);
  here.price('DOGE', 0.002);
  await until('the switch is moved', () => here.moves().length > 0);
  here.price('DOGE', 0.0001);
  await until('the switch is moved back', () => here.moves().length > 1);
  assert.deepEqual(here.moves(), ['dogecoin switch1', 'litecoin switch1']);
});

test('a coin that somebody else has moved the switch to is where the process goes on from', async (t) => {
  const here = await ground(t);
  here.price('LTC', 0.001);
  here.price('DOGE', 0.002);
  here.state.running = ['dogecoin'];
  await until('a round is over', () => here.child.output().includes('only dogecoin runs'));
  here.child.tell({ type: 'coinswitch', switch: 'switch1', coin: 'dogecoin' });
  here.state.running = ['litecoin', 'dogecoin'];
  await until('a table is published', () =>
    here.redis.command('exists', 'nomp:profitability').then(Boolean),
  );
  assert.deepEqual(here.moves(), []);
});

test('a reloaded pool is asked at its new daemons', async (t) => {
  const here = await ground(t);
  here.price('LTC', 0.001);
  here.price('DOGE', 0.0005);
  await until('the daemon was asked', () => here.daemon.calls.length > 3);
  const richer = await FaultyDaemon.start(t, (call) =>
    call.result({ ...template, coinbasevalue: template.coinbasevalue * 10 }),
  );
  const dogecoin = here.pools.find(({ coin }) => coin.name === 'dogecoin');
  assert.ok(dogecoin !== undefined);
  const pool = { ...dogecoin, daemons: [richer.config] };
  here.child.tell({ type: 'reloadpool', coin: 'dogecoin', pool });
  await until('the switch is moved', () => here.moves().length > 0);
  assert.deepEqual(here.moves(), ['dogecoin switch1']);
});

test('SIGTERM and a master that is gone end the process at once with exit code 0, in the midst of a round', async (t) => {
  for (const end of ['SIGTERM', 'disconnect'] as const) {
    const here = await ground(t);
    here.exchange.always(() => undefined);
    await until('an exchange is being asked', () => here.exchange.asked.length > 0);
    const started = Date.now();
    const { process: child } = here.child;
    if (end === 'SIGTERM') child.kill(end);
    else child.disconnect();
    const [code] = await once(child, 'exit');
    assert.equal(code, 0, here.child.output());
    assert.ok(Date.now() - started < 3_000);
  }
});
