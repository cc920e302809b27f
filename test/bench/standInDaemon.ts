// A stand-in for a coin daemon on a big chain: what it says is shaped like mainnet, and made up. It knows just the
// calls that a pool makes; it takes every block and checks none.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { messageOf } from '../../libs/primitives/errors.ts';
import { isRecord, own, parseJson } from '../../libs/primitives/unknown.ts';

export interface StandInOptions {
  /** Compact form of the network's target. */
  readonly nbits: string;
  readonly transactions: number;
  readonly transactionBytes: number;
  /** Whatever looks like an address is valid, with one and the same script; else only `standInAddress` is. */
  readonly anyAddress?: boolean;
}

export interface StandInDaemon {
  readonly port: number;
  /** HTTP requests so far, and the calls in them. */
  readonly requests: number;
  readonly calls: number;
  /** A block came in from the network: the template stands on it from now on. Gives its hash. */
  newBlock(): string;
  close(): Promise<void>;
}

export const standInUser = 'bench';
export const standInPassword = 'stand-in-password';
/** P2PKH of twenty zero bytes with Bitcoin's version, and its script. */
export const standInAddress = '1111111111111111111114oLvT2';
const addressScript = `76a914${'00'.repeat(20)}88ac`;

/** Of an answer. */
type Part = string | Buffer;

const methodNotFound = { code: -32601, message: 'Method not found' };

export async function startStandInDaemon(options: StandInOptions): Promise<StandInDaemon> {
  let height = 840_000;
  let tip = randomBytes(28).toString('hex').padStart(64, '0');
  const transactions = madeUpTransactions(options);

  /** Around the transactions, which are large and always the same. */
  const templateParts = (id: string): Part[] => {
    const template = {
      capabilities: ['proposal'],
      version: 0x20000000,
      rules: ['csv', '!segwit', 'taproot'],
      vbavailable: {},
      vbrequired: 0,
      previousblockhash: tip,
      coinbaseaux: {},
      coinbasevalue: 312_500_000 + 21_000_000,
      longpollid: `${tip}1`,
      target: targetHex(options.nbits),
      mintime: Math.floor(Date.now() / 1000) - 3600,
      mutable: ['time', 'transactions', 'prevblock'],
      noncerange: '00000000ffffffff',
      sigoplimit: 80_000,
      sizelimit: 4_000_000,
      weightlimit: 4_000_000,
      curtime: Math.floor(Date.now() / 1000),
      bits: options.nbits,
      height: height + 1,
      default_witness_commitment: `6a24aa21a9ed${'11'.repeat(32)}`,
    };
    const rest = JSON.stringify(template).slice(1);
    return ['{"result":{"transactions":', transactions, `,${rest},"error":null,"id":${id}}`];
  };

  const facts: Readonly<Record<string, (params: readonly unknown[]) => unknown>> = {
    getblockcount: () => height,
    getbestblockhash: () => tip,
    getdifficulty: () => 83_148_355_189_239.77,
    getconnectioncount: () => 8,
    getpeerinfo: () => [{ id: 1, addr: '127.0.0.1:8333', version: 70016, startingheight: height }],
    getnetworkinfo: () => ({ version: 270_000, protocolversion: 70_016, connections: 8 }),
    getmininginfo: () => ({ blocks: height, chain: 'main', networkhashps: 6e20 }),
    getblockchaininfo: () => ({
      chain: 'main',
      blocks: height,
      headers: height,
      bestblockhash: tip,
      initialblockdownload: false,
    }),
    validateaddress: ([address]) =>
      address === standInAddress || (options.anyAddress === true && looksLikeAddress(address))
        ? { isvalid: true, address, scriptPubKey: addressScript, isscript: false }
        : { isvalid: false },
    submitblock: ([block]) => {
      if (typeof block !== 'string') throw new Error('submitblock "hexdata" ( "dummy" )');
      return null;
    },
  };

  let requests = 0;
  let calls = 0;
  const answer = (call: unknown): Part[] => {
    calls++;
    const method = isRecord(call) ? own(call, 'method') : undefined;
    const params = isRecord(call) ? own(call, 'params') : undefined;
    const id = JSON.stringify((isRecord(call) ? own(call, 'id') : null) ?? null);
    if (method === 'getblocktemplate') return templateParts(id);
    const tell =
      typeof method === 'string' && Object.hasOwn(facts, method) ? facts[method] : undefined;
    const refuse = (error: object): Part[] => [
      `{"result":null,"error":${JSON.stringify(error)},"id":${id}}`,
    ];
    if (tell === undefined) return refuse(methodNotFound);
    try {
      const result = tell(Array.isArray(params) ? (params as unknown[]) : []);
      return [`{"result":${JSON.stringify(result)},"error":null,"id":${id}}`];
    } catch (error) {
      return refuse({ code: -1, message: messageOf(error) });
    }
  };

  const server: Server = createServer((request, response) => {
    requests++;
    serve(request, response, answer).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The port is not known.');

  return {
    port: address.port,
    get requests() {
      return requests;
    },
    get calls() {
      return calls;
    },
    newBlock: () => {
      height++;
      tip = randomBytes(28).toString('hex').padStart(64, '0');
      return tip;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (call: unknown) => Part[],
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
  const expected = Buffer.from(`${standInUser}:${standInPassword}`).toString('base64');
  if (request.headers.authorization !== `Basic ${expected}`) {
    response.writeHead(401).end();
    return;
  }
  const body = parseJson(Buffer.concat(chunks).toString());
  const parts = Array.isArray(body)
    ? ['[', ...body.flatMap((call, at) => [at === 0 ? '' : ',', ...answer(call)]), ']']
    : answer(body);
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': parts.reduce((total, part) => total + Buffer.byteLength(part), 0),
  });
  for (const part of parts) response.write(part);
  response.end();
}

/** The list as JSON. Their ids belong to their bytes, so that a pool which checks finds nothing wrong. */
function madeUpTransactions({ transactions, transactionBytes }: StandInOptions): Buffer {
  const list = Array.from({ length: transactions }, (_, index) => {
    const data = randomBytes(transactionBytes);
    const txid = sha256d(data).reverse().toString('hex');
    return {
      data: data.toString('hex'),
      txid,
      hash: txid,
      depends: [],
      fee: 10_000 + index,
      sigops: 4,
      weight: transactionBytes * 4,
    };
  });
  return Buffer.from(JSON.stringify(list));
}

function looksLikeAddress(address: unknown): boolean {
  return typeof address === 'string' && /^1[1-9A-HJ-NP-Za-km-z]{25,33}$/.test(address);
}

function targetHex(nbits: string): string {
  const compact = Number.parseInt(nbits, 16);
  const target = BigInt(compact & 0xffffff) << BigInt(8 * ((compact >>> 24) - 3));
  return target.toString(16).padStart(64, '0');
}

function sha256d(data: Buffer): Buffer {
  const first = createHash('sha256').update(data).digest();
  return createHash('sha256').update(first).digest();
}
