import { runMaster } from './libs/cluster/master.ts';
import { runPaymentProcess } from './libs/cluster/paymentProcess.ts';
import { runPoolWorker } from './libs/cluster/poolWorker.ts';
import { runProfitProcess } from './libs/cluster/profitProcess.ts';
import { ownRole } from './libs/cluster/roles.ts';
import { runWebsiteProcess } from './libs/cluster/websiteProcess.ts';
import { startWebsite } from './libs/website/website.ts';

switch (ownRole()) {
  case 'pool':
    runPoolWorker();
    break;
  case 'payments':
    runPaymentProcess();
    break;
  case 'website':
    runWebsiteProcess(startWebsite);
    break;
  case 'profit':
    runProfitProcess();
    break;
  default:
    await runMaster(process.argv.slice(2));
}
