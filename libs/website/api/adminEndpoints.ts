import { actions } from '../admin/adminActions.ts';

// /api/admin/v1: what documents each path. The paths themselves are in admin/adminApiV1.

export interface AdminEndpoint {
  readonly method: 'get' | 'post';
  /** Below /api/admin/v1. */
  readonly path: string;
  readonly summary: string;
  /** Names in `adminSchemas`: of a good answer, and of one with 422. */
  readonly answer: string;
  readonly refused?: string;
  /** Fields of the JSON body. */
  readonly fields?: readonly string[];
}

const fieldsOf: Readonly<Record<string, readonly [string, readonly string[]]>> = {
  payments: [
    'Steers payments: what is status, held, dry-run, pause, resume or resolve',
    ['what', 'coin', 'reason', 'resolution', 'txid'],
  ],
  bans: ['Bans or unbans an address: what is ban or unban', ['what', 'ip', 'seconds', 'why']],
  kick: ['Closes the connections of an address or a worker', ['name']],
  loglevel: ['Sets where the log begins', ['level']],
  notice: ['Puts a notice on every page; an empty text takes it away', ['text']],
};

export const adminEndpoints: readonly AdminEndpoint[] = [
  {
    ...{ method: 'post', path: '/login', fields: ['password'], answer: 'AdminSession' },
    summary: 'Opens a session: a cookie, and the token that writes carry',
  },
  { method: 'get', path: '/session', summary: 'The token of the session', answer: 'AdminSession' },
  { method: 'post', path: '/logout', summary: 'Ends the session', answer: 'AdminLoggedOut' },
  {
    ...{ method: 'get', path: '/dashboard', answer: 'AdminDashboard' },
    summary: 'Processes, pools, payments, and whether everything answers',
  },
  {
    ...{ method: 'get', path: '/payments', answer: 'AdminPaymentsPage' },
    summary: 'Payments, what is held back, orphaned blocks',
  },
  { method: 'get', path: '/bans', summary: 'Who is banned', answer: 'AdminBans' },
  { method: 'get', path: '/notice', summary: 'The notice', answer: 'AdminNotice' },
  { method: 'get', path: '/audit', summary: 'Who did what', answer: 'AdminAudit' },
  {
    ...{ method: 'get', path: '/pools/{coin}', answer: 'AdminPoolFile' },
    summary: "A pool's file, as text and as a form",
  },
  {
    ...{ method: 'post', path: '/pools/{coin}/check', fields: ['text'], answer: 'AdminChange' },
    ...{ summary: 'What a change of the file comes to', refused: 'AdminRefused' },
  },
  {
    ...{ method: 'post', path: '/pools/{coin}/apply', fields: ['change'], answer: 'AdminDone' },
    ...{ summary: 'Writes a checked change and reloads the pool', refused: 'AdminDone' },
  },
  ...[...actions.keys()].map((name): AdminEndpoint => {
    const [summary, fields] = fieldsOf[name] ?? [name, []];
    const answers = { answer: 'AdminDone', refused: 'AdminDone' };
    return { method: 'post', path: `/${name}`, summary, fields, ...answers };
  }),
];
