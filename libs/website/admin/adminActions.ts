import { isIP } from 'node:net';
import { severities } from '../../log/logger.ts';
import { longestNotice } from '../../redis/notice.ts';
import type { PoolSource } from '../data/sources.ts';
import type { AskPortal } from './portalSocket.ts';
import type { Fields } from './requestFacts.ts';

// What can be done in the admin centre, but for configuration files. Each action answers a sentence, and says what it
// was in words for the audit log.

export interface Done {
  readonly ok: boolean;
  /** For the person who asked. */
  readonly text: string;
  /** For the audit log. */
  readonly action: string;
}

export interface ActionTools {
  readonly ask: AskPortal;
  readonly pools: readonly PoolSource[];
}

type Action = (fields: Fields, tools: ActionTools) => Promise<Done>;

const longestWords = 200;
const txidForm = /^[0-9a-f]{64}$/;

/** By the last part of their path. */
export const actions: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['payments', payments],
  ['bans', bans],
  ['kick', kick],
  ['loglevel', logLevel],
  ['notice', notice],
]);

/** `what` of a coin: status, held, dry-run, pause, resume, resolve (`resolution` paid with `txid`, unpaid, audit). */
async function payments(fields: Fields, { ask, pools }: ActionTools): Promise<Done> {
  const coin = pools.find(({ config }) => config.coin.name === fields('coin'))?.config.coin.name;
  const what = fields('what');
  if (coin === undefined) return refused('payments', 'There is no pool of that coin here.');
  const words = wordsOf(what, fields);
  if (typeof words === 'string') return refused(`payments ${coin}`, words);
  const action = ['payments', what, coin, ...words].join(' ');
  return { ...(await ask({ command: 'payments', params: [what, coin, ...words] })), action };
}

/** What follows the coin, or a sentence that says what is wrong. */
function wordsOf(what: string, fields: Fields): readonly string[] | string {
  switch (what) {
    case 'status':
    case 'held':
    case 'dry-run':
    case 'resume':
      return [];
    case 'pause':
      return [oneLine(fields('reason')) || 'by the operator'];
    case 'resolve': {
      const resolution = fields('resolution');
      if (resolution === 'unpaid' || resolution === 'audit') return [resolution];
      if (resolution !== 'paid') return 'Say whether it was paid, was not paid, or is the audit.';
      const txid = fields('txid').trim().toLowerCase();
      return txidForm.test(txid)
        ? ['paid', txid]
        : 'What was paid needs its transaction: a txid of 64 hex digits.';
    }
    default:
      return 'There is no such payment command.';
  }
}

/** `what` is ban (`ip`, `seconds`, `why`) or unban (`ip`). */
async function bans(fields: Fields, { ask }: ActionTools): Promise<Done> {
  const ip = fields('ip').trim();
  if (isIP(ip.replace(/\/64$/, '')) === 0) return refused('ban', 'That is no IP address.');
  if (fields('what') === 'unban') {
    return { ...(await ask({ command: 'unban', params: [ip] })), action: `unban ${ip}` };
  }
  const seconds = fields('seconds').trim() || '3600';
  if (!/^[1-9]\d{0,8}$/.test(seconds)) {
    return refused(`ban ${ip}`, 'A ban lasts a whole number of seconds.');
  }
  const params = [ip, seconds, oneLine(fields('why')) || 'by the operator'];
  return { ...(await ask({ command: 'ban', params })), action: `ban ${params.join(' ')}` };
}

/** Closes the connections of `name`: an IP address, an address or a worker. */
async function kick(fields: Fields, { ask }: ActionTools): Promise<Done> {
  const name = oneLine(fields('name'));
  if (name === '') return refused('kick', 'Say whom: an IP address, an address or a worker.');
  return { ...(await ask({ command: 'kick', params: [name] })), action: `kick ${name}` };
}

async function logLevel(fields: Fields, { ask }: ActionTools): Promise<Done> {
  const level = severities.find((known) => known === fields('level'));
  if (level === undefined) return refused('loglevel', 'There is no such log level.');
  return { ...(await ask({ command: 'loglevel', params: [level] })), action: `loglevel ${level}` };
}

/** Puts `text` on top of every page; an empty text takes the banner away. */
async function notice(fields: Fields, { ask }: ActionTools): Promise<Done> {
  const text = fields('text')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  const action = text === '' ? 'notice taken away' : `notice "${text}"`;
  if (text.length > longestNotice) {
    return refused('notice', `A notice has at most ${longestNotice} characters.`);
  }
  return { ...(await ask({ command: 'notice', params: text === '' ? [] : [text] })), action };
}

function refused(action: string, text: string): Done {
  return { ok: false, text, action };
}

function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, longestWords);
}
