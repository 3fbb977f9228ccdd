import { connect, type Socket } from 'node:net';

/** An HTTP answer as its bytes came. */
export interface RawAnswer {
  /** `HTTP/1.1 200 OK` */
  readonly status: string;
  /** Headers in their order, names as sent. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** The value of a header, or null. */
  header(name: string): string | null;
}

/** A connection whose every byte a test writes itself, and whose answers it takes one after the other. */
export interface RawConnection {
  readonly socket: Socket;
  /** Text is sent as latin1: one byte a character. */
  write(bytes: string | Uint8Array): void;
  /** The next whole answer. Rejects when the connection ends before there is one. */
  answer(): Promise<RawAnswer>;
  /** Resolves with everything that came and was not taken, once the server has ended the connection. */
  readonly ended: Promise<Buffer>;
  close(): void;
}

/** Connects to a server of this machine. */
export function openRaw(port: number): Promise<RawConnection> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(converse(socket));
    });
  });
}

function converse(socket: Socket): RawConnection {
  let received = Buffer.alloc(0);
  let isOver = false;
  const watchers = new Set<() => void>();
  const wake = () => {
    for (const watch of [...watchers]) watch();
  };
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    wake();
  });
  const ended = new Promise<Buffer>((resolve) => {
    socket.once('close', () => {
      isOver = true;
      wake();
      resolve(received);
    });
  });
  // A reset is an end like any other; what had come before it stays.
  socket.on('error', () => {});
  const answer = () =>
    new Promise<RawAnswer>((resolve, reject) => {
      const look = () => {
        const found = readAnswer(received, isOver);
        if (found === null && !isOver) return;
        watchers.delete(look);
        if (found === null)
          return reject(new Error(`no whole answer, only ${JSON.stringify(received.toString('latin1'))}`));
        received = received.subarray(found.byteLength);
        resolve(found.answer);
      };
      watchers.add(look);
      look();
    });
  return {
    socket,
    write: (bytes) => void socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes),
    answer,
    ended,
    close: () => socket.destroy(),
  };
}

/** The answer at the beginning of `bytes`, by its Content-Length, else up to the end of the connection. */
function readAnswer(bytes: Buffer, isOver: boolean): { answer: RawAnswer; byteLength: number } | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const [status = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const header = (name: string) => headers.find(([key]) => key.toLowerCase() === name)?.[1] ?? null;
  const length = header('content-length');
  const hasNoBody = / (?:1\d\d|204|304) /.test(status);
  const bodyBytes = hasNoBody ? 0 : length === null ? (isOver ? bytes.length - end - 4 : null) : Number(length);
  if (bodyBytes === null || bytes.length < end + 4 + bodyBytes) return null;
  const body = Buffer.from(bytes.subarray(end + 4, end + 4 + bodyBytes));
  return { answer: { status, headers, body, header }, byteLength: end + 4 + bodyBytes };
}
