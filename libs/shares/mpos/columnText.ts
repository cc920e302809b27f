// What a text column of MySQL can hold. A strict server refuses a whole batch for one letter that does not fit.

export interface TextColumn {
  /** Characters (code points). */
  readonly length: number;
  /** As information_schema names it: utf8mb3, latin1, … */
  readonly charset: string;
}

/** MySQL's latin1 is Windows-1252: U+00A0 to U+00FF, and these. */
const windowsLetters: ReadonlySet<string> = new Set('€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ');

/** Half of a surrogate pair is no character anywhere. */
const lone = /\p{Surrogate}/u;

/** Why the column cannot hold the text as it is, or undefined if it can: "is longer than 50 characters". */
export function textFault(text: string, { length, charset }: TextColumn): string | undefined {
  if (text.length > length && [...text].length > length) {
    return `is longer than ${length} characters`;
  }
  return isPlain(text) || [...text].every((letter) => holds(charset, letter))
    ? undefined
    : 'has letters that the database cannot hold';
}

/** The text as the column can hold it: cut, and with a question mark for what it has no letter for. */
export function fitText(text: string, { length, charset }: TextColumn): string {
  if (text.length <= length && isPlain(text)) return text;
  const letters = [...text].slice(0, length);
  return letters.map((letter) => (holds(charset, letter) ? letter : '?')).join('');
}

function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}

function holds(charset: string, letter: string): boolean {
  if (letter <= '\x7f') return true;
  if (lone.test(letter)) return false;
  switch (charset) {
    case 'utf8mb4':
    case 'utf16':
    case 'utf32':
      return true;
    case 'utf8':
    case 'utf8mb3':
    case 'ucs2':
      return letter.length === 1;
    case 'latin1':
      return (letter >= '\xa0' && letter <= '\xff') || windowsLetters.has(letter);
    default:
      return false;
  }
}
