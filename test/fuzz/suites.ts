import type { Suite } from '../chaos/suite.ts';
import { commands } from './commands.ts';
import { configText } from './configText.ts';
import { peer, zmq } from './frames.ts';
import { proxy } from './proxy.ts';
import { rpcReplies } from './rpcReplies.ts';
import { spools } from './spools.ts';
import { stratum } from './stratum.ts';
import { submits } from './submits.ts';
import { templates } from './templates.ts';
import { watched } from './watch.ts';

/** All of them, in the order in which they run. */
export const suites: readonly Suite[] = [
  ...[stratum, submits, proxy, peer, zmq],
  ...[commands, rpcReplies, templates, configText, spools],
].map(watched);
