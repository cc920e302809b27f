import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IpRanges, isIpRange, localRanges } from '../../libs/primitives/ipRanges.ts';

test('a range holds its own addresses and no others, in IPv4 and IPv6', () => {
  const ranges = new IpRanges(['203.0.113.8', '198.51.100.0/25', '2001:db8:5::/48', '2001:db8::7']);
  for (const address of [
    '203.0.113.8',
    '198.51.100.0',
    '198.51.100.127',
    '2001:db8:5:ffff::1',
    '2001:DB8:0:0:0:0:0:7',
    '::ffff:203.0.113.8',
  ]) {
    assert.equal(ranges.has(address), true, address);
  }
  for (const address of [
    '203.0.113.9',
    '198.51.100.128',
    '2001:db8:6::1',
    '2001:db8::8',
    '::ffff:203.0.113.9',
    '',
    'localhost',
  ]) {
    assert.equal(ranges.has(address), false, address);
  }
});

test('a range with host bits set, and one that holds everything, mean what CIDR says', () => {
  assert.equal(new IpRanges(['10.1.2.3/8']).has('10.255.0.1'), true);
  assert.equal(new IpRanges(['0.0.0.0/0']).has('8.8.8.8'), true);
  assert.equal(new IpRanges(['0.0.0.0/0']).has('2001:db8::1'), false);
  assert.equal(new IpRanges(['::/0']).has('2001:db8::1'), true);
});

test('local are the loopback and private networks, and nothing that is routed', () => {
  const local = new IpRanges(localRanges);
  for (const address of [
    '127.0.0.1',
    '127.9.9.9',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.0.5',
    '::1',
    'fd00::1',
    'fe80::1',
  ]) {
    assert.equal(local.has(address), true, address);
  }
  for (const address of [
    '172.32.0.1',
    '192.169.0.1',
    '11.0.0.1',
    '2001:db8::1',
    '::2',
    '8.8.8.8',
  ]) {
    assert.equal(local.has(address), false, address);
  }
});

test('what is no address or prefix is no range', () => {
  for (const text of [
    '10.0.0.0/33',
    '::1/129',
    '10.0.0/8',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    'fe80::1%eth0',
    'proxy',
    '',
    '/8',
    '1.2.3.4/-1',
    '1.2.3.4/1e1',
  ]) {
    assert.equal(isIpRange(text), false, text);
    assert.throws(() => new IpRanges([text]), TypeError, text);
  }
});
