import type { Difficulty } from '../primitives/units.ts';
import type { SubmitMessage } from './messages.ts';
import { errorReply, trueReply } from './replies.ts';
import type { Session } from './session.ts';
import type { SubmitAnswer } from './types.ts';

/** mining.submit: from a worker of this connection to the pool, and the pool's verdict back to the miner. */
export function submit(session: Session, message: SubmitMessage): void {
  const { id, worker } = message;
  if (!session.workers.has(worker)) {
    if (session.logins?.hold(message) === true) return;
    session.send(errorReply(id, 24, 'unauthorized worker'));
    return;
  }
  if (!session.isSubscribed) {
    session.send(errorReply(id, 25, 'not subscribed'));
    return;
  }
  const { port, difficulty } = session;
  const known = difficulty.ofJob(Number.parseInt(message.jobId, 16));
  if (known === undefined && session.hasChangedPool) {
    session.send(errorReply(id, 21, 'job not found'));
    if (!session.hasJustChangedPool) session.host.counted(session, false);
    return;
  }
  const jobDifficulty = known ?? difficulty.current;
  const facts = session.workers.facts(worker);
  session.shareGoesIn();
  let isAnswered = false;
  session.host.pool().submit(
    {
      worker,
      ip: session.ip,
      port: port.number,
      jobId: message.jobId,
      extranonce1: session.extranonce1Bytes,
      extranonce2Size: port.config.extranonce2Size,
      extranonce2: message.extranonce2,
      ntime: message.ntime,
      nonce: message.nonce,
      versionBits: message.versionBits,
      versionMask: session.versionMask,
      jobDifficulty,
      currentDifficulty: difficulty.current,
      solo: port.config.solo === true || facts?.solo === true,
      accounts: facts?.accounts,
    },
    (answer) => {
      if (isAnswered) return;
      isAnswered = true;
      judged(session, message, jobDifficulty, answer);
    },
  );
}

function judged(
  session: Session,
  { id, worker }: SubmitMessage,
  jobDifficulty: Difficulty,
  answer: SubmitAnswer,
): void {
  session.shareComesOut();
  if (session.isClosed) return;
  if (answer.ok) {
    session.hasMined = true;
    session.workers.markMined(worker);
    session.send(trueReply(id));
    session.difficulty.share(jobDifficulty);
    session.host.counted(session, true);
    return;
  }
  session.send(errorReply(id, answer.code, answer.message));
  if (answer.counts && !session.hasJustChangedPool) session.host.counted(session, false);
}
