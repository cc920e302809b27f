import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installRoot } from '../../primitives/installRoot.ts';
import { privateKeyVersion } from './browser/miningKey.ts';

// key.html: one file that makes a mining key in the browser. scripts/buildWebsite.mjs links it; only the coins are put in here.

/** A coin whose addresses can be made from a mining key. */
export interface KeyCoin {
  /** In lower case. */
  readonly coin: string;
  readonly name: string;
  readonly symbol: string;
  /** Version of P2PKH addresses. */
  readonly pubKeyHash: number;
}

export interface KeyPage {
  readonly html: string;
  /** The whole Content-Security-Policy for this file, and the sources of its inline script and style ('sha256-…'). */
  readonly csp: string;
  readonly scriptHash: string;
  readonly styleHash: string;
}

/** Throws when the website was not built (npm run build). */
export function keyPage(coins: readonly KeyCoin[]): KeyPage {
  const linked = readFileSync(join(installRoot, 'dist', 'website', 'key.html'), 'utf8');
  const versions = coins.map(({ coin, name, symbol, pubKeyHash }) => ({
    name,
    symbol,
    pubKeyHash,
    privateKey: privateKeyVersion(coin, pubKeyHash),
  }));
  // In a data block only "<" could end the element; JSON may write it as an escape.
  const json = JSON.stringify(versions).replaceAll('<', '\\u003c');
  const scriptHash = hashOf(inner(linked, 'script'));
  const styleHash = hashOf(inner(linked, 'style'));
  return {
    html: linked.replace('id="versions">null<', () => `id="versions">${json}<`),
    csp: `default-src 'none'; script-src '${scriptHash}'; style-src '${styleHash}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    scriptHash,
    styleHash,
  };
}

function inner(html: string, tag: 'script' | 'style'): string {
  const begin = html.indexOf(`<${tag}>`) + tag.length + 2;
  return html.slice(begin, html.indexOf(`</${tag}>`, begin));
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
