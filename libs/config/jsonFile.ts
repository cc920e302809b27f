import { readFileSync, statSync } from 'node:fs';
import {
  createScanner,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import { codeOf, messageOf } from '../primitives/errors.ts';
import { type Place, type Report, shown } from './problems.ts';

// A JSON file with comments and trailing commas as a tree that remembers where everything stands. Objects are Maps:
// no key of a file ("__proto__") reaches a prototype.

export type JsonNode =
  | (Place & { readonly kind: 'object'; readonly members: ReadonlyMap<string, Member> })
  | (Place & { readonly kind: 'list'; readonly items: readonly JsonNode[] })
  /** `text` is the number as it is written. */
  | (Place & { readonly kind: 'number'; readonly value: number; readonly text: string })
  | (Place & { readonly kind: 'string'; readonly value: string })
  | (Place & { readonly kind: 'boolean'; readonly value: boolean })
  | (Place & { readonly kind: 'null' });

export type ObjectNode = Extract<JsonNode, { kind: 'object' }>;

export interface Member {
  /** Where the key stands. */
  readonly key: Place;
  readonly node: JsonNode;
}

export const largestFile = 1 << 20;
const deepestNesting = 64;

/** `missing`: there is no such file (nothing was reported). `failed`: reported as an error. */
export type ReadJson =
  | { readonly kind: 'read'; readonly root: JsonNode }
  | { readonly kind: 'missing' | 'failed' };

/** Never throws: whatever is wrong with the file `path`, shown as `name`, goes to `report`. */
export function readJsonFile(path: string, name: string, report: Report): ReadJson {
  const start: Place = { file: name, line: 1, column: 1 };
  let bytes: Buffer;
  try {
    const stats = statSync(path);
    if (!stats.isFile()) {
      report.error(start, '', `is ${stats.isDirectory() ? 'a folder' : 'no regular file'}`);
      return { kind: 'failed' };
    }
    if (stats.size > largestFile) {
      report.error(
        start,
        '',
        `has ${stats.size} bytes, a configuration file at most ${largestFile}`,
      );
      return { kind: 'failed' };
    }
    bytes = readFileSync(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { kind: 'missing' };
    const denied = codeOf(error) === 'EACCES';
    const why = denied ? 'may not be read by this user' : `cannot be read: ${messageOf(error)}`;
    report.error(start, '', why);
    return { kind: 'failed' };
  }
  const root = parseJsonText(bytes.toString('utf8'), name, report);
  return root === undefined ? { kind: 'failed' } : { kind: 'read', root };
}

/** The tree of a file's text, or undefined after reporting why there is none. Never throws. */
export function parseJsonText(source: string, name: string, report: Report): JsonNode | undefined {
  const text = source.startsWith('\uFEFF') ? source.slice(1) : source;
  const placeAt = lineIndex(text, name);
  const badBytes = text.indexOf('\uFFFD');
  if (badBytes !== -1) {
    report.warning(placeAt(badBytes), '', 'holds text that is not UTF-8: save the file as UTF-8');
  }
  const tooDeep = offsetOfDeepNesting(text);
  if (tooDeep !== undefined) {
    report.error(placeAt(tooDeep), '', `is nested more than ${deepestNesting} levels deep`);
    return undefined;
  }
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  // After the first syntax error the parser guesses, so only the first one is sure.
  const [first] = errors;
  if (first !== undefined) {
    report.error(placeAt(first.offset), '', `is no valid JSON: ${sentenceOf(first.error)}`);
    return undefined;
  }
  if (root === undefined) {
    report.error(placeAt(0), '', 'is no valid JSON: the file is empty');
    return undefined;
  }
  return convert(root, '', { text, placeAt, report });
}

type PlaceAt = (offset: number) => Place;

function lineIndex(text: string, file: string): PlaceAt {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { file, line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

// Values of jsonc-parser's SyntaxKind, whose const enum cannot be imported file by file.
const openBrace = 1;
const closeBrace = 2;
const openBracket = 3;
const closeBracket = 4;
const endOfFile = 17;

// parseTree recurses: without this a file of 100,000 brackets would overflow the stack.
function offsetOfDeepNesting(text: string): number | undefined {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (;;) {
    const token: number = scanner.scan();
    if (token === endOfFile) return undefined;
    if (token === openBrace || token === openBracket) depth++;
    if (token === closeBrace || token === closeBracket) depth--;
    if (depth > deepestNesting) return scanner.getTokenOffset();
  }
}

const sentences: Readonly<Record<string, string>> = {
  InvalidSymbol: 'unexpected text',
  InvalidNumberFormat: 'a number is written wrongly',
  PropertyNameExpected: 'a key in double quotes is expected',
  ValueExpected: 'a value is expected',
  ColonExpected: 'a colon is expected',
  CommaExpected: 'a comma is expected',
  CloseBraceExpected: 'a closing brace } is missing',
  CloseBracketExpected: 'a closing bracket ] is missing',
  EndOfFileExpected: 'there is something after the end',
  UnexpectedEndOfComment: 'a comment is not closed',
  UnexpectedEndOfString: 'a text is not closed by a double quote on its line',
  UnexpectedEndOfNumber: 'a number is cut off',
  InvalidUnicode: 'a \\u escape is written wrongly',
  InvalidEscapeCharacter: 'a text holds an unknown escape',
  InvalidCharacter: 'a text holds a control character',
};

function sentenceOf(code: number): string {
  const name = printParseErrorCode(code);
  return sentences[name] ?? name;
}

interface Conversion {
  readonly text: string;
  readonly placeAt: PlaceAt;
  readonly report: Report;
}

function convert(node: Node, path: string, how: Conversion): JsonNode {
  const place = how.placeAt(node.offset);
  const value: unknown = node.value;
  switch (node.type) {
    case 'object':
      return { ...place, kind: 'object', members: membersOf(node, path, how) };
    case 'array':
      return {
        ...place,
        kind: 'list',
        items: (node.children ?? []).map((item, i) => convert(item, joinPath(path, i), how)),
      };
    case 'number': {
      const text = how.text.slice(node.offset, node.offset + node.length);
      return { ...place, kind: 'number', value: Number(text), text };
    }
    case 'string':
      return { ...place, kind: 'string', value: typeof value === 'string' ? value : '' };
    case 'boolean':
      return { ...place, kind: 'boolean', value: value === true };
    default:
      return { ...place, kind: 'null' };
  }
}

function membersOf(node: Node, path: string, how: Conversion): ReadonlyMap<string, Member> {
  const members = new Map<string, Member>();
  for (const property of node.children ?? []) {
    const [keyNode, valueNode] = property.children ?? [];
    const name: unknown = keyNode?.value;
    if (keyNode === undefined || valueNode === undefined || typeof name !== 'string') continue;
    const key = how.placeAt(keyNode.offset);
    const at = joinPath(path, name);
    const earlier = members.get(name);
    if (earlier !== undefined) {
      const message = `stands here a second time (first in line ${earlier.key.line}): this last one counts`;
      how.report.warning(key, at, message);
    }
    members.set(name, { key, node: convert(valueNode, at, how) });
  }
  return members;
}

/** The path of a key or index below another path, safe to print. */
export function joinPath(path: string, key: string | number): string {
  const name = typeof key === 'number' ? String(key) : shown(key);
  return path === '' ? name : `${path}.${name}`;
}
