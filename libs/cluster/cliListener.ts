import { once } from 'node:events';
import { rmSync } from 'node:fs';
import net from 'node:net';
import type { Logger } from '../log/logger.ts';
import { messageOf } from '../primitives/errors.ts';
import { isRecord, own, parseJson } from '../primitives/unknown.ts';

// The command ports for daemons' blocknotify and for scripts/cli.js: one JSON line in, text back.

const longestLine = 10_240;
const idleLimit = 10_000;
const mostConnections = 100;

export interface CliCommand {
  readonly command: string;
  readonly params: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

export type CliAnswer = { readonly ok: boolean; readonly text: string };
export type CliHandler = (command: CliCommand) => Promise<CliAnswer> | CliAnswer;

export interface CliListener {
  /** As it was bound; 0 for a socket file. */
  readonly port: number;
  close(): Promise<void>;
}

/** A port of the loopback, or a socket file that only the operator's user may open. */
export type CliPlace = { readonly port: number } | { readonly path: string };

/**
 * Rejects with the listen error (EADDRINUSE, …). No input ends it: each bad line gets an `error: …` answer. `idle`:
 * milliseconds that a client may take to say something, and to hang up after its answer.
 */
export async function listenForCommands(
  place: CliPlace,
  handler: CliHandler,
  log: Logger,
  idle = idleLimit,
): Promise<CliListener> {
  const server = net.createServer({ allowHalfOpen: true }, (socket) =>
    serve(socket, handler, log, idle),
  );
  server.maxConnections = mostConnections;
  await ('port' in place ? listenOnPort(server, place.port) : listenOnFile(server, place.path));
  server.on('error', (error) => log.error(`The command port failed: ${error.message}.`));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () => new Promise((done) => server.close(() => done())),
  };
}

async function listenOnPort(server: net.Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

async function listenOnFile(server: net.Server, path: string): Promise<void> {
  // What a killed portal left behind; a living one holds the TCP command port, which is opened first.
  rmSync(path, { force: true });
  // The file is made inside listen(): it must not be open to others for a moment.
  const before = process.umask(0o177);
  server.listen(path);
  process.umask(before);
  await once(server, 'listening');
}

function serve(socket: net.Socket, handler: CliHandler, log: Logger, idle: number): void {
  const chunks: Buffer[] = [];
  let size = 0;
  let taken = false;
  let answered = false;
  const answer = (reply: CliAnswer): void => {
    if (answered) return;
    answered = true;
    // A client that does not hang up must not keep its place for ever.
    socket.setTimeout(idle);
    socket.end(`${reply.ok ? '' : 'error: '}${reply.text}\n`);
  };
  socket.setTimeout(idle, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  // A client that closes its side right after the line (nc, the original's script) still gets its answer.
  socket.on('end', () => take(Buffer.concat(chunks)));
  socket.on('data', (chunk) => {
    if (taken || answered) return;
    size += chunk.length;
    if (size > longestLine) {
      answer({ ok: false, text: `a command is one line of at most ${longestLine} bytes.` });
      return;
    }
    chunks.push(chunk);
    if (chunk.includes(10)) take(Buffer.concat(chunks));
  });

  const take = (bytes: Buffer): void => {
    if (taken || answered) return;
    taken = true;
    // From here on the answer may take its time.
    socket.setTimeout(0);
    const text = bytes.toString('utf8').split('\n', 1)[0] ?? '';
    const command = parseCommand(text);
    if (typeof command === 'string') {
      answer({ ok: false, text: command });
      return;
    }
    log.debug(`Command ${command.command} ${command.params.join(' ')} came in.`);
    Promise.resolve()
      .then(() => handler(command))
      .then(answer, (error: unknown) => {
        log.error(`Command ${command.command} failed: ${messageOf(error)}.`);
        answer({ ok: false, text: `the command failed: ${messageOf(error)}.` });
      });
  };
}

/** The command, or a sentence saying what is wrong with the line. */
export function parseCommand(line: string): CliCommand | string {
  const value = parseJson(line);
  if (!isRecord(value)) {
    return 'expected one line of JSON such as {"command":"blocknotify","params":["litecoin","<hash>"],"options":{}}.';
  }
  const command = own(value, 'command');
  if (typeof command !== 'string' || command === '') return '"command" must be a text.';
  const params = own(value, 'params') ?? [];
  if (!Array.isArray(params) || !params.every((param) => typeof param === 'string')) {
    return '"params" must be a list of texts.';
  }
  const options = own(value, 'options') ?? {};
  if (!isRecord(options)) return '"options" must be an object.';
  const texts = new Map<string, string>();
  for (const [key, option] of Object.entries(options)) {
    // JSON can hold an object whose toString is no function, or lists too deep to be written out: String() would throw.
    if (typeof option === 'object') return 'each of the "options" must be a text.';
    texts.set(key, String(option));
  }
  return { command, params, options: texts };
}
