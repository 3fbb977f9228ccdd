import type { Children } from '../processes/children.js';
import { Program } from '../processes/program.js';
import type { Contender } from './contender.js';

/** `programs/echo.ts`: what parsing and answering the JSON costs in Node without a model. */
export function echo(children: Children, request: Uint8Array): Contender {
  return {
    name: 'echo',
    request,
    async start() {
      const program = new Program(children, 'echo');
      const port = await program.next<number>();
      return { port, pid: program.pid, stop: () => program.stop() };
    },
  };
}
