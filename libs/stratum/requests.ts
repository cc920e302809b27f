import { authorize } from './authorizing.ts';
import { configure } from './configuring.ts';
import { LineReader } from './lines.ts';
import { type Message, parseMessage, type RequestId } from './messages.ts';
import { admit } from './rateLimit.ts';
import { errorReply, resultReply, trueReply } from './replies.ts';
import type { Session } from './session.ts';
import { shown } from './sessionHost.ts';
import { submit } from './submitting.ts';
import { subscribe } from './subscribing.ts';
import { suggestDifficulty, suggestTarget } from './suggesting.ts';

// A miner's bytes become lines, lines become messages, and each message goes to whoever answers it.

export function receive(session: Session, chunk: Buffer): void {
  if (session.isClosed) return;
  const lines = session.lines ?? new LineReader();
  lines.feed(chunk);
  while (!session.isClosed) {
    const line = lines.next();
    if (line === undefined) break;
    read(session, line);
  }
  session.lines = lines.isEmpty ? undefined : lines;
  if (lines.flooded) session.drop('sent more than 10 KB without a newline');
}

function read(session: Session, line: string): void {
  if (!isAdmitted(session)) {
    session.drop('sends more messages than limits.messagesPerSecond allows');
    return;
  }
  if (line.trim() === '') return;
  const message = parseMessage(line);
  if (message.kind === 'malformed') session.drop(`sent a malformed message: ${message.reason}`);
  else answer(session, message);
}

function isAdmitted(session: Session): boolean {
  const { messageRate, now } = session.host;
  if (messageRate === undefined || session.key === undefined) return true;
  const next = admit(session.rate, now(), messageRate);
  if (next === undefined) return false;
  session.rate = next;
  return true;
}

function answer(session: Session, message: Exclude<Message, { kind: 'malformed' }>): void {
  switch (message.kind) {
    case 'submit':
      submit(session, message);
      break;
    case 'subscribe':
      subscribe(session, message.id);
      break;
    case 'authorize':
      authorize(session, message);
      break;
    case 'configure':
      configure(session, message);
      break;
    case 'suggestDifficulty':
      suggestDifficulty(session, message.id, message.difficulty);
      break;
    case 'suggestTarget':
      suggestTarget(session, message.id, message.target);
      break;
    case 'extranonceSubscribe':
      session.followsExtranonce = true;
      session.send(trueReply(message.id));
      break;
    case 'courtesy':
      session.send(trueReply(message.id));
      break;
    case 'getTransactions':
      session.send(resultReply(message.id, []));
      break;
    case 'ping':
      session.send(resultReply(message.id, 'pong'));
      break;
    case 'unknown':
      unknown(session, message.id, message.method);
      break;
    case 'reply':
      break;
  }
}

function unknown(session: Session, id: RequestId, method: string): void {
  session.send(errorReply(id, 20, `Unknown method ${shown(method)}`));
  if (session.saidUnknown) return;
  session.saidUnknown = true;
  session.host.complain(session, `asks for the unknown method ${shown(method)}`, 'method');
}
