import { type JsonSchema, listOf, objectOf, orNull } from './jsonSchema.ts';

// The answers of /api/admin/v1, once: the documentation is made of these, and tests hold real answers against them.

const text: JsonSchema = { type: 'string' };
const whole: JsonSchema = { type: 'integer', minimum: 0 };
const flag: JsonSchema = { type: 'boolean' };
const time: JsonSchema = { type: 'integer', minimum: 0, description: 'Unix milliseconds' };
const coins: JsonSchema = { ...text, description: 'Decimal coins, exact' };
const section = (name: string): JsonSchema => ({ type: 'string', enum: [name] });
const ref = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });
const problem: JsonSchema = orNull({ ...text, description: 'Why the portal could not be asked' });

const held = objectOf({
  coin: text,
  what: { ...text, description: 'A block (hash:txid:height) or a worker' },
  amount: orNull(coins),
  reason: text,
});
const payments = objectOf({
  coin: text,
  ok: flag,
  text: { ...text, description: 'As the command line says it' },
  facts: {
    ...objectOf({
      coin: text,
      symbol: text,
      state: { type: 'string', enum: ['atWork', 'batchOpen', 'paused', 'stopped', 'notStarted'] },
      why: orNull(text),
      wallet: orNull(coins),
      owed: orNull(coins),
      immature: orNull(coins),
      unpaidBlocks: orNull(whole),
      batch: {
        ...objectOf({ id: text, state: text, amount: coins, time, txid: orNull(text) }),
        type: ['object', 'null'],
      },
      held: listOf(held),
    }),
    type: ['object', 'null'],
  },
});
const field = objectOf({
  path: text,
  about: text,
  unit: orNull(text),
  choices: { ...listOf(text), type: ['array', 'null'] },
  secret: flag,
  value: text,
  fallback: orNull(text),
});

export const adminSchemas: ReadonlyMap<string, JsonSchema> = new Map(
  Object.entries({
    AdminSession: objectOf({
      csrf: { ...text, description: 'For the header X-CSRF-Token of every POST but login' },
    }),
    AdminDone: objectOf({ ok: flag, text: orNull(text) }),
    AdminLoggedOut: objectOf({ ok: flag }),
    AdminPayments: payments,
    AdminHeld: held,
    AdminDashboard: objectOf({
      section: section('dashboard'),
      problem,
      processes: listOf(objectOf({ name: text, pid: orNull(whole) })),
      running: listOf(
        objectOf({
          coin: text,
          algorithm: text,
          ports: listOf(whole),
          height: orNull(whole),
          connections: whole,
          workers: whole,
        }),
      ),
      bans: whole,
      files: listOf(objectOf({ coin: text, name: text, file: text })),
      payments: listOf(ref('AdminPayments')),
      services: listOf(
        objectOf({ state: { type: 'string', enum: ['ok', 'warning', 'trouble'] }, text }),
      ),
      logLevels: listOf(text),
    }),
    AdminPaymentsPage: objectOf({
      section: section('payments'),
      coins: listOf(objectOf({ coin: text, name: text })),
      payments: listOf(ref('AdminPayments')),
      held: listOf(ref('AdminHeld')),
      orphans: listOf(objectOf({ coin: text, time, height: orNull(whole), hash: text })),
    }),
    AdminBans: objectOf({
      section: section('bans'),
      problem,
      bans: listOf(objectOf({ ip: text, until: time, why: text })),
    }),
    AdminNotice: objectOf({ section: section('notice'), text, longest: whole }),
    AdminAudit: objectOf({
      section: section('audit'),
      problem,
      entries: listOf(objectOf({ time, address: text, action: text, outcome: text })),
    }),
    AdminPoolFile: objectOf({
      section: section('pool'),
      coin: text,
      name: text,
      file: text,
      problem,
      text: orNull({ ...text, description: 'The file, secrets as ***' }),
      form: listOf(objectOf({ name: text, about: text, fields: listOf(field) })),
      refusals: listOf(text),
    }),
    AdminChange: objectOf({
      ok: { ...flag, description: 'True; else the answer is 422 and AdminRefused' },
      id: { ...text, description: 'For apply' },
      diff: listOf(
        objectOf({ kind: { type: 'string', enum: ['same', 'gone', 'new', 'gap'] }, text }),
      ),
      changedSecrets: listOf(text),
      warnings: listOf(text),
    }),
    AdminRefused: objectOf({ ok: flag, problems: listOf(text) }),
  } satisfies { [name: string]: JsonSchema }),
);
