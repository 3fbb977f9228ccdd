/** A server that answers a scene's requests. */
export interface Contender {
  /** As tables name it. */
  readonly name: string;
  /** The scene's request in this server's form, as the bytes of HTTP/1.1. */
  readonly request: Uint8Array;
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
