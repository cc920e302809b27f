/** The result of `running`. After the signal it is waited for `grace` milliseconds longer, then it rejects with `late()`. */
export async function endWithSignal<T>(
  running: Promise<T>,
  signal: AbortSignal,
  grace: number,
  late: () => Error,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let stop = () => {};
  const givenUp = new Promise<never>((_, reject) => {
    stop = () => {
      timer = setTimeout(() => reject(late()), grace);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([running, givenUp]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
