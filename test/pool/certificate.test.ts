import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { CertificateWatch, readCertificate } from '../../libs/pool/certificate.ts';
import { millis } from '../../libs/primitives/units.ts';
import { LogInMemory, plainPort, startServer } from '../stratum/support/fakePool.ts';
import { StratumClient } from '../support/stratumClient.ts';

interface Ground {
  readonly dir: string;
  readonly files: { readonly cert: string; readonly key: string };
  /** Makes a pair of files with openssl; gives the certificate's fingerprint. */
  make(name: string, days: number): string;
  /** Puts a pair in the place that the pool reads. */
  install(name: string): void;
}

function ground(t: TestContext): Ground {
  const dir = mkdtempSync(join(tmpdir(), 'certificate-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const files = { cert: join(dir, 'fullchain.pem'), key: join(dir, 'privkey.pem') };
  return {
    dir,
    files,
    make: (name, days) => {
      const of = ['-subj', `/CN=${name}`, '-days', String(days)];
      const to = ['-keyout', join(dir, `${name}.key`), '-out', join(dir, `${name}.crt`)];
      const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
      execFileSync('openssl', ['req', '-x509', ...key, ...of, ...to], { stdio: 'pipe' });
      return new X509Certificate(readFileSync(join(dir, `${name}.crt`))).fingerprint256;
    },
    install: (name) => {
      copyFileSync(join(dir, `${name}.crt`), files.cert);
      copyFileSync(join(dir, `${name}.key`), files.key);
    },
  };
}

/** The fingerprint of the certificate that a new connection is shown. */
async function shownBy(port: number): Promise<string> {
  const socket: TLSSocket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  try {
    return await new Promise<string>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('secureConnect', () => resolve(socket.getPeerCertificate().fingerprint256));
    });
  } finally {
    socket.destroy();
  }
}

async function startTlsServer(t: TestContext, { files }: Ground) {
  const tls = await readCertificate(files);
  const log = new LogInMemory();
  let time = Date.now();
  const { server, port } = await startServer(t, { ports: [{ ...plainPort, tls: true }], tls });
  const watch = new CertificateWatch({
    files,
    current: tls,
    log,
    now: () => millis(time),
    onNew: (text) => server.setCertificate(text),
  });
  t.after(() => watch.close());
  const pass = (days: number): void => {
    time += days * 86_400_000;
  };
  return { port, log, watch, pass };
}

test('a renewed certificate is shown to new connections, and the old ones live on', async (t) => {
  const place = ground(t);
  const [old, renewed] = [place.make('old', 90), place.make('renewed', 90)];
  place.install('old');
  const { port, watch, log } = await startTlsServer(t, place);
  const miner = await StratumClient.open(port, { tls: true }, t);
  await miner.start('a');
  await watch.look();
  assert.equal(await shownBy(port), old);
  assert.deepEqual(log.lines, []);

  place.install('renewed');
  await watch.look();
  assert.equal(await shownBy(port), renewed);
  await miner.request('mining.ping', []);
  await (await StratumClient.open(port, { tls: true }, t)).start('b');
  assert.equal(log.count(/get the new certificate of .*fullchain\.pem \(valid until 20\d\d-/), 1);
  await watch.look();
  assert.equal(log.lines.length, 1);
});

test('a broken, half-changed or missing certificate is refused with its reason, once, and the old one goes on', async (t) => {
  const place = ground(t);
  const [old, renewed] = [place.make('old', 90), place.make('renewed', 90)];
  place.install('old');
  const { port, watch, log } = await startTlsServer(t, place);
  const { cert, key } = place.files;
  const breakages: [() => void, RegExp][] = [
    [() => writeFileSync(cert, 'no certificate'), /cannot be used: .*PEM/i],
    [() => writeFileSync(cert, readFileSync(cert).subarray(0, 300)), /cannot be used/],
    [() => writeFileSync(cert, ''), /cannot be used/],
    [() => writeFileSync(key, ''), /cannot be used/],
    [() => copyFileSync(join(place.dir, 'renewed.crt'), cert), /cannot be used: .*mismatch/i],
    [() => rmSync(key), /privkey\.pem cannot be read: ENOENT/],
  ];
  for (const [breakIt, why] of breakages) {
    place.install('old');
    await watch.look();
    const before = log.lines.length;
    breakIt();
    await watch.look();
    await watch.look();
    const said = log.lines.slice(before);
    assert.equal(said.length, 1, JSON.stringify(said));
    assert.equal(said[0]?.severity, 'error');
    assert.match(said[0]?.text ?? '', /was not taken, the TLS ports go on with the old one/);
    assert.match(said[0]?.text ?? '', why);
    assert.equal(await shownBy(port), old);
  }
  place.install('renewed');
  await watch.look();
  assert.equal(await shownBy(port), renewed);
});

test('at the start a certificate that cannot be used is an error with the name of the file', async (t) => {
  const place = ground(t);
  await assert.rejects(readCertificate(place.files), {
    code: 'STRATUM_TLS_FILE',
    message: /(fullchain|privkey)\.pem cannot be read: ENOENT/,
  });
  place.make('one', 1);
  place.make('other', 1);
  place.install('one');
  copyFileSync(join(place.dir, 'other.key'), place.files.key);
  await assert.rejects(readCertificate(place.files), { code: 'STRATUM_TLS_BAD' });
});

test('a certificate that nobody renews is warned about a week before its end, once a day', async (t) => {
  const place = ground(t);
  place.make('short', 30);
  place.install('short');
  const { watch, log, pass } = await startTlsServer(t, place);
  pass(22);
  await watch.look();
  assert.deepEqual(log.lines, []);
  pass(2);
  await watch.look();
  await watch.look();
  assert.equal(log.count(/of the TLS ports ends \(valid until .*: renew it/), 1);
  pass(7);
  await watch.look();
  assert.equal(log.count(/of the TLS ports has ended/), 1);
});
