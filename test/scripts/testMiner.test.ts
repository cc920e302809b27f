import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { after, before, type TestContext, test } from 'node:test';
import { type LitecoinPair, startLitecoinPair } from '../../scripts/regtest/litecoin.ts';
import {
  startTestMiner,
  type TestMiner,
  type TestMinerOptions,
} from '../../scripts/regtest/testMiner.ts';
import {
  blockHashOf,
  blockTargetOf,
  coinbaseOf,
  difficultyOf,
  headerOf,
  jobFromNotify,
  type MinerJob,
  powOf,
} from '../../scripts/regtest/testWork.ts';
import { until } from '../support/until.ts';

// Litecoin's first block on its main chain.
const genesisCoinbase =
  '01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4804ffff001d0104404e592054696d65732030352f4f63742f32303131205374657665204a6f62732c204170706c65e280997320566973696f6e6172792c2044696573206174203536ffffffff0100f2052a010000004341040184710fa689ad5023690c80f3a49c8f13f8d45b8c857fbcbc8bc4a8e4d3eb4b10f4d4604fa08dce601aaf0f470216fe1b51850b4acf21b179c45070ac7b03a9ac00000000';
const genesis: MinerJob = {
  jobId: '1',
  prevHash: '00'.repeat(32),
  coinb1: genesisCoinbase.slice(0, 100),
  coinb2: genesisCoinbase.slice(116),
  merkleBranch: [],
  version: '00000001',
  nbits: '1e0ffff0',
  ntime: '4e8eaab9',
  clean: true,
};

let pair: LitecoinPair;
before(async () => {
  pair = await startLitecoinPair({ mweb: 'never' });
});
after(() => pair.stop());

test("a header built from Litecoin's genesis job has the chain's block hash and a scrypt hash below its target", () => {
  const coinbase = coinbaseOf(
    genesis,
    genesisCoinbase.slice(100, 108),
    genesisCoinbase.slice(108, 116),
  );
  const header = headerOf(genesis, coinbase, genesis.ntime, '7c3f51cd');
  assert.equal(
    blockHashOf(header),
    '12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2',
  );
  const pow = powOf('scrypt', header);
  assert.equal(
    pow.toString(16).padStart(64, '0'),
    '0000050c34a64b415b6b15b37f2216634b5b1669cb9a2e38d76f7213b0671e00',
  );
  assert.ok(pow <= blockTargetOf('1e0ffff0'));
});

test('the compact form 1d00ffff is the target of difficulty 1 of sha256, and of 65536 of scrypt', () => {
  const target = blockTargetOf('1d00ffff');
  assert.equal(target.toString(16), `ffff${'0'.repeat(52)}`);
  assert.equal(difficultyOf('sha256', target), 1);
  assert.equal(difficultyOf('scrypt', target), 65536);
});

test("a job's prevhash is turned back word by word", () => {
  const job = { ...genesis, prevHash: '0102030405060708'.padEnd(64, '0') };
  const header = headerOf(job, Buffer.from(genesisCoinbase, 'hex'), job.ntime, '00000000');
  assert.equal(header.subarray(4, 12).toString('hex'), '0403020108070605');
});

test('a notify whose fields are no texts is no job', () => {
  assert.equal(jobFromNotify(['1', 2, '', '', [], '', '', '', true]), undefined);
  assert.equal(jobFromNotify(['1']), undefined);
  assert.equal(jobFromNotify(undefined), undefined);
});

test('litecoind takes a block from the miner, mined with nothing but stratum', async (t) => {
  const template = Object(await pair.a.rpc('getblocktemplate', [{ rules: ['mweb', 'segwit'] }]));
  const job = jobOfTemplate(template, 'bb'.repeat(4));
  const server = await startStratum(t, job, 2e-5);
  const miner = minerFor(t, server.port, { algorithm: 'scrypt', blockPart: 1 });
  assert.equal(await miner.mine(), true);

  const [submit] = server.submits;
  assert.ok(submit);
  const coinbase = coinbaseOf(job, server.extranonce1, submit.extranonce2);
  const header = headerOf(job, coinbase, submit.ntime, submit.nonce);
  const block = `${header.toString('hex')}01${withWitness(coinbase.toString('hex'))}`;
  assert.equal(await pair.a.rpc('submitblock', [block]), null);
  assert.equal(await pair.a.rpc('getbestblockhash'), miner.acknowledged[0]?.blockHash);
  assert.equal(miner.acknowledged[0]?.difficulty, 2e-5);
});

test('each kind of bad share is what its name says, and a pool that takes one is told on', async (t) => {
  const server = await startStratum(t, genesisLike(), 2e-5);
  const miner = minerFor(t, server.port, { algorithm: 'scrypt' });
  await miner.mine();
  for (const kind of [
    'unknownJob',
    'duplicate',
    'lowDifficulty',
    'oldTime',
    'shortNonce',
  ] as const) {
    await miner.mine(kind);
  }
  const [good, unknownJob, duplicate, low, oldTime, short] = server.submits;
  assert.notEqual(unknownJob?.jobId, '1');
  assert.deepEqual(duplicate, good);
  assert.ok(low !== undefined && server.difficultyOf(low) < 2e-5 * 0.99);
  assert.equal(oldTime?.ntime, '00000001');
  assert.equal(short?.nonce.length, 7);
  assert.deepEqual(
    miner.smuggled.map(({ bad }) => bad),
    ['unknownJob', 'duplicate', 'lowDifficulty', 'oldTime', 'shortNonce'],
  );
});

