/** The number in bytes from…to; NaN if it is none. Plain decimals up to 15 digits are read without making a string. */
export function readNumber(bytes: Buffer, from: number, to: number): number {
  if (from >= to) return Number.NaN;
  const negative = bytes[from] === 0x2d;
  let value = 0;
  let scale = 0;
  const begin = negative ? from + 1 : from;
  const isPlain = to - begin <= 15 && begin < to;
  for (let at = begin; isPlain && at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x30 && byte <= 0x39) {
      value = value * 10 + byte - 0x30;
      scale *= 10;
    } else if (byte === 0x2e && scale === 0 && at > begin && at + 1 < to) scale = 1;
    else return Number(bytes.toString('latin1', from, to));
  }
  if (!isPlain) return Number(bytes.toString('latin1', from, to));
  const size = scale === 0 ? value : value / scale;
  return negative ? -size : size;
}
