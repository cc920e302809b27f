import { TextSlice } from '../primitives/textSlice.ts';
import { isRecord, own, parseJson } from '../primitives/unknown.ts';
import { readJson } from './rpcJson.ts';

// The reply to getblocktemplate is megabytes of JSON, nearly all of it the hex of transactions. As strings they would
// cost more than everything else on the way to a new job, most of it in garbage that is collected at that very moment.

const dataMember = Buffer.from('"data":"');
const quote = 0x22;
const backslash = 0x5c;

/**
 * The JSON of a reply, except that each transaction's `data` is a TextSlice of `body` where the daemon writes it without
 * spaces and escapes, as they do. Throws (SyntaxError, or RangeError for absurd nesting) if `body` is no JSON.
 */
export function readTemplateReply(body: Buffer): unknown {
  return readSliced(body) ?? readJson(body.toString('utf8'), false);
}

/** Undefined for a reply that is not made as expected, or no JSON. */
function readSliced(body: Buffer): unknown {
  // Without escapes each quote begins or ends a text.
  if (body.includes(backslash)) return undefined;
  const slices: TextSlice[] = [];
  let text = '';
  let read = 0;
  for (;;) {
    const member = body.indexOf(dataMember, read);
    if (member === -1) break;
    const from = member + dataMember.length;
    const to = body.indexOf(quote, from);
    if (to === -1) return undefined;
    // The number of the slice stands in the JSON for its text.
    text += `${body.toString('utf8', read, from - 1)}${slices.length}`;
    slices.push(new TextSlice(body, from, to));
    read = to + 1;
  }
  return withSlices(parseJson(text + body.toString('utf8', read)), slices);
}

/** Undefined unless the slices are just the data of all transactions: any other text of that name is not for us. */
function withSlices(reply: unknown, slices: readonly TextSlice[]): unknown {
  const result = isRecord(reply) ? own(reply, 'result') : undefined;
  const list = isRecord(result) ? own(result, 'transactions') : undefined;
  if (!isRecord(reply) || !isRecord(result) || !Array.isArray(list)) return undefined;
  if (list.length !== slices.length) return undefined;
  const transactions: unknown[] = [];
  for (const [at, data] of slices.entries()) {
    const transaction: unknown = list[at];
    if (!isRecord(transaction) || own(transaction, 'data') !== at) return undefined;
    transactions.push({ ...transaction, data });
  }
  return { ...reply, result: { ...result, transactions } };
}
