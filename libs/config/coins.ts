import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installRoot } from '../primitives/installRoot.ts';
import { coinFrom, coinSchema } from './coinSchema.ts';
import { type ReadJson, readJsonFile } from './jsonFile.ts';
import { suggestion } from './nearest.ts';
import { type ConfigProblem, Report, shown } from './problems.ts';
import type { CoinConfig } from './types.ts';

/** `missing`: neither the operator's folder nor the installation has the file. `broken`: its problems were reported. */
export type CoinAnswer =
  | { readonly kind: 'coin'; readonly coin: CoinConfig }
  | { readonly kind: 'missing' | 'broken' };

/** Reads coin files, each once, so that its problems are told once. */
export class CoinShelf {
  readonly #dir: string;
  readonly #algorithmNames: readonly string[];
  readonly #problems: ConfigProblem[];
  readonly #read = new Map<string, CoinAnswer>();

  constructor(dir: string, algorithmNames: readonly string[], problems: ConfigProblem[]) {
    this.#dir = dir;
    this.#algorithmNames = algorithmNames;
    this.#problems = problems;
  }

  /** coins/`file` of the operator's folder, or else of the installation. */
  get(file: string): CoinAnswer {
    const known = this.#read.get(file);
    if (known !== undefined) return known;
    const answer = this.#load(file);
    this.#read.set(file, answer);
    return answer;
  }

  /** ` (did you mean "litecoin.json"?)` for a name that no file has, or nothing. */
  suggest(file: string): string {
    const names = [join(this.#dir, 'coins'), join(installRoot, 'coins')].flatMap(namesIn);
    return suggestion(file.endsWith('.json') ? file : `${file}.json`, new Set(names));
  }

  #load(file: string): CoinAnswer {
    const report = new Report(this.#problems);
    const read = this.#find(file, report);
    if (read.kind !== 'read') return { kind: read.kind === 'missing' ? 'missing' : 'broken' };
    const { root } = read;
    const value = coinSchema.read(root, '', report);
    if (value === undefined) return { kind: 'broken' };
    const coin = coinFrom(file, value);
    if (this.#algorithmNames.includes(coin.algorithm)) return { kind: 'coin', coin };
    const place = root.kind === 'object' ? root.members.get('algorithm')?.node : undefined;
    report.error(
      place ?? root,
      'algorithm',
      unknownAlgorithm(coin.algorithm, this.#algorithmNames),
    );
    return { kind: 'broken' };
  }

  #find(file: string, report: Report): ReadJson {
    const own = readJsonFile(join(this.#dir, 'coins', file), `coins/${file}`, report);
    if (own.kind !== 'missing') return own;
    const installed = join(installRoot, 'coins', file);
    return readJsonFile(installed, installed, report);
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // Without the folder there is nothing to suggest from it.
  }
}

export function unknownAlgorithm(name: string, known: readonly string[]): string {
  return `unknown algorithm "${shown(name)}"${suggestion(name, known)}; known are ${known.join(', ')}`;
}
