import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConfigProblem, formatProblem, Report, shown } from '../../libs/config/problems.ts';

const place = { file: 'pool_configs/litecoin.json', line: 14, column: 17 };

test('a problem is one line: file, line, column, path, sentence', () => {
  const message = 'must be a number above 0, got "32"';
  assert.equal(
    formatProblem({ severity: 'error', ...place, path: 'ports.3032.diff', message }),
    'pool_configs/litecoin.json:14:17 ports.3032.diff: must be a number above 0, got "32"',
  );
  assert.equal(
    formatProblem({ severity: 'error', ...place, path: '', message: 'is a folder' }),
    'pool_configs/litecoin.json:14:17 is a folder',
  );
});

test('a name from outside cannot forge a line or paint the terminal', () => {
  const problem: ConfigProblem = {
    ...{ severity: 'error', file: 'a\nb.json', line: 1, column: 1 },
    path: '\u001b[31mx',
    message: 'y\u2028z',
  };
  assert.equal(formatProblem(problem), 'a\\u000ab.json:1:1 \\u001b[31mx: y\\u2028z');
});

test('long text is cut', () => {
  assert.equal(shown('a'.repeat(1000)), `${'a'.repeat(60)}…`);
});

test('a lenient report passes over what is missing or unusable, but not over wrong types', () => {
  const problems: ConfigProblem[] = [];
  const report = new Report(problems);
  const lenient = report.lenient();
  lenient.unusable(place, 'host', 'is missing');
  assert.deepEqual(problems, []);
  assert.equal(report.hasErrors, false);
  lenient.error(place, 'port', 'must be a number');
  assert.deepEqual(
    problems.map(({ severity, path }) => [severity, path]),
    [['error', 'port']],
  );
  assert.equal(report.hasErrors, true);
});
