import type { Socket } from 'node:net';

/**
 * Keeps `socket` open for reading after a write failed. A process that died may have sent which runs it was in (`started`)
 * just before: it lies in the system's buffer, but Node closes a socket at the first failed write and with it loses
 * what was not read. One whole turn of the loop is enough to read all of that buffer.
 */
export function readLastWords(socket: Socket): void {
  const destroy = socket.destroy.bind(socket);
  let isDying = false;
  socket.destroy = (error) => {
    if (!isWriteFailure(error)) return destroy(error);
    // The first immediate may still belong to the turn that began before the other side died.
    if (!isDying) setImmediate(() => setImmediate(() => destroy(error)));
    isDying = true;
    return socket;
  };
}

function isWriteFailure(error: Error | undefined): boolean {
  const { syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return syscall === 'write' || syscall === 'writev';
}
