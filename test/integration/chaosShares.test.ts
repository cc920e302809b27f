import { redisKills } from '../chaos/redisKills.ts';
import { testShortForm } from '../chaos/shortForm.ts';
import { workerKills } from '../chaos/workerKills.ts';

testShortForm(
  'kill -9 of pool workers, the payment process and the master loses no acknowledged share and doubles none',
  workerKills,
);
testShortForm('kill -9 and stops of Redis lose no acknowledged share and double none', redisKills);
