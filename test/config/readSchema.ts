import assert from 'node:assert/strict';
import { parseJsonText } from '../../libs/config/jsonFile.ts';
import { type ConfigProblem, formatProblem, Report } from '../../libs/config/problems.ts';
import type { Schema } from '../../libs/config/schemaBase.ts';

/** What `schema` makes of a file "x" that holds `json`, at the path "f". */
export function read<T>(
  schema: Schema<T>,
  json: string,
): { value: T | undefined; lines: string[] } {
  const problems: ConfigProblem[] = [];
  const report = new Report(problems);
  const node = parseJsonText(json, 'x', report);
  const value = node === undefined ? undefined : schema.read(node, 'f', report);
  return {
    value,
    lines: problems.map((problem) => `${problem.severity} ${formatProblem(problem)}`),
  };
}

/** The problems of a value that is refused. */
export const errorOf = <T>(schema: Schema<T>, json: string): string => {
  const { value, lines } = read(schema, json);
  assert.equal(value, undefined);
  return lines.join('\n');
};
