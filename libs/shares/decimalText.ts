/**
 * A finite number as plain decimal text, never with an exponent (1e-7 -> "0.0000001"): what HINCRBYFLOAT writes itself
 * and every reader of the keys understands.
 */
export function decimalText(value: number): string {
  const text = String(value);
  const at = text.indexOf('e');
  if (at === -1) return text;
  const sign = value < 0 ? '-' : '';
  const [whole = '', fraction = ''] = text.slice(sign.length, at).split('.');
  const digits = whole + fraction;
  const point = whole.length + Number(text.slice(at + 1));
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits}${'0'.repeat(point - digits.length)}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** A sum of floats without the noise of adding them: 0.1 + 0.2 -> "0.3". 15 digits are what a double surely holds. */
export function sumText(sum: number): string {
  return decimalText(Number.isInteger(sum) ? sum : Number(sum.toPrecision(15)));
}
