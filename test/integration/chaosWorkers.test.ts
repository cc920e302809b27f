import { testShortForm } from '../chaos/shortForm.ts';
import { workerKills } from '../chaos/workerKills.ts';

testShortForm(
  'kill -9 of pool workers, the payment process and the master loses no acknowledged share and doubles none',
  workerKills,
);
