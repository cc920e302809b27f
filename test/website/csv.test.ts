import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvText } from '../../libs/website/csv.ts';

test('a text that begins like a formula is kept a text', () => {
  const rows = [['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '1-1', 'a=b']];
  assert.equal(csvText(rows), "'=1+1,'+1,'-1,'@SUM(A1),'\tx,1-1,a=b\r\n");
});

test('quotes, commas and line ends are quoted as RFC 4180 says', () => {
  assert.equal(
    csvText([
      ['a,b', 'say "hi"', 'two\r\nlines', ''],
      ['=a,"b"', 'x', 'y', 'z'],
    ]),
    '"a,b","say ""hi""","two\r\nlines",\r\n"\'=a,""b""",x,y,z\r\n',
  );
});
