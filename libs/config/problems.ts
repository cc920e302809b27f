// What is wrong with the configuration, and where: every problem names file, line, column and path.

export interface ConfigProblem {
  readonly severity: 'error' | 'warning';
  /** As an operator would name it ("pool_configs/litecoin.json"). */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** "ports.3032.diff"; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** One line: `pool_configs/litecoin.json:14:17 ports.3032.diff: must be a number above 0, got "32"`. */
export function formatProblem(problem: ConfigProblem): string {
  const { file, line, column, path, message } = problem;
  return printable(`${file}:${line}:${column} ${path === '' ? '' : `${path}: `}${message}`);
}

/** A spot in a configuration file. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Collects the problems of one part of the configuration (config.json, one pool, one coin). */
export class Report {
  readonly #into: ConfigProblem[];
  readonly #lenient: boolean;
  readonly #parent: Report | undefined;
  #errors = 0;

  constructor(into: ConfigProblem[], parent?: Report) {
    this.#into = into;
    this.#parent = parent;
    this.#lenient = parent !== undefined;
  }

  /** For a block that is switched off: what is missing or unusable there does no harm. */
  lenient(): Report {
    return new Report(this.#into, this);
  }

  /** Something of the wrong type, or contradictory: nothing may start. */
  error(place: Place, path: string, message: string): void {
    this.#countError();
    this.#add('error', place, path, message);
  }

  /** A required field that is missing, or a value of the right type that cannot be used. */
  unusable(place: Place, path: string, message: string): void {
    if (!this.#lenient) this.error(place, path, message);
  }

  warning(place: Place, path: string, message: string): void {
    this.#add('warning', place, path, message);
  }

  get hasErrors(): boolean {
    return this.#errors > 0;
  }

  #countError(): void {
    this.#errors++;
    if (this.#parent !== undefined) this.#parent.#countError();
  }

  #add(severity: ConfigProblem['severity'], place: Place, path: string, message: string): void {
    const { file, line, column } = place;
    this.#into.push({ severity, file, line, column, path, message });
  }
}

// Names, keys and values must not forge a line of the report or paint the operator's terminal.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

function printable(text: string): string {
  return text.replace(
    unprintable,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

/** Text from a file, short enough for a message. */
export function shown(text: string): string {
  return printable(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
