import type { Request } from 'express';
import { isRecord, own } from '../../primitives/unknown.ts';

// What the admin centre wants to know of a request.

export const cookieName = 'admin_session';

export function tokenOf(request: Request): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=');
    if (name === cookieName && value !== undefined && /^[\w-]{43}$/.test(value)) return value;
  }
  return undefined;
}

export function cookieOf(token: string, secure: boolean): string {
  const end = token === '' ? '; Max-Age=0' : '';
  return `${cookieName}=${token}; Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}${end}`;
}

/**
 * Whether a page of this site sent it. A browser says so in Sec-Fetch-Site (over HTTPS or on this machine) and in
 * Origin; no other page can write these. What says neither is refused.
 */
export function isOwnOrigin(request: Request): boolean {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const { origin } = request.headers;
  if (origin === undefined || !URL.canParse(origin)) return false;
  return new URL(origin).host === request.host?.toLowerCase();
}

export function addressOf(request: Request): string {
  return request.ip ?? 'unknown';
}

/** The fields of a form, or of a JSON object: texts only. */
export type Fields = (name: string) => string;

export function fieldsOf(body: unknown): Fields {
  return (name) => {
    const value = isRecord(body) ? own(body, name) : undefined;
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
}
