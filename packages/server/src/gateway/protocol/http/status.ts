import type { ErrorCode } from '@jitney/core';

/** The HTTP status of each error. Triton's, where a client of it would look; 4xx for what the client got wrong. */
export function httpStatus(code: ErrorCode): number {
  switch (code) {
    case 'INVALID_ARGUMENT':
    case 'UNPARSABLE':
      return 400;
    case 'UNAUTHENTICATED':
      return 401;
    case 'FORBIDDEN':
      return 403;
    case 'MODEL_NOT_FOUND':
    case 'ROUTE_NOT_FOUND':
      return 404;
    case 'METHOD_NOT_ALLOWED':
      return 405;
    case 'REQUEST_TIMEOUT':
      return 408;
    case 'TOO_LARGE':
      return 413;
    case 'REQUEST_CONDEMNED':
      return 422;
    case 'CANCELLED':
      return 499;
    case 'UNSUPPORTED':
      return 501;
    case 'MODEL_NOT_READY':
    case 'MODEL_FAILED':
    case 'QUEUE_FULL':
    case 'DEADLINE_EXCEEDED':
    case 'SHUTTING_DOWN':
    case 'HOST_LOST':
      return 503;
    case 'MODEL_ERROR':
    case 'USER_CODE_ERROR':
    case 'INVALID_CONFIG':
    case 'INVALID_MODEL':
    case 'INTERNAL':
      return 500;
  }
}
