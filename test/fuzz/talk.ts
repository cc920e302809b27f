import net from 'node:net';

/**
 * Writes the pieces, and resolves with all that came back once the other side closes, or `isEnough` says so: then this side
 * closes. A connection that is broken off ends like one that is closed. Rejects after `within` ms.
 */
export function talk(
  port: number,
  pieces: readonly Buffer[],
  isEnough: (soFar: string) => boolean,
  within = 20_000,
): Promise<{ readonly text: string; readonly closed: boolean }> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    let text = '';
    const finish = (closed: boolean): void => {
      clearTimeout(timer);
      resolve({ text, closed });
      socket.destroy();
    };
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no end of it within ${within / 1_000} s; so far: ${text.slice(-2_000)}`));
    }, within);
    socket.setEncoding('latin1');
    socket.on('data', (more: string) => {
      text += more;
      if (isEnough(text)) finish(false);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => finish(true));
    for (const piece of pieces) socket.write(piece);
  });
}
