import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { descriptorLimit, ownDescriptorLimit } from '../../libs/primitives/descriptors.ts';

const limits = `Limit                     Soft Limit           Hard Limit           Units
Max processes             63432                63432                processes
Max open files            1024                 524288               files
Max locked memory         8388608              8388608              bytes
`;

test('the limit is the soft one of "Max open files"', () => {
  assert.equal(descriptorLimit(limits), 1_024);
  assert.equal(descriptorLimit(limits.replace('1024  ', 'unlimited')), undefined);
  assert.equal(descriptorLimit(''), undefined);
});

test('Node raises the soft limit of a shell to the hard one', () => {
  const script = 'process.stdout.write(require("fs").readFileSync("/proc/self/limits"))';
  const { stdout } = spawnSync(
    'sh',
    ['-c', 'ulimit -Sn 200; ulimit -Hn 3000; exec "$0" -e "$1"', process.execPath, script],
    { encoding: 'utf8' },
  );
  assert.equal(descriptorLimit(stdout), 3_000);
  assert.ok((ownDescriptorLimit() ?? 0) > 0);
});
