import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandEffects, runCommand } from '../../libs/cluster/commands.ts';

const hash = 'AB'.repeat(32);

function recordingEffects(): CommandEffects & { done: string[] } {
  const done: string[] = [];
  return {
    done,
    coins: () => ['litecoin', 'bitcoin'],
    blockNotify: (coin, blockHash) => done.push(`blocknotify ${coin} ${blockHash}`),
    reloadPool: (coin) => {
      done.push(`reload ${coin}`);
      return coin === 'bitcoin' ? 'bitcoin.json has an error' : undefined;
    },
    coinSwitch: (coin, { name, algorithm }) => {
      done.push(`coinswitch ${coin} ${name} ${algorithm}`);
      return { ok: true, text: 'done' };
    },
  };
}

const command = (name: string, ...params: string[]) => ({
  command: name,
  params,
  options: new Map<string, string>(),
});

test('blocknotify passes coin and hash on in lower case', () => {
  const effects = recordingEffects();
  assert.equal(runCommand(command('blocknotify', 'Litecoin', hash), effects).ok, true);
  assert.deepEqual(effects.done, [`blocknotify litecoin ${hash.toLowerCase()}`]);
});

test('blocknotify without a coin, of an unknown coin, or with a broken hash is an error and does nothing', () => {
  const effects = recordingEffects();
  const wrong = [[], ['dogecoin', hash], ['litecoin'], ['litecoin', 'xyz'], ['litecoin', '%s']];
  for (const params of wrong) {
    assert.equal(runCommand(command('blocknotify', ...params), effects).ok, false);
  }
  assert.deepEqual(effects.done, []);
});

test('reloadpool answers what the reload found wrong', () => {
  const effects = recordingEffects();
  assert.equal(runCommand(command('reloadpool', 'litecoin'), effects).ok, true);
  const answer = runCommand(command('reloadpool', 'bitcoin'), effects);
  assert.deepEqual(answer, { ok: false, text: 'bitcoin.json has an error' });
});

test('an unknown command is named in the error, with the known ones', () => {
  const answer = runCommand(command('format-disk'), recordingEffects());
  assert.equal(answer.ok, false);
  assert.match(answer.text, /format-disk.*blocknotify.*reloadpool/);
});

test('coinswitch passes on the coin in lower case, and the switch or the algorithm', () => {
  const effects = recordingEffects();
  assert.equal(runCommand(command('coinswitch', 'Litecoin', 'multi'), effects).ok, true);
  const options = new Map([['algorithm', 'scrypt']]);
  runCommand({ command: 'CoinSwitch', params: ['bitcoin'], options }, effects);
  assert.deepEqual(effects.done, [
    'coinswitch litecoin multi undefined',
    'coinswitch bitcoin undefined scrypt',
  ]);
});

test('coinswitch without a coin, or to one without a pool, is an error and does nothing', () => {
  const effects = recordingEffects();
  for (const params of [[], ['dogecoin', 'multi'], ['', 'multi']]) {
    assert.equal(runCommand(command('coinswitch', ...params), effects).ok, false);
  }
  assert.deepEqual(effects.done, []);
});
