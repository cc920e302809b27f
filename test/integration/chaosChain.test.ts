import { reorgs } from '../chaos/reorgs.ts';
import { testShortForm } from '../chaos/shortForm.ts';
import { twoPayers } from '../chaos/twoPayers.ts';

testShortForm('reorganisations and twin blocks lose no share and no satoshi', reorgs);
testShortForm('two payment processes, one of them stopped in its work, pay once', twoPayers);
