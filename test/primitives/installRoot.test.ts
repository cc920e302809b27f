import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { installRoot } from '../../libs/primitives/installRoot.ts';

test('the installation is found from wherever the compiled code lies', () => {
  for (const name of ['package.json', 'coins', 'libs']) {
    assert.ok(existsSync(join(installRoot, name)), name);
  }
});
