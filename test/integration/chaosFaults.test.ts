import { rpcFaultSuite } from '../chaos/rpcFaults.ts';
import { testShortForm } from '../chaos/shortForm.ts';

testShortForm(
  'whatever becomes of calls and answers of the daemon, everybody is paid once',
  rpcFaultSuite,
);
