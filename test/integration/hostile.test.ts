import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { mineShares } from '../support/chain.ts';
import { childPids } from '../support/portal.ts';
import { buildRig, newAddress, rigMiner, takesMiners } from '../support/rig.ts';

const methods: unknown[] = [
  'mining.subscribe',
  'mining.authorize',
  'mining.submit',
  'mining.configure',
  'mining.extranonce.subscribe',
  'mining.suggest_difficulty',
  'mining.suggest_target',
  'mining.get_transactions',
  'mining.multi_version',
  'mining.ping',
  'client.pong',
  'mining.nonsense',
  '__proto__',
  'constructor',
  '',
  7,
  null,
  {},
];

const long = 'x'.repeat(3_000);
const parameters: unknown[] = [
  undefined,
  null,
  [],
  {},
  'text',
  7,
  [null],
  [{}],
  [[]],
  [7, 7, 7, 7, 7],
  ['__proto__', 'x'],
  ['constructor', '1', '00000000', '00000000', '00000000'],
  ['wörker\u0000\u001b[31m', 'pässword', '\ud800', '€', '\n'],
  [long, long],
  ['a:b:c', 'x'],
  ['x', 'ffffffffffffffffffff', '0', '-1', '1e999', 'zzzzzzzz'],
  [-1, 1e308, Number.MAX_SAFE_INTEGER],
  [['version-rolling', '__proto__'], { 'version-rolling.mask': 7 }],
];

const raw: (string | Buffer)[] = [
  'GET / HTTP/1.1\r\nHost: pool\r\n\r\n',
  '\n\n\n\n',
  '{',
  '}\n',
  '[]\n',
  'null\n',
  '"mining.submit"\n',
  '{"id":1}\n',
  '{"id":{},"method":"mining.subscribe","params":[]}\n',
  '{"method":"mining.authorize"}\n',
  '{"id":1,"result":true,"error":null}\n',
  '{"id":1,"method":"mining.submit","params":["a"],"params":null}\n',
  `${'['.repeat(5_000)}\n`,
  `${'{"a":'.repeat(1_500)}1${'}'.repeat(1_500)}\n`,
  'x'.repeat(20_000),
  Buffer.from([0xff, 0xfe, 0xfd, 0x0a]),
  Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03, 0x0a]),
  Buffer.alloc(4_096),
];

function lines(): (string | Buffer)[] {
  const made = methods.flatMap((method) =>
    parameters.map((params, id) => `${JSON.stringify({ id, method, params })}\n`),
  );
  return [...made, ...raw];
}

/** Sends the line, before or after a login, and resolves when the pool has answered what follows or hung up. */
function attack(port: number, line: string | Buffer, login: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let heard = '';
    socket.setEncoding('utf8');
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.on('data', (text: string) => {
      heard += text;
      if (heard.includes('"id":"last"')) socket.destroy();
    });
    socket.write(login);
    socket.write(line);
    // What does not end in a line feed would swallow the last request: hanging up is the answer then.
    if (line.at(-1) !== '\n' && line.at(-1) !== 10) socket.end();
    else socket.write('{"id":"last","method":"mining.ping","params":[]}\n');
  });
}

test('hundreds of hostile lines, before and after a login, end no process and harm no honest miner', async (t) => {
  const rig = await buildRig(t, { forks: 2 });
  const portal = rig.start();
  await takesMiners(portal);
  const children = await childPids(portal.pid);
  const worker = await newAddress(rig.litecoin);
  const miner = rigMiner(t, rig, worker);
  await mineShares(miner, 1, false);
  const login =
    '{"id":"s","method":"mining.subscribe","params":[]}\n' +
    `{"id":"a","method":"mining.authorize","params":["${worker}.attacker","x"]}\n`;
  const all = lines();
  assert.ok(all.length >= 200);
  for (const before of ['', login]) {
    for (let i = 0; i < all.length; i += 20) {
      await Promise.all(all.slice(i, i + 20).map((line) => attack(rig.stratumPort, line, before)));
    }
    await mineShares(miner, 1, false);
  }
  assert.equal(miner.connections, 1);
  assert.deepEqual(await childPids(portal.pid), children);
  assert.ok(!portal.output.includes('started again'));
  assert.equal(await rig.redis.hget('litecoin:shares:roundCurrent', '__proto__'), null);
});

test('two forks never deal the same extranonce1', async (t) => {
  const rig = await buildRig(t, { forks: 2 });
  const portal = rig.start();
  await takesMiners(portal);
  const extranonces = await Promise.all(
    Array.from({ length: 300 }, () => subscribe(rig.stratumPort)),
  );
  assert.equal(new Set(extranonces.map(({ extranonce1 }) => extranonce1)).size, 300);
  // Both forks took part: their ranges differ in the bits above the lowest 20.
  const ranges = new Set(extranonces.map(({ extranonce1 }) => extranonce1.slice(0, 3)));
  assert.equal(ranges.size, 2);
  for (const { socket } of extranonces) socket.destroy();
});

function subscribe(port: number): Promise<{ extranonce1: string; socket: net.Socket }> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1');
    let heard = '';
    socket.setEncoding('utf8');
    socket.on('error', reject);
    socket.on('data', (text: string) => {
      heard += text;
      const reply = heard.split('\n').find((line) => line.includes('"id":1,'));
      if (reply === undefined) return;
      const { result } = JSON.parse(reply) as { result: [unknown, string, number] };
      resolve({ extranonce1: result[1], socket });
    });
    socket.write('{"id":1,"method":"mining.subscribe","params":[]}\n');
  });
}
