import net from 'node:net';
import type { TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { serve } from '../support/tcpServer.ts';

/** A server that drops each connection at once. */
export async function dropper(t: TestContext): Promise<{ port: number; tries: () => number }> {
  let tries = 0;
  const port = await serve(t, (socket) => {
    tries++;
    socket.destroy();
  });
  return { port, tries: () => tries };
}

/** For `serve`: a proxy that passes everything on, to its client in pieces of 1 to 7 bytes that go out one by one. */
export function slowly(port: number): (socket: net.Socket) => void {
  return (near) => {
    const far = net.connect({ host: '127.0.0.1', port, noDelay: true });
    near.setNoDelay(true);
    near.on('data', (bytes) => far.write(bytes));
    near.on('close', () => far.destroy());
    far.on('error', () => undefined);
    far.on('close', () => near.destroy());
    let passed: Promise<unknown> = Promise.resolve();
    far.on('data', (bytes) => {
      for (let at = 0, size = 1; at < bytes.length; at += size, size = (size % 7) + 1) {
        const piece = bytes.subarray(at, at + size);
        // In the turn between two pieces the client, in this process too, reads the first one.
        passed = passed.then(() => near.write(piece)).then(() => nextTurn());
      }
    });
  };
}
