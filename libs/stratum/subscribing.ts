import { extranonceHex } from './extranonce.ts';
import type { RequestId } from './messages.ts';
import { resultReply } from './replies.ts';
import type { Session } from './session.ts';

/** mining.subscribe: the extranonces, then the difficulty and the current job. Once more on the same connection: the same ones. */
export function subscribe(session: Session, id: RequestId): void {
  if (!session.takeExtranonce()) {
    session.drop('cannot be served: every extranonce1 of this fork is in use');
    return;
  }
  const extranonce1 = extranonceHex(session.extranonce1 ?? 0);
  const subscriptions = [
    ['mining.set_difficulty', extranonce1],
    ['mining.notify', extranonce1],
  ];
  const { extranonce2Size } = session.port.config;
  session.send(resultReply(id, [subscriptions, extranonce1, extranonce2Size]));
  session.startWork();
}
