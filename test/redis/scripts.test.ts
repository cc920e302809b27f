import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { coinKeys } from '../../libs/redis/keys.ts';
import { loadScript, oneOf, runScript } from '../../libs/redis/scripts.ts';
import { connectFor, redisFor } from './testbed.ts';

const keys = coinKeys('scriptcoin');
const hash = 'a'.repeat(64);
const closeKeys = [
  keys.block(hash),
  keys.roundCurrent,
  keys.round(5),
  keys.roundBlocks(5),
  keys.openBlocks,
  keys.blockIndex,
];
const closeArgs = [hash, 5, 'b'.repeat(64), 'worker', 1, '100', 2];

test('a script runs again after SCRIPT FLUSH has made Redis forget it', async (t) => {
  const { port } = await redisFor(t);
  const connection = await connectFor(t, { port });
  const script = loadScript('closeRound', oneOf('closed', 'already', 'twin'));
  assert.equal(await runScript(connection, script, closeKeys, closeArgs), 'closed');
  await connection.command('SCRIPT', 'FLUSH');
  assert.equal(await runScript(connection, script, closeKeys, closeArgs), 'already');
  assert.deepEqual(await connection.command('SCRIPT', 'EXISTS', script.sha), [1]);
});

test('a refusal of the script comes with its own code, as permanent', async (t) => {
  const { port } = await redisFor(t);
  const connection = await connectFor(t, { port });
  await connection.command('SET', keys.roundCurrent, 'text');
  const script = loadScript('closeRound', oneOf('closed', 'already', 'twin'));
  await assert.rejects(runScript(connection, script, closeKeys, closeArgs), {
    code: 'REDIS_WRONGTYPE',
    trouble: 'permanent',
    mayHaveRun: false,
    message: /scriptcoin:shares:roundCurrent holds a string, not a hash/,
  });
});

test('a reply that the script never gives is an error, not a guess', async (t) => {
  const { port } = await redisFor(t);
  const connection = await connectFor(t, { port });
  const script = loadScript('closeRound', oneOf('something else'));
  await assert.rejects(runScript(connection, script, closeKeys, closeArgs), {
    code: 'REDIS_BADREPLY',
    mayHaveRun: true,
  });
});

test('every script begins with a comment that tells its KEYS and what it returns', () => {
  const folder = join(installRoot, 'libs', 'redis', 'scripts');
  const scripts = readdirSync(folder).filter((file) => file !== 'checks.lua');
  assert.ok(scripts.length >= 4);
  for (const file of scripts) {
    const head = /^(--.*\n)+/.exec(readFileSync(join(folder, file), 'utf8'))?.[0] ?? '';
    assert.match(head, /KEYS/, file);
    assert.match(head, /Returns/, file);
  }
});

test('scripts touch only keys that were given to them: a Cluster knows no others', () => {
  const folder = join(installRoot, 'libs', 'redis', 'scripts');
  // Commands, and the functions of ours that hand a key on to them as `key`.
  const uses =
    /(?<!function )\b(?:(?:redis\.p?call|ask)\((?:'(?!INFO')\w+'|command), |(?:wrongType|badValue|badCounter|badSums|tell)\()([^,)]*)/g;
  let looked = 0;
  for (const file of readdirSync(folder)) {
    const code = readFileSync(join(folder, file), 'utf8').replace(/--.*/g, '');
    for (const [use, key = ''] of code.matchAll(uses)) {
      assert.match(key, /^(KEYS\[|key$|keysAndTypes\[|twin and KEYS\[)/, `${file}: ${use}`);
      looked += 1;
    }
  }
  assert.ok(looked > 100, `only ${looked} uses of keys were found`);
});
