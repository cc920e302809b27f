import { askAddress, readAddressFacts } from '../daemon/addresses.ts';
import { type AddressFacts, DaemonError, type DaemonGroup } from '../daemon/types.ts';
import { CodedError } from '../primitives/errors.ts';

// What the daemon is asked for miners who log in. Anybody can log in with names that nobody has seen before, thousands
// a second: the questions of one moment go out as one request, and no source can crowd out another.

export interface AddressLookups {
  /** `source`: whoever asks, one that cannot be had in any number (an IP address). Rejects with a CodedError. */
  ask(address: string, source: string): Promise<AddressFacts>;
}

export interface LookupOptions {
  readonly group: Pick<DaemonGroup, 'batch' | 'call'>;
  readonly signal: AbortSignal;
  /** Milliseconds from one request to the next. */
  readonly every?: number;
}

const usualPause = 200;
const mostInRequest = 100;
/** A daemon (or something before it) that takes no lists is asked one by one. */
const mostOneByOne = 4;
const mostWaiting = 20_000;
const mostOfSource = 1_000;

interface Question {
  readonly address: string;
  resolve(facts: AddressFacts): void;
  reject(error: unknown): void;
}

export function createAddressLookups(options: LookupOptions): AddressLookups {
  return new Lookups(options);
}

class Lookups implements AddressLookups {
  readonly #options: LookupOptions;
  readonly #pause: number;
  /** By source; each request takes one of each, in turn. */
  readonly #waiting = new Map<string, Question[]>();
  readonly #underWay = new Map<string, Promise<AddressFacts>>();
  #count = 0;
  #takesLists = true;
  /** From a request's start until the next one may start. */
  #resting = false;

  constructor(options: LookupOptions) {
    this.#options = options;
    this.#pause = options.every ?? usualPause;
    options.signal.addEventListener('abort', () => this.#giveUp());
  }

  ask(address: string, source: string): Promise<AddressFacts> {
    const underWay = this.#underWay.get(address);
    if (underWay !== undefined) return underWay;
    if (this.#options.signal.aborted) return Promise.reject(ended());
    const own = this.#waiting.get(source) ?? [];
    if (own.length >= mostOfSource || this.#count >= mostWaiting) {
      return Promise.reject(
        new CodedError(
          'LOOKUP_BUSY',
          'too many logins with new names are waiting, try again later',
        ),
      );
    }
    const answer = new Promise<AddressFacts>((resolve, reject) => {
      own.push({ address, resolve, reject });
    });
    this.#waiting.set(source, own);
    this.#count++;
    const over = answer.finally(() => this.#underWay.delete(address));
    this.#underWay.set(address, over);
    if (!this.#resting) void this.#request();
    return over;
  }

  async #request(): Promise<void> {
    const { signal } = this.#options;
    this.#resting = true;
    const rested = new Promise<void>((resolve) => setTimeout(resolve, this.#pause));
    // What is asked in this turn of the event loop goes together.
    await Promise.resolve();
    const questions = this.#take(this.#takesLists ? mostInRequest : mostOneByOne);
    if (this.#takesLists) await this.#askAll(questions);
    else await this.#askOneByOne(questions);
    await rested;
    this.#resting = false;
    if (this.#count > 0 && !signal.aborted) void this.#request();
  }

  #take(most: number): Question[] {
    const taken: Question[] = [];
    while (taken.length < most && this.#waiting.size > 0) {
      for (const [source, own] of this.#waiting) {
        if (taken.length === most) break;
        const question = own.shift();
        // To the end of the line.
        this.#waiting.delete(source);
        if (own.length > 0) this.#waiting.set(source, own);
        if (question !== undefined) taken.push(question);
      }
    }
    this.#count -= taken.length;
    return taken;
  }

  async #askAll(questions: readonly Question[]): Promise<void> {
    const calls = questions.map(({ address }) => ({
      method: 'validateaddress',
      params: [address],
    }));
    try {
      const outcomes = await this.#options.group.batch(calls);
      for (const [at, question] of questions.entries()) {
        const outcome = outcomes[at];
        if (outcome === undefined) question.reject(new CodedError('LOOKUP_LOST', 'no answer came'));
        else if (!outcome.ok) question.reject(outcome.error);
        else settle(question, () => readAddressFacts(outcome.result));
      }
    } catch (error) {
      if (!isAnswer(error)) {
        for (const question of questions) question.reject(error);
        return;
      }
      this.#takesLists = false;
      await this.#askOneByOne(questions);
    }
  }

  async #askOneByOne(questions: readonly Question[]): Promise<void> {
    for (const question of questions) {
      try {
        question.resolve(await askAddress(this.#options.group, question.address));
      } catch (error) {
        question.reject(error);
      }
    }
  }

  #giveUp(): void {
    for (const own of this.#waiting.values()) for (const question of own) question.reject(ended());
    this.#waiting.clear();
    this.#count = 0;
  }
}

function ended(): CodedError {
  return new CodedError('LOOKUP_ENDED', 'the pool stops');
}

function settle(question: Question, read: () => AddressFacts): void {
  try {
    question.resolve(read());
  } catch (error) {
    question.reject(error);
  }
}

/** The daemon is there, and does not want a list. */
function isAnswer(error: unknown): boolean {
  return error instanceof DaemonError && (error.kind === 'badReply' || error.kind === 'rpc');
}
