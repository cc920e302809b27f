import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';

// Debian's litecoind is built without ZMQ. In its place libzmq itself publishes, through python3-zmq, what bitcoind's
// zmqpubhashblock does: topic, hash in display order, little-endian counter.
const publisherProgram = `
import sys, zmq, struct
socket = zmq.Context().socket(getattr(zmq, sys.argv[1]))
socket.setsockopt(zmq.LINGER, 0)
port = sys.argv[2]
socket.bind("tcp://127.0.0.1:" + port)
print(socket.getsockopt(zmq.LAST_ENDPOINT).decode().strip("\\0").rsplit(":", 1)[1], flush=True)
if sys.argv[1] == "XPUB":
    print(socket.recv().hex(), flush=True)
count = 0
for line in sys.stdin:
    topic, body = line.split()
    socket.send_multipart([topic.encode(), bytes.fromhex(body), struct.pack("<I", count)])
    count += 1
`;

export class Publisher {
  readonly port: number;
  readonly lines: AsyncIterator<string>;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, lines: AsyncIterator<string>, port: number) {
    this.#child = child;
    this.lines = lines;
    this.port = port;
  }

  static async start(t: TestContext, type: string, port: number | '*' = '*'): Promise<Publisher> {
    const child = spawn('/usr/bin/python3', ['-c', publisherProgram, type, String(port)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    t.after(() => child.kill('SIGKILL'));
    assert.ok(child.stdout);
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const first = await lines.next();
    assert.equal(first.done, false, 'python3 with zmq (Debian: python3-zmq) does not run');
    return new Publisher(child, lines, Number(first.value));
  }

  publish(topic: string, body: string): void {
    this.#child.stdin?.write(`${topic} ${body}\n`);
  }

  async kill(): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }
}
