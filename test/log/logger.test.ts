import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, hideInLogs, type LogOptions } from '../../libs/log/logger.ts';

function logTo(lines: string[], options: Partial<LogOptions> = {}) {
  return createLogger(
    { level: 'debug', colors: false, format: 'text', ...options },
    { write: (line) => void lines.push(line) },
  );
}

test('a line has time, severity, system, component and sentence', () => {
  const lines: string[] = [];
  logTo(lines).child('Pool', 'litecoin').warning('The daemon is away.');
  assert.match(
    lines.join(''),
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[warning\]\t\[Pool\]\t\[litecoin\] The daemon is away\.\n$/,
  );
});

test('severities below the level are not written', () => {
  const lines: string[] = [];
  const log = logTo(lines, { level: 'error' });
  log.debug('a');
  log.warning('b');
  log.error('c');
  log.special('d');
  assert.equal(log.enabled('warning'), false);
  assert.equal(lines.length, 2);
});

test('a new level holds for a logger, its children, and their children', () => {
  const lines: string[] = [];
  const log = logTo(lines, { level: 'error' });
  const child = log.child('Pool');
  child.debug('not yet');
  log.setLevel('debug');
  child.debug('now');
  child.child('Stratum').debug('and now');
  assert.equal(lines.length, 2);
});

test('the json format gives one object a line', () => {
  const lines: string[] = [];
  logTo(lines, { format: 'json' }).child('Pool', 'litecoin').error('Said "so".');
  const { time, ...rest } = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  assert.ok(!Number.isNaN(Date.parse(String(time))));
  assert.deepEqual(rest, {
    severity: 'error',
    system: 'Pool',
    component: 'litecoin',
    text: 'Said "so".',
  });
});

test('a secret that was made known is written as ***, wherever it stands', () => {
  const lines: string[] = [];
  hideInLogs('canary-5f3a');
  logTo(lines).error('Wrong password canary-5f3a at http://u:canary-5f3a@h.');
  assert.ok(!lines.join('').includes('canary-5f3a'));
  assert.match(lines.join(''), /Wrong password \*\*\* at http:\/\/u:\*\*\*@h\./);
});

test('a name with line feeds and escapes cannot forge a line or paint the terminal', () => {
  const lines: string[] = [];
  logTo(lines).debug('worker \n2026-01-01 [special] paid \u001b[31mred\u2028 \u009b31m');
  assert.equal(lines.length, 1);
  assert.equal((lines[0]?.match(/\n/g) ?? []).length, 1);
  assert.doesNotMatch(lines[0]?.slice(0, -1).replaceAll('\t', '') ?? '', /[\p{Cc}\u2028]/u);
  assert.match(lines[0] ?? '', /worker \\u000a2026.*\\u009b31m/);
});
