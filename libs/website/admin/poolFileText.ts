import { createScanner, type Node, type ParseError, parseTree } from 'jsonc-parser';

// The text of a pool file as it may be shown: every secret is ***, and *** means what stands in the file now.

export const mask = '***';

const secretName = /password|passphrase|secret/i;
/** Of these hangs where a secret is sent: it is kept only while they stay as they are. */
const companions = ['host', 'port', 'user'] as const;
const parsing = { allowTrailingComma: true };
const secretInText =
  /("[^"\n]*(?:password|passphrase|secret)[^"\n]*"\s*:\s*)(?:"(?:[^"\\\n]|\\.)*"?|[^\s,}\]]+)/gi;
const secretInComment = /(?:password|passphrase|secret)["']?\s*[:=]/i;

interface Secret {
  /** "daemons.0.password" */
  readonly path: string;
  /** As it is written. */
  readonly raw: string;
  readonly offset: number;
  /** host, port and user beside it. */
  readonly beside: string;
}

/** The text with its secrets masked; of broken JSON, whatever looks like one. */
export function masked(text: string): string {
  const secrets = secretsIn(text);
  if (secrets === undefined) return text.replace(secretInText, `$1"${mask}"`);
  return replaced(text, secrets, () => `"${mask}"`);
}

/** A sentence when a password stands where it cannot be masked: such a file is not shown. */
export function unmaskable(text: string, isClean: (text: string) => boolean): string | undefined {
  const place = 'Edit it on the machine, or move the password out of there.';
  if (commentsOf(text).some((comment) => secretInComment.test(comment))) {
    return `A comment of this file seems to hold a password, so it is not shown here. ${place}`;
  }
  // Names of fields are no secrets, though a password may be such a word.
  if (isClean(masked(text).replace(/"[^"\n]*"\s*:/g, ''))) return undefined;
  return `This file holds a password in a field of another name or in a comment, so it is not shown here. ${place}`;
}

export type Unmasked =
  | {
      readonly ok: true;
      readonly text: string;
      /** Paths of secrets that are other than before. */
      readonly changed: readonly string[];
    }
  | { readonly ok: false; readonly problem: string };

/** `edited`, with each *** replaced by what stands at its place in `original`. */
export function unmasked(edited: string, original: string): Unmasked {
  const secrets = secretsIn(edited);
  if (secrets === undefined) {
    return { ok: false, problem: 'That is no JSON: look for a missing comma, quote or brace.' };
  }
  const known = new Map((secretsIn(original) ?? []).map((secret) => [secret.path, secret]));
  const problems: string[] = [];
  const changed: string[] = [];
  for (const { path, raw, beside } of secrets) {
    const old = known.get(path);
    if (raw !== `"${mask}"`) {
      if (raw !== old?.raw) changed.push(path);
    } else if (old === undefined) {
      problems.push(`There is no earlier ${path} to keep: write it instead of ${mask}.`);
    } else if (old.beside !== beside) {
      problems.push(
        `Host, port or user beside ${path} are not those it was given for: write it again instead of ${mask}.`,
      );
    }
  }
  if (problems.length > 0) return { ok: false, problem: problems.join(' ') };
  const keep = ({ path, raw }: Secret) =>
    raw === `"${mask}"` ? (known.get(path)?.raw ?? raw) : raw;
  const text = replaced(edited, secrets, keep);
  return { ok: true, text, changed };
}

function replaced(
  text: string,
  secrets: readonly Secret[],
  by: (secret: Secret) => string,
): string {
  let [made, from] = ['', 0];
  for (const secret of secrets) {
    made += text.slice(from, secret.offset) + by(secret);
    from = secret.offset + secret.raw.length;
  }
  return made + text.slice(from);
}

/** In the order of the text; undefined when it is no JSON. */
function secretsIn(text: string): Secret[] | undefined {
  try {
    const errors: ParseError[] = [];
    const root = parseTree(text, errors, parsing);
    if (root === undefined || errors.length > 0) return undefined;
    const found: Secret[] = [];
    collect(root, '', text, found);
    return found;
  } catch {
    // Nested too deeply for the parser.
    return undefined;
  }
}

function collect(node: Node, path: string, text: string, found: Secret[]): void {
  const below = (key: string | number) => (path === '' ? `${key}` : `${path}.${key}`);
  if (node.type === 'array') {
    (node.children ?? []).forEach((item, i) => {
      collect(item, below(i), text, found);
    });
    return;
  }
  if (node.type !== 'object') return;
  for (const property of node.children ?? []) {
    const [key, value] = property.children ?? [];
    const name: unknown = key?.value;
    if (value === undefined || typeof name !== 'string') continue;
    if (!secretName.test(name) || value.type === 'boolean') {
      collect(value, below(name), text, found);
      continue;
    }
    const raw = text.slice(value.offset, value.offset + value.length);
    // An empty one is no secret.
    if (raw === '""') continue;
    found.push({ path: below(name), raw, offset: value.offset, beside: besideOf(node) });
  }
}

function besideOf(object: Node): string {
  const values = companions.map((name) => {
    const property = object.children?.findLast((one) => one.children?.[0]?.value === name);
    const value: unknown = property?.children?.[1]?.value;
    return value ?? null;
  });
  return JSON.stringify(values);
}

function commentsOf(text: string): string[] {
  const scanner = createScanner(text, false);
  const comments: string[] = [];
  // SyntaxKind is a const enum of declarations: 12 and 13 are comments, 17 is the end.
  for (let token: number = scanner.scan(); token !== 17; token = scanner.scan()) {
    if (token === 12 || token === 13) comments.push(scanner.getTokenValue());
  }
  return comments;
}
