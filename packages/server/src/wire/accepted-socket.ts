import { type OnReadOpts, Socket } from 'node:net';

/** What Node's own code calls the part of a socket that the system knows. */
interface HandleHolder {
  _handle: object | null;
}

/**
 * A socket that reads as `onread` says, in place of `accepted`, which a server hands on in this turn of the loop. Node lets
 * only those who connect say where bytes are read to; for whom it accepts it makes, and clears, 64 KiB for each read. That
 * took a third of a host's time with tensors of 600 KB (docs/design/threads.md). So the handle moves to a socket of ours,
 * as it does in Node's own cluster module. The server counts `accepted` as open until ours ends.
 */
export function takeOver(accepted: Socket, onread: OnReadOpts): Socket {
  const holder = accepted as unknown as HandleHolder;
  const handle = holder._handle;
  if (handle === null) return accepted;
  holder._handle = null;
  const options: object = { handle, onread, readable: true, writable: true };
  const socket = new Socket(options);
  socket.once('close', () => accepted.destroy());
  return socket;
}
