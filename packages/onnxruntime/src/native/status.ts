import { type ErrorCode, JitneyError } from '@jitney/core';
import type { FunctionTable, Status } from './function-table.js';

/** Names of `OrtErrorCode`, by number. */
const CODE_NAMES = [
  'OK',
  'FAIL',
  'INVALID_ARGUMENT',
  'NO_SUCHFILE',
  'NO_MODEL',
  'ENGINE_ERROR',
  'RUNTIME_EXCEPTION',
  'INVALID_PROTOBUF',
  'MODEL_LOADED',
  'NOT_IMPLEMENTED',
  'INVALID_GRAPH',
  'EP_FAIL',
  'MODEL_LOAD_CANCELED',
  'MODEL_REQUIRES_COMPILATION',
  'NOT_FOUND',
];

/** What ONNX Runtime itself said: the cause of a {@link JitneyError}. */
export class OrtError extends Error {
  override readonly name = 'OrtError';
  /** Name of the `OrtErrorCode`, for example `INVALID_PROTOBUF`. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The error that `status` carries; frees it. `status` must not be NULL. */
export function takeError(api: FunctionTable, status: Status): OrtError {
  const code = api.getErrorCode(status);
  const message = api.getErrorMessage(status);
  api.releaseStatus(status);
  return new OrtError(CODE_NAMES[code] ?? `code ${code}`, message);
}

/** The message without the runtime's own source positions and C++ signatures; the whole is in the cause. */
export function plainMessage(error: OrtError): string {
  return error.message
    .replace(/\/\S+\.(?:cc|h|cpp):\d+ [^)]*\)(?: const)?(?:::<lambda[^>]*>)?(?: \[with [^\]]*\])? /g, '')
    .replace(/\b[\w/]+\.(?:cc|h|cpp):\d+ \w+ /g, '')
    .trim();
}

/** Does nothing for success; else frees the status and throws `code`, saying `what` failed. */
export function check(api: FunctionTable, status: Status, code: ErrorCode, what: string): void {
  if (status === null) return;
  const cause = takeError(api, status);
  throw new JitneyError(code, `${what}: ${plainMessage(cause)}`, { cause });
}
