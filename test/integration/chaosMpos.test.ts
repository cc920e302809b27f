import { mposKills } from '../chaos/mposKills.ts';
import { testShortForm } from '../chaos/shortForm.ts';

testShortForm(
  'kill -9 and stops of MariaDB and of pool workers lose no acknowledged share in MPOS mode and double none',
  mposKills,
);
