import { ageText, amountText, countText, shortAmountText, shortened } from './browser/format.ts';

// Small pieces of HTML that templates put out unescaped. Each escapes what it is given; nothing else in pages/ may make HTML.

/** HTML that is safe to put out as it is. */
export type Html = string & { readonly html?: never };

/** Text for element content and quoted attributes. */
export function escapeHtml(text: unknown): Html {
  return String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** How long ago, with the exact time in its title; the browser keeps it true while the page is open. */
export function age(time: number | undefined, now: number, short = false): Html {
  if (time === undefined || !isDate(time)) return '–';
  const iso = new Date(time).toISOString();
  const title = `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
  return `<time datetime="${iso}" title="${title}" data-age="${short ? 'short' : ''}">${ageText(time, now, short)}</time>`;
}

/** "2026-11-24 12:50 UTC" */
export function stampText(time: number): string {
  if (!isDate(time)) return '';
  const iso = new Date(time).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

function isDate(time: number): boolean {
  return Number.isFinite(new Date(time).getTime());
}

/** A value and its unit, the unit smaller: "12.3 MH/s". */
export function withUnit(text: string): Html {
  const at = text.indexOf(' ');
  if (at === -1) return escapeHtml(text);
  return `${escapeHtml(text.slice(0, at))} <small>${escapeHtml(text.slice(at + 1))}</small>`;
}

/** An amount cut short, the exact one in its title. */
export function amount(coins: string): Html {
  const [short, exact] = [shortAmountText(coins), amountText(coins)];
  return short === exact
    ? escapeHtml(exact)
    : `<span title="${escapeHtml(exact)}">${escapeHtml(short)}</span>`;
}

/** A link where there is an address to go to, else the text alone. Only http and https go out. */
export function outward(text: string, url: string | undefined, title = ''): Html {
  const hint = title === '' ? '' : ` title="${escapeHtml(title)}"`;
  if (url === undefined || !/^https?:\/\//i.test(url)) {
    return `<span${hint}>${escapeHtml(text)}</span>`;
  }
  return `<a href="${escapeHtml(url)}" rel="noreferrer noopener"${hint}>${escapeHtml(text)}</a>`;
}

/** A miner's address, shortened, as a link to its page. A worker's name ends with what follows the address. */
export function minerLink(worker: string | undefined, ends = 7): Html {
  if (worker === undefined || worker === '') return '–';
  const end = worker.search(/[._]/);
  const address = end === -1 ? worker : worker.slice(0, end);
  const rig = end === -1 ? '' : shortened(worker.slice(end + 1), 9);
  const suffix = rig === '' ? '' : `<span class="soft">.${escapeHtml(rig)}</span>`;
  const name = `<span class="mono">${escapeHtml(shortened(address, ends))}</span>`;
  const path = minerPath(address);
  if (path === undefined) return `<span title="${escapeHtml(worker)}">${name}${suffix}</span>`;
  return `<a href="${escapeHtml(path)}" title="${escapeHtml(worker)}">${name}</a>${suffix}`;
}

/** The page of a miner; undefined for a name that no URL can carry (a lone surrogate, or dots only). */
export function minerPath(address: string): string | undefined {
  const path = encoded(address);
  return /^\.{0,2}$/.test(path) ? undefined : `/miner/${path}`;
}

/** Percent-encoded for a URL; the empty text for what is no Unicode. */
export function encoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return '';
  }
}

const statuses = {
  ok: ['M2.5 6.3 5 8.8l4.6-5.5', true],
  wait: ['M6 3v3.2l2 1.3M6 1.2a4.8 4.8 0 1 1 0 9.6 4.8 4.8 0 0 1 0-9.6', true],
  off: ['M3 3l6 6M9 3l-6 6', true],
  idle: ['M2.5 6h7', true],
  dot: ['M6 2.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7', false],
} as const;
export type Shape = keyof typeof statuses;

/** A state as a shape and a word; `tone` is the colour that helps. */
export function badge(text: string, tone: 'ok' | 'warn' | 'bad' | 'info' | '', shape: Shape): Html {
  const [path, stroked] = statuses[shape];
  const paint = stroked
    ? 'fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"'
    : 'fill="currentColor"';
  return `<span class="badge ${tone}"><svg viewBox="0 0 12 12" aria-hidden="true"><path ${paint} d="${path}"/></svg>${escapeHtml(text)}</span>`;
}

/** A bar that is filled for this part (0–1); what it means stands beside it as text. */
export function bar(part: number): Html {
  const width = Math.round(Math.min(1, Math.max(0, Number.isFinite(part) ? part : 0)) * 1000) / 10;
  return `<svg class="bar${width >= 100 ? ' full' : ''}" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect width="${width}" height="6"/></svg>`;
}

/** "1 worker", "12 workers". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}
