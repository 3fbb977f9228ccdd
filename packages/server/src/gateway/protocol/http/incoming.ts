import type { IncomingMessage, ServerResponse } from 'node:http';

/** The header of the id a request goes by, in requests and answers. */
export const REQUEST_ID = 'x-request-id';

/** A request as it came, with the place for its answer and the id it goes by. */
export interface Incoming {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The client's own where it sent one that is fit for it. */
  readonly requestId: string;
  /** Headers that the answer has whatever it is. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Calls back once the answer is written, or its connection is gone. */
export function whenOver({ request, response }: Incoming, callback: () => void): void {
  const { socket } = request;
  let isOver = false;
  const over = () => {
    if (isOver) return;
    isOver = true;
    socket.off('close', over);
    callback();
  };
  response.once('close', over);
  // The answer to a pipelined request has no connection until its turn comes, and is not told when that closes.
  if (response.socket === null) socket.setMaxListeners(0).once('close', over);
}
