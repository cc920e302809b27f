import { messageOf } from '../primitives/errors.ts';
import { type Millis, millis } from '../primitives/units.ts';
import { parseJson } from '../primitives/unknown.ts';

// One GET for JSON from a server that is not ours: bounded in time and size, and never led elsewhere.

export interface FetchLimits {
  /** Milliseconds for the whole answer. */
  readonly patience: number;
  /** Bytes of the body. */
  readonly longest: number;
}

export type Fetched =
  /** Some JSON came, whatever the status. */
  | { readonly kind: 'answer'; readonly status: number; readonly body: unknown }
  /** 429, or a status with Retry-After: not to be asked again before `until`. */
  | { readonly kind: 'limited'; readonly until: Millis }
  /** `why` completes "The exchange …". */
  | { readonly kind: 'failed'; readonly why: string };

const usualWait = 60_000;
const longestWait = 86_400_000;
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Never rejects. `signal` ends it early, as a failure. */
export async function fetchJson(
  url: string,
  limits: FetchLimits,
  now: Millis,
  signal: AbortSignal,
): Promise<Fetched> {
  const late = AbortSignal.timeout(limits.patience);
  try {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { accept: 'application/json' },
      signal: AbortSignal.any([late, signal]),
    });
    const { status } = response;
    // Binance says 418 to who did not mind its 429.
    if (status === 429 || status === 418 || (status === 503 && retryAfter(response) !== null)) {
      await response.body?.cancel();
      return { kind: 'limited', until: millis(now + waitOf(retryAfter(response), now)) };
    }
    if (status >= 300 && status < 400) {
      await response.body?.cancel();
      return { kind: 'failed', why: `redirects to somewhere else (HTTP ${status})` };
    }
    const bytes = await boundedBody(response, limits.longest);
    if (bytes === undefined) {
      return { kind: 'failed', why: `answers with more than ${limits.longest} bytes` };
    }
    const body = parseJson(decoder.decode(bytes));
    if (status >= 500 || body === undefined) {
      return {
        kind: 'failed',
        why: `answers HTTP ${status}${body === undefined ? ', no JSON' : ''}`,
      };
    }
    return { kind: 'answer', status, body };
  } catch (error) {
    if (late.aborted) {
      return { kind: 'failed', why: `gives no answer within ${limits.patience / 1000} s` };
    }
    return { kind: 'failed', why: `cannot be asked: ${causeOf(error)}` };
  }
}

const retryAfter = (response: Response): string | null => response.headers.get('retry-after');

/** Milliseconds, of seconds or an HTTP date (RFC 9110, 10.2.3). */
function waitOf(header: string | null, now: Millis): number {
  if (header === null) return usualWait;
  const wait = /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), longestWait) : usualWait;
}

async function boundedBody(response: Response, longest: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let size = 0;
  if (response.body === null) return new Uint8Array();
  for await (const part of response.body) {
    size += part.length;
    // Leaving the loop cancels the rest.
    if (size > longest) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** fetch() says "fetch failed", and the reason in the cause. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return messageOf(cause) || 'the connection failed';
}
