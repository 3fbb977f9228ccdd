/**
 * The closed set of things that can go wrong. Tables to HTTP and gRPC live in `protocol`; `docs/errors.md` lists them all.
 *
 * `retryable` says whether the same request may succeed later without being changed.
 */
export const ERROR_CATALOGUE = {
  INVALID_ARGUMENT: { retryable: false, meaning: 'The request is malformed or does not fit the model.' },
  UNPARSABLE: {
    retryable: false,
    meaning: 'The body is not what its protocol allows (Triton answers 500 here, so /v2 does).',
  },
  TOO_LARGE: { retryable: false, meaning: 'A body, header, shape or count is above its limit.' },
  UNSUPPORTED: { retryable: false, meaning: 'Understood, but this server or model does not do it.' },
  UNAUTHENTICATED: { retryable: false, meaning: 'The key is missing or wrong.' },
  MODEL_NOT_FOUND: { retryable: false, meaning: 'No model, or no version of it, has this name.' },
  ROUTE_NOT_FOUND: { retryable: false, meaning: 'No such route.' },
  METHOD_NOT_ALLOWED: { retryable: false, meaning: 'The route exists, with another method.' },
  MODEL_NOT_READY: { retryable: true, meaning: 'The model is still loading, or its host is being replaced.' },
  MODEL_FAILED: { retryable: false, meaning: 'The model could not be loaded, or keeps failing and was given up.' },
  QUEUE_FULL: { retryable: true, meaning: 'As many requests wait as the limits allow.' },
  DEADLINE_EXCEEDED: { retryable: true, meaning: 'The request was not answered within its time.' },
  CANCELLED: { retryable: false, meaning: 'The client left before the answer.' },
  SHUTTING_DOWN: { retryable: true, meaning: 'The server is ending and takes no new work.' },
  MODEL_ERROR: { retryable: false, meaning: 'The runtime refused or failed this run.' },
  USER_CODE_ERROR: { retryable: false, meaning: "The model's own code threw, or returned what it must not." },
  HOST_LOST: { retryable: true, meaning: 'The process that ran the request ended, and it may not be sent again.' },
  REQUEST_CONDEMNED: { retryable: false, meaning: 'This very request, alone in it, ended a host by a fault.' },
  INVALID_CONFIG: { retryable: false, meaning: 'A setting, flag or manifest is wrong.' },
  INVALID_MODEL: { retryable: false, meaning: 'The model file cannot be served.' },
  INTERNAL: { retryable: false, meaning: 'A defect of Jitney.' },
} as const satisfies Record<string, { retryable: boolean; meaning: string }>;

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

/** The one error class. `message` goes to the client, `cause` to the log. */
export class JitneyError extends Error {
  override readonly name = 'JitneyError';
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;
  readonly item: number | undefined;

  constructor(code: ErrorCode, message: string, options: JitneyErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
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
