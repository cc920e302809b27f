/** Waits until `probe` gives something other than undefined or false, asking again every few milliseconds. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  within = 60_000,
): Promise<T> {
  const end = Date.now() + within;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`It did not happen in ${within} ms: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
