import type { Children } from '../processes/children.js';
import { Program } from '../processes/program.js';

/** How late an event loop came to its timers. */
export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** An event loop with nothing to do, in a process of its own. */
export interface IdleLoop {
  /** Since the last `take`. */
  take(): Promise<LoopDelay>;
  stop(): Promise<void>;
}

export function startIdleLoop(children: Children): IdleLoop {
  const program = new Program(children, 'idle-loop');
  return { take: () => program.ask<LoopDelay>(), stop: () => program.stop() };
}
