import { createServer } from 'node:net';
import { accept } from '../../src/wire/connection.js';

/*
 * A process at the other end of a connection, for tests: listens where its argument says, and answers each request with
 * its own body. A request from tenant "poison" ends it at once, with the frame that names it just written.
 */

const server = createServer((socket) => {
  const connection = accept(socket, {
    name: 'echo',
    maxFrameBytes: 64 * 1024 * 1024,
    onFrame: (frame) => {
      if (frame.type !== 'request') return;
      if (frame.tenant === 'poison') {
        connection.send({ type: 'started', ids: [frame.id] });
        connection.flush();
        process.kill(process.pid, 'SIGKILL');
      }
      connection.send({ type: 'piece', id: frame.id, last: true, body: frame.body });
    },
    onClose: () => {},
  });
});

server.listen(process.argv[2], () => process.send?.('listening'));
process.on('disconnect', () => process.exit());
