import type { Difficulty } from '../primitives/units.ts';
import type { RequestId } from './messages.ts';
import type { JobNotice, StratumErrorCode } from './types.ts';

// Lines to miners. All are pure ASCII (anything else leaves as \u escapes), so that they can be written as latin1.

const beyondAscii = /[^\x20-\x7e]/g;

function toAscii(value: unknown): string {
  return JSON.stringify(value).replace(
    beyondAscii,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function idText(id: RequestId): string {
  return typeof id === 'number' && Number.isFinite(id) ? `${id}` : toAscii(id);
}

export function trueReply(id: RequestId): string {
  return `{"id":${idText(id)},"result":true,"error":null}\n`;
}

export function resultReply(id: RequestId, result: unknown): string {
  return `{"id":${idText(id)},"result":${toAscii(result)},"error":null}\n`;
}

/** `result`: null, or false where the request asks a question (mining.authorize). */
export function errorReply(
  id: RequestId,
  code: StratumErrorCode,
  message: string,
  result: null | false = null,
): string {
  return `{"id":${idText(id)},"result":${result},"error":[${code},${toAscii(message)},null]}\n`;
}

export function setDifficultyLine(difficulty: Difficulty): string {
  return `{"id":null,"method":"mining.set_difficulty","params":[${JSON.stringify(difficulty)}]}\n`;
}

/** The extranonces that count from the next job on. */
export function setExtranonceLine(extranonce1: string, extranonce2Size: number): string {
  return `{"id":null,"method":"mining.set_extranonce","params":["${extranonce1}",${extranonce2Size}]}\n`;
}

/** `mask`: 8 hex digits (BIP 310). */
export function setVersionMaskLine(mask: string): string {
  return `{"id":null,"method":"mining.set_version_mask","params":["${mask}"]}\n`;
}

/** Asks the miner to come back to the host and port that it knows. */
export const reconnectLine = '{"id":null,"method":"client.reconnect","params":[]}\n';

export function showMessageLine(text: string): string {
  return `{"id":null,"method":"client.show_message","params":[${toAscii(text)}]}\n`;
}

function notifyLine(job: JobNotice, extranonce2Size: number, clean: boolean): Buffer {
  const { prevHash, coinb1, coinb2, merkleBranch, version, nbits, ntime } =
    job.notifyParams(extranonce2Size);
  const params = [job.jobId, prevHash, coinb1, coinb2, merkleBranch, version, nbits, ntime, clean];
  return Buffer.from(
    `{"id":null,"method":"mining.notify","params":${JSON.stringify(params)}}\n`,
    'latin1',
  );
}

/** Serialises each job once for each size of extranonce2; every socket is given the same buffer. */
export class NotifyLines {
  #job: JobNotice | undefined;
  readonly #lines = new Map<number, Buffer>();

  line(job: JobNotice, extranonce2Size: number, clean: boolean): Buffer {
    if (job !== this.#job) {
      this.#job = job;
      this.#lines.clear();
    }
    const key = extranonce2Size * 2 + (clean ? 1 : 0);
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    const line = notifyLine(job, extranonce2Size, clean);
    this.#lines.set(key, line);
    return line;
  }
}
