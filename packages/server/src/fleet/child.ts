import { type ChildProcess, fork, type SendHandle } from 'node:child_process';
import type { HostEnd } from '../wire/messages.js';

/** How a child process ended. */
export interface ChildEnd {
  readonly end: HostEnd;
  /** For people: `by SIGSEGV`, `with code 1`. */
  readonly detail: string;
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
  /** Called exactly once, when the process is gone. */
  readonly onEnd: (end: ChildEnd) => void;
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
  readonly #process: ChildProcess;
  #ended = false;
  /** Set when we end it on purpose because it made no progress. */
  #hung: string | null = null;

  constructor(options: ChildOptions<From>) {
    this.#process = fork(options.module, [options.label], {
      // A debugger or profiler of the supervisor is not the child's.
      execArgv: [...process.execArgv.filter(isForChildren), ...(options.flags ?? [])],
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#process.on('message', (message) => options.onMessage(message as From));
    const ended = (code: number | null, signal: NodeJS.Signals | null) => {
      if (this.#ended) return;
      this.#ended = true;
      options.onEnd(this.#classify(code, signal));
    };
    this.#process.once('exit', ended);
    this.#process.once('error', (error) => {
      if (this.#process.pid === undefined) ended(null, null);
      else process.emitWarning(error);
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Messages to a process that is ending are dropped: its end is told by `onEnd`. */
  send(message: To, handle?: unknown): void {
    if (!this.#process.connected) return;
    this.#process.send(message as object, handle as SendHandle, {}, () => {});
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    if (!this.#ended) this.#process.kill(signal);
  }

  /** Ends a process that makes no progress; its end then says so. */
  killHung(why: string): void {
    this.#hung = why;
    this.kill('SIGKILL');
  }

  #classify(code: number | null, signal: NodeJS.Signals | null): ChildEnd {
    if (this.#hung !== null) return { end: 'hung', detail: this.#hung };
    if (signal !== null) return { end: FAULT_SIGNALS.has(signal) ? 'fault' : 'killed', detail: `by ${signal}` };
    // A shell in between, as in some containers, turns a signal into 128 + its number.
    return { end: 'exit', detail: code === null ? 'before it started' : `with code ${code}` };
  }
}
