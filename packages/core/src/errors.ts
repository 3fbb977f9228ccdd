/** What is said about each error. */
interface ErrorEntry {
  /** Whether the same request may succeed later without being changed. */
  readonly retryable: boolean;
  readonly meaning: string;
  /** What who sees it can do. */
  readonly remedy: string;
}

/**
 * The closed set of things that can go wrong. Tables to HTTP and gRPC live in `protocol`; `docs/errors.md` is made from
 * this one by `npm run docs`.
 */
export const ERROR_CATALOGUE = {
  INVALID_ARGUMENT: {
    retryable: false,
    meaning: 'The request is malformed or does not fit the model.',
    remedy: 'Correct what the message names: it says which tensor or item, what was expected and what came.',
  },
  UNPARSABLE: {
    retryable: false,
    meaning: 'The body is not what its protocol allows.',
    remedy:
      'Send what the content type says; the message gives the position of the first wrong byte where there is one.',
  },
  TOO_LARGE: {
    retryable: false,
    meaning: 'A body, header, shape or count is above its limit.',
    remedy: 'Send less at a time, or raise the limit that the message names.',
  },
  REQUEST_TIMEOUT: {
    retryable: true,
    meaning: 'The client took too long to send its request.',
    remedy: 'Send it faster, or raise the time that the message names.',
  },
  UNSUPPORTED: {
    retryable: false,
    meaning: 'Understood, but this server or model does not do it.',
    remedy: 'Leave out the feature that the message names.',
  },
  UNAUTHENTICATED: {
    retryable: false,
    meaning: 'The key is missing or wrong.',
    remedy: 'Send the server\'s key as "Authorization: Bearer <key>".',
  },
  FORBIDDEN: {
    retryable: false,
    meaning: 'A page of another origin sent the request.',
    remedy: 'List the origin with --cors-origins, or call from a program.',
  },
  MODEL_NOT_FOUND: {
    retryable: false,
    meaning: 'No model, or no version of it, has this name.',
    remedy: 'Use a name and version that the server lists: its page at / has them.',
  },
  ROUTE_NOT_FOUND: {
    retryable: false,
    meaning: 'No such route.',
    remedy: 'Look the route up in /openapi.json.',
  },
  METHOD_NOT_ALLOWED: {
    retryable: false,
    meaning: 'The route exists, with another method.',
    remedy: 'Use the method that /openapi.json gives for the route.',
  },
  MODEL_NOT_READY: {
    retryable: true,
    meaning: 'The model is still loading, or its host is being replaced.',
    remedy: 'Try again after Retry-After. If it lasts, the log says what the load waits for.',
  },
  MODEL_FAILED: {
    retryable: false,
    meaning: 'The model could not be loaded, or keeps failing and was given up.',
    remedy: 'Whoever runs the server: the log has the reason, and "jitney check" repeats the load alone.',
  },
  QUEUE_FULL: {
    retryable: true,
    meaning: 'As many requests wait as the limits allow.',
    remedy: 'Try again after Retry-After, with fewer requests at a time.',
  },
  DEADLINE_EXCEEDED: {
    retryable: true,
    meaning: 'The request was not answered within its time.',
    remedy: 'Try again when there is less load, or give the request more time.',
  },
  CANCELLED: {
    retryable: false,
    meaning: 'The client left before the answer.',
    remedy: 'Nothing: nobody waits for the answer any more.',
  },
  SHUTTING_DOWN: {
    retryable: true,
    meaning: 'The server is ending and takes no new work.',
    remedy: 'Try again: another server, or this one once it is back.',
  },
  MODEL_ERROR: {
    retryable: false,
    meaning: 'The runtime refused or failed this run.',
    remedy: "The message has the runtime's own words: often a value that this model cannot take.",
  },
  USER_CODE_ERROR: {
    retryable: false,
    meaning: "The model's own code threw, or returned what it must not.",
    remedy: "Whoever wrote the model's code: the log has the error and the place.",
  },
  HOST_LOST: {
    retryable: true,
    meaning: 'The process that ran the request ended, and it may not be sent again.',
    remedy: 'Try again where it does no harm that the request may already have had an effect.',
  },
  REQUEST_CONDEMNED: {
    retryable: false,
    meaning: 'This very request, alone in it, ended a host by a fault.',
    remedy: 'Change the input; the fault is in the model or its runtime, and the log has its signal.',
  },
  INVALID_CONFIG: {
    retryable: false,
    meaning: 'A setting, flag or manifest is wrong.',
    remedy: 'Correct what the message names: it says where the value came from and what was expected.',
  },
  INVALID_MODEL: {
    retryable: false,
    meaning: 'The model file cannot be served.',
    remedy: 'Follow the message: it names file, stage, cause and fix.',
  },
  INTERNAL: {
    retryable: false,
    meaning: 'A defect of Jitney.',
    remedy: 'Report it with the request id and what the log says about it.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

export interface JitneyErrorOptions {
  /** What happened below; goes to the log, never to the client. */
  readonly cause?: unknown;
  /** How long a client should wait before it tries again. */
  readonly retryAfterMs?: number;
  /** Position in a request of several items that is to blame, counted from 0. */
  readonly item?: number;
}

/** Plain form of a {@link JitneyError}, for frames and messages. The cause stays where it was logged. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryAfterMs?: number;
  readonly item?: number;
}

/**
 * What a server says all day while it is asked for too much. A stack trace of it tells nothing, and takes ten times as long
 * as the error without it: 5 µs.
 */
const EXPECTED: ReadonlySet<ErrorCode> = new Set(['QUEUE_FULL', 'DEADLINE_EXCEEDED', 'CANCELLED']);

/** The one error class. `message` goes to the client, `cause` to the log. */
export class JitneyError extends Error {
  override readonly name = 'JitneyError';
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;
  readonly item: number | undefined;

  constructor(code: ErrorCode, message: string, options: JitneyErrorOptions = {}) {
    const { stackTraceLimit } = Error;
    if (EXPECTED.has(code)) Error.stackTraceLimit = 0;
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    this.item = options.item;
  }

  toRecord(): ErrorRecord {
    return {
      code: this.code,
      message: this.message,
      ...(this.retryAfterMs === undefined ? {} : { retryAfterMs: this.retryAfterMs }),
      ...(this.item === undefined ? {} : { item: this.item }),
    };
  }

  static fromRecord(record: ErrorRecord): JitneyError {
    const { code, message, ...options } = record;
    return new JitneyError(code, message, options);
  }

  /** Any thrown value as a JitneyError; what is not one already becomes `code` with the original as its cause. */
  static from(thrown: unknown, code: ErrorCode = 'INTERNAL', message?: string): JitneyError {
    if (thrown instanceof JitneyError) return thrown;
    const text = message ?? (thrown instanceof Error ? thrown.message : String(thrown));
    return new JitneyError(code, text, { cause: thrown });
  }
}

/** For cases that cannot happen: says that it is a bug, and whose. */
export function invariant(condition: unknown, what: string): asserts condition {
  if (!condition) throw new JitneyError('INTERNAL', `This is a bug in Jitney: ${what}`);
}
