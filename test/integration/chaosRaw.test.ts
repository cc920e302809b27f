import { failPointsIn } from '../chaos/failPoints.ts';
import { testShortForm } from '../chaos/shortForm.ts';

testShortForm(
  'a payment process that dies at any point has paid everybody once when the next one has run, with raw transactions',
  failPointsIn('raw'),
);
