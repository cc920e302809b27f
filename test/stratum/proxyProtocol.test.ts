import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ProxyHeader, parseProxyHeader } from '../../libs/stratum/proxyProtocol.ts';

const text = (line: string): ProxyHeader => parseProxyHeader(Buffer.from(line, 'latin1'));
const v2 = (hex: string): Buffer => Buffer.from(`0d0a0d0a000d0a515549540a${hex}`, 'hex');
// 203.0.113.7:51111 -> 198.51.100.1:3333
const v2IPv4 = v2('2111000ccb007107c6336401c7a70d05');
const v2IPv6 = v2(`21210024${'20010db8000000010000000000000007'}${'00'.repeat(16)}c7a70d05`);

test('v1 names the client of TCP4 and TCP6, and ends where its line ends', () => {
  assert.deepEqual(text('PROXY TCP4 203.0.113.7 198.51.100.1 51111 3333\r\n{"id":1}\n'), {
    kind: 'done',
    length: 48,
    address: '203.0.113.7',
  });
  assert.deepEqual(text('PROXY TCP6 2001:db8::7 ::1 51111 3333\r\n'), {
    kind: 'done',
    length: 39,
    address: '2001:db8::7',
  });
});

test('v1 UNKNOWN, with or without addresses, names nobody', () => {
  assert.deepEqual(text('PROXY UNKNOWN\r\n'), { kind: 'done', length: 15 });
  assert.deepEqual(text('PROXY UNKNOWN 1.2.3.4 5.6.7.8 1 2\r\n'), { kind: 'done', length: 35 });
});

test('v2 names the client of IPv4 and IPv6, and passes over its extensions', () => {
  assert.deepEqual(parseProxyHeader(v2IPv4), {
    kind: 'done',
    length: 28,
    address: '203.0.113.7',
  });
  assert.deepEqual(parseProxyHeader(v2IPv6), {
    kind: 'done',
    length: 52,
    address: '2001:db8:0:1:0:0:0:7',
  });
  const extended = v2('2111000fcb007107c6336401c7a70d05040000');
  assert.deepEqual(parseProxyHeader(extended), {
    kind: 'done',
    length: 31,
    address: '203.0.113.7',
  });
});

test('v2 LOCAL, unspecified and UNIX name nobody', () => {
  assert.deepEqual(parseProxyHeader(v2('20000000')), { kind: 'done', length: 16 });
  assert.deepEqual(parseProxyHeader(v2('2011000ccb007107c6336401c7a70d05')), {
    kind: 'done',
    length: 28,
  });
  assert.deepEqual(parseProxyHeader(v2('21000000')), { kind: 'done', length: 16 });
  assert.deepEqual(parseProxyHeader(v2(`213100d8${'61'.repeat(216)}`)), {
    kind: 'done',
    length: 232,
  });
});

test('every beginning of a good header asks for more', () => {
  const headers = [v2IPv4, v2IPv6, Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n')];
  for (const header of headers) {
    for (let cut = 0; cut < header.length; cut++) {
      assert.equal(parseProxyHeader(header.subarray(0, cut)).kind, 'more', `${cut} bytes`);
    }
  }
});

test('anything else is refused', () => {
  const lines = [
    '{"id":1,"method":"mining.subscribe","params":[]}\n',
    'PROXY\r\n',
    'PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n',
    'PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n',
    'PROXY TCP4 1.2.3.4.5 5.6.7.8 1 2\r\n',
    'PROXY TCP4 2001:db8::7 ::1 1 2\r\n',
    'PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n',
    'PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n',
    'PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n',
    'PROXY TCP4 1.2.3.4 5.6.7.8 1 -2\r\n',
    'PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n',
    'PROXY TCP4 __proto__ constructor 1 2\r\n',
    'proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n',
    `PROXY TCP4 ${'1'.repeat(100)}\r\n`,
    'PROXZ',
    '\r\n\r\n\0\r\nQUITX',
    '\u0016\u0003\u0001',
  ];
  for (const line of lines) assert.equal(text(line).kind, 'bad', JSON.stringify(line));
  for (const hex of ['1111000c', '3111000c', '2211000c', '2f11000c', '2111ffff', '21f1000c']) {
    assert.equal(parseProxyHeader(v2(`${hex}${'00'.repeat(36)}`)).kind, 'bad', hex);
  }
  assert.equal(parseProxyHeader(v2('2111000401020304')).kind, 'bad');
  assert.equal(parseProxyHeader(v2(`2121000c${'00'.repeat(12)}`)).kind, 'bad');
});
