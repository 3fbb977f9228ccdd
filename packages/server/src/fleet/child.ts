import { type ChildProcess, fork, type SendHandle } from 'node:child_process';
import type { Moment } from '@jitney/core';
import type { HostEnd } from '../wire/messages.js';

/** How a child process ended. */
export interface ChildEnd {
  readonly end: HostEnd;
  /** For people, after "it ended": `by SIGSEGV`, `with code 1`, `since its event loop did not turn …`. */
  readonly detail: string;
  /** Where a run that was too old ended it: what began before this moment is to blame. */
  readonly stuckSinceMs: Moment | null;
}

export interface ChildOptions<From> {
  /** Absolute path of the module to run. */
  readonly module: string;
  /** Put on the command line, so that the process can be told from others before it names itself. */
  readonly label: string;
  readonly env: Readonly<Record<string, string>>;
  /** Flags of Node for this process. */
  readonly flags?: readonly string[];
  readonly onMessage: (message: From) => void;
  /** Called exactly once, when the process is gone; never before the constructor has returned. */
  readonly onEnd: (end: ChildEnd) => void;
}

/** Why a process that makes no progress is ended. */
export interface Stuck {
  readonly why: string;
  readonly sinceMs: Moment | null;
}

/** Signals that a process raises by what it executes itself: they blame what ran. */
const FAULT_SIGNALS: ReadonlySet<string> = new Set([
  'SIGSEGV',
  'SIGFPE',
  'SIGABRT',
  'SIGBUS',
  'SIGILL',
  'SIGTRAP',
  'SIGSYS',
]);

const isForChildren = (flag: string) => !flag.startsWith('--inspect') && !flag.startsWith('--cpu-prof');

/** A process of ours: started, spoken to in plain data, and known to have ended exactly once. */
export class Child<To, From> {
  readonly #process: ChildProcess | null;
  readonly #onEnd: (end: ChildEnd) => void;
  #ended = false;
  /** Set when we end it on purpose because it made no progress. */
  #stuck: Stuck | null = null;

  constructor(options: ChildOptions<From>) {
    this.#onEnd = options.onEnd;
    this.#process = this.#start(options);
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Messages to a process that is ending are dropped: its end is told by `onEnd`. */
  send(message: To, handle?: unknown): void {
    if (!this.#process?.connected) return;
    this.#process.send(message as object, handle as SendHandle, {}, () => {});
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    if (!this.#ended) this.#process?.kill(signal);
  }

  /** Ends a process that makes no progress; its end then says so. */
  killStuck(stuck: Stuck): void {
    this.#stuck = stuck;
    this.kill('SIGKILL');
  }

  #start(options: ChildOptions<From>): ChildProcess | null {
    try {
      const child = fork(options.module, [options.label], {
        // A debugger or profiler of the supervisor is not the child's.
        execArgv: [...process.execArgv.filter(isForChildren), ...(options.flags ?? [])],
        env: childEnvironment(options.env),
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      child.on('message', (message) => options.onMessage(message as From));
      child.once('exit', (code, signal) => this.#end(this.#classify(code, signal)));
      child.on('error', (error) => {
        if (child.pid === undefined) this.#end(notStarted(error));
      });
      return child;
    } catch (thrown) {
      // Some failures of the system (no memory for a process) are thrown, others come as an event.
      setImmediate(() => this.#end(notStarted(thrown as Error)));
      return null;
    }
  }

  #end(end: ChildEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd(end);
  }

  #classify(code: number | null, signal: NodeJS.Signals | null): ChildEnd {
    if (this.#stuck !== null)
      return { end: 'hung', detail: `since ${this.#stuck.why}`, stuckSinceMs: this.#stuck.sinceMs };
    if (signal === null) return { end: 'exit', detail: `with code ${code}`, stuckSinceMs: null };
    return { end: FAULT_SIGNALS.has(signal) ? 'fault' : 'killed', detail: `by ${signal}`, stuckSinceMs: null };
  }
}

function notStarted({ message }: Error): ChildEnd {
  return { end: 'exit', detail: `before it started (${message})`, stuckSinceMs: null };
}

/** Everything but the key that clients send: a model's own code has no business with it. */
function childEnvironment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { JITNEY_API_KEY: _key, ...rest } = process.env;
  return { ...rest, ...more };
}
