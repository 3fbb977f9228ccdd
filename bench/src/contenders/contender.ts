/** What a server is asked, in its own form, as the bytes of HTTP/1.1. */
export interface Asking {
  /** The scene's request, or the first of them. */
  readonly request: Uint8Array;
  /** All of them, sent in turn, where there are several. */
  readonly requests?: readonly Uint8Array[];
  /** @throws Error where a body is no right answer to the request of this index. Without it any 200 is one. */
  readonly check?: (body: Buffer, at: number) => void;
}

/** A server that answers a scene's requests. */
export interface Contender extends Asking {
  /** As tables name it. */
  readonly name: string;
  /** Whether the others go on without it where it does not start or does not answer rightly: so with peers. */
  readonly isOptional?: boolean;
  start(): Promise<RunningServer>;
}

export interface RunningServer {
  readonly port: number;
  /** Its first process; all others descend from it. */
  readonly pid: number;
  /** Where it batches: how many answered requests there were and the rows of the runs they rode in, summed. */
  readonly batches?: () => Promise<BatchCount>;
  /** Resolves once all its processes have ended. */
  stop(): Promise<void>;
}

export interface BatchCount {
  readonly requests: number;
  readonly rows: number;
}
