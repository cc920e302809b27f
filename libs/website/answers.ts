import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Request, Response } from 'express';

// How answers are sent: with an ETag, so that what a client has already is not sent again.

/** JSON in which what is not known is null. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => (member === undefined ? null : member));
}

function etagOf(body: string | Buffer): string {
  // Weak: the same body may be sent compressed or not.
  return `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
}

export interface Body {
  readonly type: string;
  readonly body: string | Buffer;
  readonly etag?: string;
}

export const jsonType = 'application/json; charset=utf-8';
export const htmlType = 'text/html; charset=utf-8';

/** Sends the body, or 304 when the client has it. */
export function sendBody(
  request: Request,
  response: Response,
  { type, body, etag = etagOf(body) }: Body,
): void {
  response.setHeader('ETag', etag);
  if (!response.hasHeader('Cache-Control')) response.setHeader('Cache-Control', 'no-cache');
  if (request.fresh) {
    response.status(304).end();
    return;
  }
  response.setHeader('Content-Type', type);
  response.end(body);
}

/** A large text that many ask for: made, and compressed, once, and only if anybody asks. */
export class SharedText {
  readonly #make: () => string;
  #text: string | undefined;
  #etag: string | undefined;
  #gzip: Buffer | undefined;

  constructor(make: () => string) {
    this.#make = make;
  }

  get text(): string {
    this.#text ??= this.#make();
    return this.#text;
  }

  send(request: Request, response: Response, type: string): void {
    response.vary('Accept-Encoding');
    this.#etag ??= etagOf(this.text);
    const body =
      request.acceptsEncodings(['gzip', 'identity']) === 'gzip' ? this.#zipped() : this.text;
    if (body !== this.text) response.setHeader('Content-Encoding', 'gzip');
    sendBody(request, response, { type, body, etag: this.#etag });
  }

  #zipped(): Buffer | string {
    // Small ones are not worth it.
    if (this.text.length < 1_024) return this.text;
    this.#gzip ??= gzipSync(this.text, { level: 5 });
    return this.#gzip;
  }
}