test('with blockPart 0 no share is a block', async (t) => {
  const server = await startStratum(t, genesisLike(), 2e-5);
  const miner = minerFor(t, server.port, { algorithm: 'scrypt', blockPart: 0 });
  for (let i = 0; i < 6; i++) await miner.mine();
  assert.deepEqual(
    miner.acknowledged.map(({ blockHash }) => blockHash),
    Array.from({ length: 6 }, () => undefined),
  );
});

test('refused honest shares are counted by reason and kept apart', async (t) => {
  const server = await startStratum(t, genesisLike(), 1e-9, [23, 'low difficulty share', null]);
  const miner = minerFor(t, server.port, { algorithm: 'sha256' });
  assert.equal(await miner.mine(), false);
  assert.deepEqual([...miner.rejected], [['low difficulty share', 1]]);
  assert.equal(miner.wronged.length, 1);
  assert.equal(miner.acknowledged.length, 0);
});

test('after a broken connection the miner comes back, and what was open counts as unanswered', async (t) => {
  const server = await startStratum(t, genesisLike(), 1e-9, 'silence');
  const miner = minerFor(t, server.port, { algorithm: 'sha256' });
  const mined = miner.mine();
  await until('the submit is there', () => server.submits.length === 1);
  server.dropAll();
  assert.equal(await mined, false);
  await until('it is authorised again', () => miner.authorized);
  assert.equal(miner.unanswered, 1);
  assert.equal(miner.connections, 2);
});

test('the miner keeps to its rate', async (t) => {
  const server = await startStratum(t, genesisLike(), 1e-9);
  const miner = minerFor(t, server.port, { algorithm: 'sha256', sharesPerSecond: 20 });
  await until('21 shares are acknowledged', () => miner.acknowledged.length >= 21);
  const [first] = miner.acknowledged;
  const last = miner.acknowledged[20];
  assert.ok(first && last && last.sentAt - first.sentAt >= 950, 'twenty shares took a second');
});

/** A miner that sends what the test has it mine, unless it has a rate; stopped with the test. */
function minerFor(
  t: TestContext,
  port: number,
  options: Pick<TestMinerOptions, 'algorithm'> & Partial<TestMinerOptions>,
): TestMiner {
  const miner = startTestMiner({ port, worker: 'w', sharesPerSecond: 0, ...options });
  t.after(() => miner.stop());
  return miner;
}

// A stratum server of a few lines, with one job. It answers each submit with true, with an error, or not at all.

interface SubmitSeen {
  readonly jobId: string;
  readonly extranonce2: string;
  readonly ntime: string;
  readonly nonce: string;
}

async function startStratum(
  t: TestContext,
  job: MinerJob,
  difficulty: number,
  error?: readonly unknown[] | 'silence',
) {
  const extranonce1 = 'aabbccdd';
  const submits: SubmitSeen[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    const send = (message: object) => socket.write(`${JSON.stringify(message)}\n`);
    createInterface({ input: socket }).on('line', (line) => {
      const { id, method, params } = JSON.parse(line) as {
        id: number;
        method: string;
        params: string[];
      };
      if (method === 'mining.subscribe') {
        send({ id, result: [[], extranonce1, 4], error: null });
        send({ id: null, method: 'mining.set_difficulty', params: [difficulty] });
        const { jobId, prevHash, coinb1, coinb2, merkleBranch, version, nbits, ntime } = job;
        const notify = [jobId, prevHash, coinb1, coinb2, merkleBranch, version, nbits, ntime, true];
        send({ id: null, method: 'mining.notify', params: notify });
      } else if (method === 'mining.submit') {
        const [, jobId = '', extranonce2 = '', ntime = '', nonce = ''] = params;
        submits.push({ jobId, extranonce2, ntime, nonce });
        if (error === undefined) send({ id, result: true, error: null });
        else if (error !== 'silence') send({ id, result: null, error });
      } else send({ id, result: true, error: null });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    port: address.port,
    extranonce1,
    submits,
    dropAll: () => {
      for (const socket of sockets) socket.destroy();
    },
    difficultyOf: (submit: SubmitSeen) => {
      const coinbase = coinbaseOf(job, extranonce1, submit.extranonce2);
      return difficultyOf(
        'scrypt',
        powOf('scrypt', headerOf(job, coinbase, submit.ntime, submit.nonce)),
      );
    },
  };
}

/** A job at regtest's difficulty that belongs to no chain. */
function genesisLike(): MinerJob {
  return { ...genesis, nbits: '207fffff' };
}

/** A job without transactions. The coinbase pays the whole reward to the one who can spend OP_TRUE. */
function jobOfTemplate(template: Record<string, unknown>, marker: string): MinerJob {
  const height = Number(template['height']);
  assert.ok(height > 0 && height <= 16, 'the height is one push opcode');
  // OP_height, then a push of the eight extranonce bytes and the marker.
  const script = `${(0x50 + height).toString(16)}0c`;
  const value = Buffer.alloc(8);
  value.writeBigUInt64LE(BigInt(String(template['coinbasevalue'])));
  const commitment = String(template['default_witness_commitment']);
  return {
    jobId: '1',
    prevHash: Buffer.from(String(template['previousblockhash']), 'hex')
      .reverse()
      .swap32()
      .toString('hex'),
    coinb1: `0200000001${'00'.repeat(32)}ffffffff0e${script}`,
    coinb2: `${marker}ffffffff02${value.toString('hex')}01510000000000000000${(commitment.length / 2).toString(16)}${commitment}00000000`,
    merkleBranch: [],
    version: Number(template['version']).toString(16).padStart(8, '0'),
    nbits: String(template['bits']),
    ntime: Number(template['curtime']).toString(16),
    clean: true,
  };
}

function withWitness(stripped: string): string {
  return `${stripped.slice(0, 8)}0001${stripped.slice(8, -8)}0120${'00'.repeat(32)}${stripped.slice(-8)}`;
}
