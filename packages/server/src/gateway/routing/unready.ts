import { JitneyError } from '@jitney/core';
import type { ModelRoute } from '../../wire/messages.js';

/**
 * Refuses a version that takes no requests, in Triton's words.
 * @throws JitneyError `MODEL_NOT_READY`, `MODEL_FAILED`, or `MODEL_NOT_FOUND` for one that is known and not loaded.
 */
export function refuseUnready(route: ModelRoute): void {
  const name = `'${route.name}' version ${route.version}`;
  switch (route.state) {
    case 'ready':
    case 'restarting':
      return;
    case 'loading':
      throw new JitneyError('MODEL_NOT_READY', `${name} is not at ready state: it is loading`, { retryAfterMs: 1_000 });
    case 'failed':
      throw new JitneyError('MODEL_FAILED', `${name} is not at ready state: ${route.reason}`);
    case 'unloaded':
      throw new JitneyError('MODEL_NOT_FOUND', `${name} is not found: it is known but not loaded (${route.reason})`);
  }
}
