import { applyEdits, findNodeAtLocation, modify, type Node, parseTree } from 'jsonc-parser';
import { poolFields } from '../../config/poolSchema.ts';
import type { Field, Schema, Fields as SchemaFields } from '../../config/schemaBase.ts';
import { mask } from './poolFileText.ts';

// A form made from the schema of the pool files, for the fields that the file could have where it is now: entries are
// added to lists (daemons, ports) in the text. Only what was changed in the form is changed in the text, so comments
// and order stay.

export interface FormField {
  /** "ports.3032.diff"; the name of the input. */
  readonly path: string;
  readonly about: string;
  /** The schema's: "seconds", "percent", … */
  readonly unit: string | undefined;
  /** What can be chosen, if it is a choice. */
  readonly choices: readonly string[] | undefined;
  readonly secret: boolean;
  /** As the file has it; empty when it is left out, and for secrets. */
  readonly value: string;
  /** What holds when it is left out, as text; undefined when it must not be. */
  readonly fallback: string | undefined;
}

export interface FormGroup {
  readonly name: string;
  readonly about: string;
  readonly fields: readonly FormField[];
}

type Segments = readonly (string | number)[];

interface Leaf extends FormField {
  readonly segments: Segments;
  readonly kind: Schema<unknown>['kind'];
}

/** `text` is JSON, its secrets masked. Empty for what is none. */
export function formOf(text: string): FormGroup[] {
  const root = parseTree(text, [], { allowTrailingComma: true });
  if (root === undefined) return [];
  const groups = Object.entries<Field<unknown>>(poolFields).flatMap(([name, field]) => {
    const fields = leavesOf(field, [name], root).map(shown);
    return fields.length === 0 ? [] : [{ name, about: field.about, fields }];
  });
  // Fields that stand for themselves come together.
  const isAlone = ({ name, fields }: FormGroup) => fields[0]?.path === name;
  const single = groups.filter(isAlone).flatMap(({ fields }) => fields);
  const pool = { name: 'pool', about: 'what stands for itself', fields: single };
  return [pool, ...groups.filter((group) => !isAlone(group))];
}

/** The text with those fields changed whose `given` value is another than the form showed; empty ones are left out. */
export function withForm(text: string, given: (path: string) => string | undefined): string {
  const root = parseTree(text, [], { allowTrailingComma: true });
  if (root === undefined) return text;
  const leaves = Object.entries<Field<unknown>>(poolFields).flatMap(([name, field]) =>
    leavesOf(field, [name], root),
  );
  const formattingOptions = {
    insertSpaces: !/^\t/m.test(text),
    tabSize: indentOf(text),
    eol: '\n',
  };
  return leaves.reduce((changed, leaf) => {
    const value = given(leaf.path)?.trim();
    if (value === undefined || value === leaf.value) return changed;
    const edits = modify(changed, [...leaf.segments], jsonOf(leaf, value), { formattingOptions });
    return applyEdits(changed, edits);
  }, text);
}

function leavesOf(field: Field<unknown>, segments: Segments, root: Node): Leaf[] {
  const { schema, need } = field;
  if (need === 'retired') return [];
  const node = findNodeAtLocation(root, [...segments]);
  switch (schema.kind) {
    case 'object':
      return leavesBelow(schema.fields ?? {}, segments, root);
    case 'record':
    case 'list':
      return keysOf(node, schema.kind).flatMap((key) =>
        schema.items === undefined
          ? []
          : leavesOf(
              { schema: schema.items, about: field.about, need: 'required' },
              [...segments, key],
              root,
            ),
      );
    default:
      return [leafOf(field, segments, node)];
  }
}

function leavesBelow(fields: SchemaFields, segments: Segments, root: Node): Leaf[] {
  return Object.entries(fields).flatMap(([name, field]) =>
    leavesOf(field, [...segments, name], root),
  );
}

function keysOf(node: Node | undefined, kind: 'record' | 'list'): (string | number)[] {
  const children = node?.children ?? [];
  if (kind === 'list') return node?.type === 'array' ? children.map((_, i) => i) : [];
  if (node?.type !== 'object') return [];
  return children.flatMap(({ children: [key] = [] }) => {
    const name: unknown = key?.value;
    return typeof name === 'string' ? [name] : [];
  });
}

function leafOf(field: Field<unknown>, segments: Segments, node: Node | undefined): Leaf {
  const { schema, about, need, fallback } = field;
  const secret = schema.secret === true;
  const value: unknown = node?.value;
  const isPlain = ['string', 'number', 'boolean'].includes(typeof value);
  return {
    ...{ segments, about, secret, kind: schema.kind, unit: schema.unit },
    path: segments.join('.'),
    choices: schema.kind === 'boolean' ? ['true', 'false'] : schema.choices,
    value: secret || !isPlain ? '' : String(value),
    fallback: need === 'required' ? undefined : secret ? '' : String(fallback ?? ''),
  };
}

function shown({ segments: _, kind: __, ...field }: Leaf): FormField {
  return field;
}

/** What is no value of its kind stays text: the check says what is wrong with it. */
function jsonOf({ kind, secret }: Leaf, text: string): unknown {
  if (text === '') return undefined;
  if (secret) return text === mask ? mask : text;
  if (kind === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  const isNumber = kind === 'whole' || kind === 'number' || kind === 'decimal';
  return isNumber && /^-?\d+(?:\.\d+)?(?:e-?\d+)?$/i.test(text) ? Number(text) : text;
}

function indentOf(text: string): number {
  return /^( +)\S/m.exec(text)?.[1]?.length ?? 2;
}
