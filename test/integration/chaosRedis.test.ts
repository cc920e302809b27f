import { redisKills } from '../chaos/redisKills.ts';
import { redisPays } from '../chaos/redisPays.ts';
import { testShortForm } from '../chaos/shortForm.ts';

testShortForm('kill -9 and stops of Redis lose no acknowledged share and double none', redisKills);
testShortForm('kill -9 of Redis while payments are made pays nobody twice', redisPays);
