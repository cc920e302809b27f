import { parseHex, reversed } from '../primitives/hex.ts';
import { difficultyOfTarget } from '../primitives/target.ts';
import type { RequestId } from './messages.ts';
import { errorReply, trueReply } from './replies.ts';
import type { Session } from './session.ts';

// A miner's own wish for its difficulty.

/** mining.suggest_difficulty */
export function suggestDifficulty(session: Session, id: RequestId, wanted: number): void {
  if (!(wanted > 0)) {
    session.send(errorReply(id, 20, 'A difficulty must be above 0'));
    return;
  }
  session.send(trueReply(id));
  preferDifficulty(session, wanted);
}

/** mining.suggest_target: 64 hex digits, the most significant first. */
export function suggestTarget(session: Session, id: RequestId, text: string): void {
  const target = parseHex(text, 32);
  if (target === undefined) {
    session.send(errorReply(id, 20, 'A target must be 64 hex digits'));
    return;
  }
  suggestDifficulty(session, id, difficultyOfTarget(reversed(target), session.host.multiplier));
}

/** A minimum for this connection: by password (md=N) or extension. */
export function setMinimum(session: Session, minimum: number): void {
  if (session.difficulty.setMinimum(minimum)) session.sendNewerJob();
}

export function preferDifficulty(session: Session, wanted: number): void {
  if (session.difficulty.prefer(wanted)) session.sendNewerJob();
}
