import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { reversed } from '../../libs/primitives/hex.ts';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { isRecord, own, type UnknownRecord } from '../../libs/primitives/unknown.ts';

export interface PowVector {
  readonly algorithm: string;
  readonly title: string;
  readonly header: Buffer;
  /** Wire order. */
  readonly hash: Buffer;
  readonly params: UnknownRecord;
}

/** test/vectors/pow.json: headers of real chains with the hashes that their sources publish or their targets prove. */
export function powVectors(): readonly PowVector[] {
  const file = join(installRoot, 'test', 'vectors', 'pow.json');
  const list: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!Array.isArray(list)) throw new Error('pow.json must be a list.');
  return list.map((entry: unknown) => {
    if (!isRecord(entry)) throw new Error('pow.json must be a list of objects.');
    const text = (key: string) => String(own(entry, key));
    const params = own(entry, 'params');
    return {
      algorithm: text('algorithm'),
      title: `${text('algorithm')}: ${text('coin')}, ${text('what')}`,
      header: Buffer.from(text('headerHex'), 'hex'),
      hash: reversed(Buffer.from(text('hashHex'), 'hex')),
      params: isRecord(params) ? params : {},
    };
  });
}
