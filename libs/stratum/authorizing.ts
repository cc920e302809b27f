import { messageOf } from '../primitives/errors.ts';
import { type Message, nameFault, type RequestId } from './messages.ts';
import { OpenLogins } from './openLogins.ts';
import { type Wishes, wishesIn } from './passwords.ts';
import { errorReply, trueReply } from './replies.ts';
import type { Session } from './session.ts';
import { shown } from './sessionHost.ts';
import { submit } from './submitting.ts';
import { preferDifficulty, setMinimum } from './suggesting.ts';
import type { AuthorizeAnswer } from './types.ts';

// mining.authorize: as many workers on one connection as it likes; whether a name is good is the pool's answer.

const mostWorkers = 4_096;

interface Login {
  readonly id: RequestId;
  readonly worker: string;
  readonly wishes: Wishes;
}

export function authorize(
  session: Session,
  message: Extract<Message, { kind: 'authorize' }>,
): void {
  const { id, worker, password } = message;
  const login = { id, worker, wishes: wishesIn(password) };
  const fault = nameFault(worker);
  if (fault !== undefined) {
    session.send(errorReply(id, 20, fault, false));
    return;
  }
  // The name is known to be good, and nothing else in the password needs the pool.
  if (session.workers.has(worker) && !login.wishes.hasOthers) {
    welcome(session, login, undefined);
    return;
  }
  if (session.workers.count + (session.logins?.size ?? 0) >= mostWorkers) {
    session.send(errorReply(id, 20, 'Too many workers on one connection', false));
    return;
  }
  if (!session.host.mayLogIn(session)) {
    session.send(errorReply(id, 20, 'Too many logins, try again later', false));
    return;
  }
  session.logins ??= new OpenLogins();
  session.logins.begin(worker);
  ask(session, login, password);
}

function ask(session: Session, login: Login, password: string): void {
  const { host, ip, port } = session;
  host
    .pool()
    .authorize({ worker: login.worker, password, ip, port: port.number })
    .catch((error: unknown): AuthorizeAnswer => {
      host.log.error(`The login of ${ip} could not be checked: ${messageOf(error)}.`);
      return { ok: false, reason: 'The login could not be checked' };
    })
    .then((answer) => decided(session, login, answer))
    .catch((error: unknown) => {
      host.log.error(`The login of ${ip} failed: ${messageOf(error)}.`);
    });
}

function decided(session: Session, login: Login, answer: AuthorizeAnswer): void {
  if (session.isClosed) return;
  const { worker } = login;
  if (answer.ok) {
    const isNew = !session.workers.has(worker);
    welcome(session, login, answer.accounts);
    if (isNew) session.host.log.debug(`Worker ${shown(worker)} logged in from ${session.ip}.`);
  } else {
    const { reason } = answer;
    session.send(errorReply(login.id, 24, reason, false));
    session.host.complain(session, `was refused as worker ${shown(worker)}: ${reason}`, 'login');
  }
  const held = session.logins?.settle(worker, answer.ok) ?? [];
  if (session.logins?.size === 0) session.logins = undefined;
  for (const message of held) submit(session, message);
}

function welcome(
  session: Session,
  { id, worker, wishes }: Login,
  accounts: ReadonlyMap<string, string> | undefined,
): void {
  const isNew = !session.workers.has(worker);
  const isFirst = session.workers.count === 0;
  session.workers.add(worker, { solo: wishes.solo, accounts });
  session.send(trueReply(id));
  if (isNew && session.isSubscribed) {
    session.host.difficultyChanged(worker, session.difficulty.current);
  }
  if (wishes.minimum !== undefined) setMinimum(session, wishes.minimum);
  if (wishes.difficulty !== undefined) preferDifficulty(session, wishes.difficulty);
  else if (isFirst) resumeDifficulty(session, worker);
}

/** A worker that comes back goes on where it was, unless its miner has said what it likes better. */
function resumeDifficulty(session: Session, worker: string): void {
  if (session.difficulty.hasWish) return;
  const last = session.host.lastDifficulty(session, worker);
  if (last !== undefined && session.difficulty.resume(last)) session.sendNewerJob();
}
