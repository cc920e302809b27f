import { connect } from 'node:net';
import { codeOf, messageOf } from '../primitives/errors.ts';

// Asks the running portal, as scripts/cli.js does: one JSON line in, text back.

export interface PortalAnswer {
  readonly ok: boolean;
  /** A sentence or a table; with `json`, one line of JSON. */
  readonly text: string;
}

export interface PortalCommand {
  readonly command: string;
  readonly params?: readonly string[];
  /** The data of the answer instead of its text. */
  readonly json?: boolean;
}

export type AskPortal = (command: PortalCommand) => Promise<PortalAnswer>;

/** The command port, or the socket file, which only the portal's own user may open. */
export type PortalPlace =
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

const patience = 20_000;
const longestAnswer = 4 * 1024 * 1024;
const errorMark = 'error: ';

/** Never rejects: what goes wrong is an answer that is not ok. */
export function askPortal(place: PortalPlace, asked: PortalCommand): Promise<PortalAnswer> {
  const { command, params = [], json = false } = asked;
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let size = 0;
    const socket = connect(place);
    const give = (answer: PortalAnswer): void => {
      socket.destroy();
      resolve(answer);
    };
    const fail = (why: string): void =>
      give({ ok: false, text: `The portal gave no answer to "${command}": ${why}.` });
    socket.setTimeout(patience, () => fail('it took too long; it may still have done it'));
    socket.on('connect', () => {
      socket.write(
        `${JSON.stringify({ command, params, options: json ? { json: 'true' } : {} })}\n`,
      );
    });
    socket.on('data', (part) => {
      size += part.length;
      if (size > longestAnswer) fail('its answer is too long');
      else parts.push(part);
    });
    socket.on('error', (error) => fail(whyNot(error)));
    socket.on('end', () => {
      const text = Buffer.concat(parts).toString('utf8').trimEnd();
      if (text === '') fail('it closed the connection; it may still have done it');
      else if (text.startsWith(errorMark)) give({ ok: false, text: text.slice(errorMark.length) });
      else give({ ok: true, text });
    });
  });
}

function whyNot(error: unknown): string {
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return 'it does not run, or without its socket';
  if (code === 'EACCES') return 'its socket belongs to another user';
  return messageOf(error);
}
