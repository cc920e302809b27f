// What a request can be answered with when it cannot be answered: RFC 9457.

const titles: ReadonlyMap<number, string> = new Map([
  [400, 'Bad request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'Not found'],
  [405, 'Method not allowed'],
  [413, 'Request too large'],
  [429, 'Too many requests'],
  [500, 'Internal error'],
  [503, 'Not available'],
]);

/** Ends a request: `detail` is a sentence for its sender. */
export class HttpProblem extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.name = 'HttpProblem';
    this.status = status;
  }
}

export function titleOf(status: number): string {
  return titles.get(status) ?? 'Error';
}

export interface ProblemBody {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}

/** The body of an answer of type application/problem+json. */
export function problemBody(status: number, detail: string): ProblemBody {
  return { type: 'about:blank', title: titleOf(status), status, detail };
}
