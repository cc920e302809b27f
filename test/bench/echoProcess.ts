// The yardstick: a server that says yes to each line, and writes one line to all sockets on request, with nothing behind
// it. What the load generator reaches here is what it could reach at most with a pool.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

const sockets = new Set<Socket>();

const server = createServer({ noDelay: true }, (socket) => {
  sockets.add(socket);
  socket.setEncoding('latin1');
  socket.on('error', () => undefined);
  socket.on('close', () => sockets.delete(socket));
  let rest = '';
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    socket.write(lines.map(replyTo).join(''));
  });
}).listen(0, '127.0.0.1');
await once(server, 'listening');

/** Enough of stratum that the load generator takes it for a pool. */
function replyTo(line: string): string {
  const id = /"id":(\d+)/.exec(line)?.[1] ?? 'null';
  if (!line.includes('mining.subscribe')) return `{"id":${id},"result":true,"error":null}\n`;
  const job = ['1', '', '', '', [], '20000000', '17034219', '66000000', true];
  return (
    `{"id":${id},"result":[[],"00000000",4],"error":null}\n` +
    `${JSON.stringify({ id: null, method: 'mining.notify', params: job })}\n`
  );
}

process.on('message', (line: unknown) => {
  if (typeof line !== 'string') return;
  const bytes = Buffer.from(line);
  for (const socket of sockets) socket.write(bytes);
});
process.on('disconnect', () => process.exit(0));
const address = server.address();
process.send?.({ port: typeof address === 'object' ? address?.port : undefined });
