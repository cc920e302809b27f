// `npm run fuzz [-- --short] [--only NAME] [--seed N] [--count N]`: feeds every edge with garbage and says what held. Ends
// with 1 when something did not.
import { runSuites } from '../chaos/suite.ts';
import { suites } from './suites.ts';

process.exitCode = await runSuites('fuzz', suites, process.argv.slice(2));
