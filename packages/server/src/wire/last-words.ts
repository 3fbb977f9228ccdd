import type { Socket } from 'node:net';

type WriteDone = (error?: Error | null) => void;

/**
 * Keeps `socket` readable when a write fails. A process that died may have said just before which requests it was
 * running (`started`): that lies in the system's buffer, but Node gives up a socket at the first failed write and with
 * it what was not read. One whole turn of the loop is enough to read all of that buffer.
 */
export function readLastWords(socket: Socket): void {
  const write = socket._write.bind(socket);
  const writev = socket._writev?.bind(socket);
  // The first immediate may still belong to the turn that began before the other side died.
  const giveUp = (error: Error) => setImmediate(() => setImmediate(() => socket.destroy(error)));
  // The stream hears nothing of the failure: one that knows of an error drops what it reads.
  const guard =
    (done: WriteDone): WriteDone =>
    (error) => {
      if (error) giveUp(error);
      else done();
    };
  socket._write = (chunk, encoding, done) => write(chunk, encoding, guard(done));
  if (writev) socket._writev = (chunks, done) => writev(chunks, guard(done));
}
