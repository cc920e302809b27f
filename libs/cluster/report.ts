// What a command of the operator answers: its data, for -json, and the same as text.

export interface Report {
  readonly data: unknown;
  readonly text: string;
  /** It found something wrong: the exit code is 1. */
  readonly failed?: boolean;
}

export function wanted(text: string | undefined, complaint: string): string {
  if (text === undefined || text === '') throw new RangeError(complaint);
  return text;
}
