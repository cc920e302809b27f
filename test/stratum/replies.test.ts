import assert from 'node:assert/strict';
import { test } from 'node:test';
import { difficulty } from '../../libs/primitives/units.ts';
import {
  errorReply,
  NotifyLines,
  resultReply,
  setDifficultyLine,
  trueReply,
} from '../../libs/stratum/replies.ts';
import { fakeJob } from './support/fakePool.ts';

test('every answer is one ASCII line with id, result and error', () => {
  assert.equal(trueReply(4), '{"id":4,"result":true,"error":null}\n');
  assert.equal(trueReply(null), '{"id":null,"result":true,"error":null}\n');
  assert.equal(trueReply('é"\n'), '{"id":"\\u00e9\\"\\n","result":true,"error":null}\n');
  assert.equal(resultReply('a', []), '{"id":"a","result":[],"error":null}\n');
  assert.equal(
    errorReply(5, 21, 'job not found'),
    '{"id":5,"result":null,"error":[21,"job not found",null]}\n',
  );
  assert.equal(
    errorReply(5, 20, '😀', false),
    '{"id":5,"result":false,"error":[20,"\\ud83d\\ude00",null]}\n',
  );
});

test('an id that JSON cannot hold is answered as null', () => {
  const id: unknown = JSON.parse('1e400');
  assert.equal(typeof id === 'number' && trueReply(id), trueReply(null));
});

test('a difficulty is written as a JSON number, however small', () => {
  assert.equal(
    setDifficultyLine(difficulty(1e-10)),
    '{"id":null,"method":"mining.set_difficulty","params":[1e-10]}\n',
  );
});

test('mining.notify holds its nine fields in order', () => {
  const line = new NotifyLines().line(fakeJob(0xbf), 4, true);
  assert.deepEqual(JSON.parse(line.toString('latin1')), {
    id: null,
    method: 'mining.notify',
    params: [
      'bf',
      '4d16b6f85af6e2198f44ae2a6de67f78487ae5611b77c6c0440b921e00000000',
      '0100000001000004',
      '072f736c7573682f000000000100f2052a01000000',
      ['aa'.repeat(32), 'bb'.repeat(32)],
      '20000000',
      '1c2ac4af',
      '504e86b9',
      true,
    ],
  });
  assert.equal(line.at(-1), 0x0a);
});

test('a job is serialised once for each size of extranonce2 and each value of clean', () => {
  let asked = 0;
  const job = fakeJob(1);
  const counting = {
    ...job,
    notifyParams: (size: number) => {
      asked++;
      return job.notifyParams(size);
    },
  };
  const lines = new NotifyLines();
  const first = lines.line(counting, 4, false);
  assert.equal(lines.line(counting, 4, false), first);
  assert.notEqual(lines.line(counting, 8, false), first);
  assert.notEqual(lines.line(counting, 4, true), first);
  assert.equal(asked, 3);
  assert.notEqual(lines.line(fakeJob(2), 4, false), first);
});
