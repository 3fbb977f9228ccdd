import type { ErrorRecord, LaneTiming, Moment, Tensor } from '@jitney/core';

/** Raised when a frame's layout changes; both ends refuse another's. */
export const WIRE_VERSION = 2;

/** Frames above this many bytes travel in pieces that other frames may come between. */
export const PIECE_BYTES = 64 * 1024;

/** What a request or a result carries: tensors for the tensor API, bytes with their type for pipelines. */
export type Body =
  | { readonly kind: 'tensors'; readonly tensors: readonly Tensor[] }
  | { readonly kind: 'content'; readonly contentType: string; readonly bytes: Uint8Array };

/** A request on its way to a host. `id` is unique among what the connection carries. */
export interface RequestFrame {
  readonly type: 'request';
  readonly id: number;
  /** Which of the host's models: the index the host announced for it. */
  readonly target: number;
  readonly requestId: string;
  readonly deadlineAtMs: Moment;
  /** 0 is the most urgent. */
  readonly priority: number;
  /** 1 for the first host that sees it. */
  readonly attempt: number;
  /** Run it with nothing else in the process. */
  readonly alone: boolean;
  readonly tenant: string;
  readonly affinity: string;
  readonly traceparent: string;
  /** Path of a file that holds the body instead; empty: the body is here. */
  readonly attachment: string;
  /** Outputs wanted, `null` for all. */
  readonly outputs: readonly string[] | null;
  readonly body: Body;
}

/** Stage moments of a request inside the host, all on the machine's monotonic clock. */
export interface HostTiming extends LaneTiming {
  readonly receivedAtMs: Moment;
  readonly encodedAtMs: Moment;
  readonly decodedAtMs: Moment;
  /** What a request that came now would wait in this host's queue. */
  readonly expectedWaitMs: number;
}

export interface ResultFrame {
  readonly type: 'result';
  readonly id: number;
  readonly body: Body;
  readonly timing: HostTiming;
}

export interface ErrorFrame {
  readonly type: 'error';
  readonly id: number;
  readonly error: ErrorRecord;
}

/** Sent before a run that may take the process with it: these requests are in it. */
export interface StartedFrame {
  readonly type: 'started';
  readonly ids: readonly number[];
}

export interface CancelFrame {
  readonly type: 'cancel';
  readonly id: number;
}

/** A piece of a streamed answer; `last` ends the request. */
export interface PieceFrame {
  readonly type: 'piece';
  readonly id: number;
  readonly last: boolean;
  readonly body: Body;
}

/** Lets the sender of a stream send that many more pieces. */
export interface CreditFrame {
  readonly type: 'credit';
  readonly id: number;
  readonly pieces: number;
}

/** First frame in each direction. */
export interface HelloFrame {
  readonly type: 'hello';
  readonly version: number;
  /** Who speaks, for the log: `gateway 1`, `host fraud@1`. */
  readonly name: string;
}

/** The host takes no more; what it holds it still answers. */
export interface DrainFrame {
  readonly type: 'drain';
}

export type Frame =
  | RequestFrame
  | ResultFrame
  | ErrorFrame
  | StartedFrame
  | CancelFrame
  | PieceFrame
  | CreditFrame
  | HelloFrame
  | DrainFrame;
