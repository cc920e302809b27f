import type { RedisConnection } from '../../redis/connection.ts';
import { type Notice, readNotice } from '../../redis/notice.ts';
import { tolerate } from './redisReads.ts';

/** The operator's notice: its key is looked at each tick, news of it come sooner. The newest of the two counts. */
export class NoticeBoard {
  readonly #connection: RedisConnection;
  #kept: Notice | undefined;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  /** Rejects with RedisError; the notice stays what it was then. */
  async refresh(): Promise<void> {
    this.#kept = await tolerate(readNotice(this.#connection), undefined);
  }

  /** What stands on the pages, given the last that was told of one; undefined: nothing. */
  text(told: Notice | undefined): string | undefined {
    const kept = this.#kept ?? { text: '', time: 0 };
    const { text } = told !== undefined && told.time > kept.time ? told : kept;
    return text === '' ? undefined : text;
  }
}
