import type { PortConfig } from '../config/types.ts';
import type { Logger } from '../log/logger.ts';
import type { Clock, Difficulty } from '../primitives/units.ts';
import type { Rate } from './rateLimit.ts';
import type { NotifyLines } from './replies.ts';
import type { PoolBehind } from './types.ts';

// What a session and its server know of each other.

/** Version bits that miners may roll (BIP 320), where the coin does not use them for itself. */
export const usualVersionMask = 0x1fffe000;

/** A port that is open. A reload of the configuration puts another `config` into it. */
export interface OpenPort {
  readonly number: number;
  config: PortConfig;
}

/** Who a session is, for bans, limits and the log. */
export interface Peer {
  readonly ip: string;
  /** What stands for `ip` in bans and limits; undefined when the proxy did not name the client. */
  readonly key: string | undefined;
  readonly port: OpenPort;
  readonly name: string;
}

/** What a session needs of its server. */
export interface SessionHost {
  readonly log: Logger;
  readonly now: Clock;
  readonly notifyLines: NotifyLines;
  /** Multiplier of the algorithm: what turns a target into a difficulty. */
  readonly multiplier: number;
  /** Version bits that miners may roll. */
  readonly versionMask: number;
  /** Milliseconds without a submit until a miner is dropped, 0 for never. */
  readonly connectionTimeout: number;
  readonly messageRate: Rate | undefined;
  pool(): PoolBehind;
  takeExtranonce(): number | undefined;
  /** False when the address logs in too often. */
  mayLogIn(peer: Peer): boolean;
  /** Will call `flush` at the end of this turn. */
  queue(session: { flush(): void }): void;
  /** A share was judged. */
  counted(peer: Peer, valid: boolean): void;
  /** A worker mines at this difficulty from now on. */
  difficultyChanged(worker: string, difficulty: Difficulty): void;
  /** Where this worker was when it left this port; undefined when that is unknown, or long ago. */
  lastDifficulty(peer: Peer, worker: string): Difficulty | undefined;
  /** Warns of a miner, but not again and again of one address and topic (the sentence itself when left out). */
  complain(peer: Peer, sentence: string, topic?: string): void;
}

/** Names as the log shows them: a miner may send 10 KB of one. */
export function shown(name: string): string {
  return name.length > 64 ? `${name.slice(0, 64)}…` : name;
}
