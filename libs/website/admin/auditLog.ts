import { appendFile, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '../../log/logger.ts';
import { codeOf, messageOf } from '../../primitives/errors.ts';
import { isRecord, own, parseJson } from '../../primitives/unknown.ts';

// data/audit.log: who did what in the admin centre. A line of JSON an action; lines are added and never changed.

export interface AuditEntry {
  /** Unix milliseconds. */
  readonly time: number;
  readonly address: string;
  readonly action: string;
  readonly outcome: string;
}

const longestText = 1_000;
const readBytes = 256 * 1024;

export class AuditLog {
  readonly #path: string;
  readonly #log: Logger;
  readonly #redact: (text: string) => string;
  #last: Promise<void> = Promise.resolve();

  constructor(path: string, log: Logger, redact: (text: string) => string) {
    this.#path = path;
    this.#log = log;
    this.#redact = redact;
  }

  /** Resolves when the line is written. Never rejects: a log that cannot be written is an error in the other one. */
  add({ time, address, action, outcome }: AuditEntry): Promise<void> {
    const clean = (text: string) => this.#redact(text).slice(0, longestText);
    const line = JSON.stringify({
      time: new Date(time).toISOString(),
      address: clean(address),
      action: clean(action),
      outcome: clean(outcome),
    });
    this.#last = this.#last.then(() => this.#append(`${line}\n`));
    return this.#last;
  }

  async #append(line: string): Promise<void> {
    try {
      await mkdir(dirname(this.#path), { recursive: true });
      await appendFile(this.#path, line, { mode: 0o600 });
    } catch (error) {
      this.#log.error(
        `What was done in the admin centre cannot be written to ${this.#path}: ${messageOf(error)}. The line is: ${line.trimEnd()}`,
      );
    }
  }

  /** The newest `most` entries, newest first. Rejects when the file is there but cannot be read. */
  async newest(most: number): Promise<AuditEntry[]> {
    await this.#last;
    const text = await tailOf(this.#path);
    return text
      .split('\n')
      .flatMap((line) => entryOf(line) ?? [])
      .slice(-most)
      .reverse();
  }
}

async function tailOf(path: string): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const start = Math.max(0, size - readBytes);
      const { buffer, bytesRead } = await file.read(
        Buffer.alloc(size - start),
        0,
        size - start,
        start,
      );
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  }
}

function entryOf(line: string): AuditEntry | undefined {
  const value = parseJson(line);
  if (!isRecord(value)) return undefined;
  const text = (name: string) => {
    const member = own(value, name);
    return typeof member === 'string' ? member : '';
  };
  const time = Date.parse(text('time'));
  if (Number.isNaN(time)) return undefined;
  return { time, address: text('address'), action: text('action'), outcome: text('outcome') };
}
