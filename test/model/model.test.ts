import { model } from '../chaos/model.ts';
import { testShortForm } from '../chaos/shortForm.ts';

testShortForm(
  'the books agree with a small independent model after every event of 2,000 random sequences',
  model,
);
