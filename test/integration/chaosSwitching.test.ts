import { testShortForm } from '../chaos/shortForm.ts';
import { switching } from '../chaos/switching.ts';

testShortForm(
  'two hundred miners go from chain to chain ten times: none is dropped, each share is credited to its coin',
  switching,
);
