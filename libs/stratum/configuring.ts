import { parseHex } from '../primitives/hex.ts';
import { own } from '../primitives/unknown.ts';
import { extranonceHex } from './extranonce.ts';
import type { Message } from './messages.ts';
import { resultReply } from './replies.ts';
import type { Session } from './session.ts';
import { setMinimum } from './suggesting.ts';

const allBits = 0xffffffff;

/** mining.configure (BIP 310): every extension that is asked for is answered, unknown ones with false. */
export function configure(
  session: Session,
  message: Extract<Message, { kind: 'configure' }>,
): void {
  const { id, extensions, options } = message;
  const result = extensions.flatMap((extension): [string, unknown][] => {
    switch (extension) {
      case 'version-rolling':
        return allowRolling(session, own(options, 'version-rolling.mask'));
      case 'minimum-difficulty':
        return [[extension, allowMinimum(session, own(options, 'minimum-difficulty.value'))]];
      case 'subscribe-extranonce':
        session.followsExtranonce = true;
        return [[extension, true]];
      default:
        return [[extension, false]];
    }
  });
  session.send(resultReply(id, Object.fromEntries(result)));
}

function allowRolling(session: Session, asked: unknown): [string, unknown][] {
  const mask = asked === undefined ? allBits : (parseHex(asked, 4)?.readUInt32BE(0) ?? 0);
  if (!session.allowRolling(mask)) return [['version-rolling', false]];
  return [
    ['version-rolling', true],
    ['version-rolling.mask', extranonceHex(session.versionMask)],
  ];
}

function allowMinimum(session: Session, asked: unknown): boolean {
  if (typeof asked !== 'number' || !(asked > 0)) return false;
  if (!session.difficulty.canKeep(asked)) return false;
  setMinimum(session, asked);
  return true;
}
