import { longestNotice } from '../redis/notice.ts';
import type { Report } from './report.ts';

// `notice TEXT` puts a banner on every page and tells the miners; `notice` alone takes it away.

export interface NoticeEffects {
  /** An empty text takes it away. Rejects with a sentence when Redis does not take it. */
  notice(text: string): Promise<void>;
}

export async function notice(params: readonly string[], effects: NoticeEffects): Promise<Report> {
  const text = params
    .join(' ')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  if (text.length > longestNotice) {
    throw new RangeError(`a notice has at most ${longestNotice} characters`);
  }
  await effects.notice(text);
  return { data: { text }, text: text === '' ? 'The notice is gone.' : 'The notice is shown.' };
}
