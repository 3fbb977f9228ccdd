import { JitneyError } from '@jitney/core';
import type { HostEnded, ModelRoute } from '../../wire/messages.js';
import type { Flight } from './flight.js';

/** @throws JitneyError where the version takes no requests now. */
export function refuseUnready(route: ModelRoute): void {
  switch (route.state) {
    case 'ready':
    case 'restarting':
      return;
    case 'loading':
      throw loading(route);
    case 'failed':
      throw failed(route);
    case 'unloaded':
      throw new JitneyError(
        'MODEL_NOT_FOUND',
        `${nameOf(route)} is not found: it is known but not loaded (${route.reason})`,
      );
  }
}

/** How a flight ends whose version no longer will be ready; `null` where it will be. */
export function whyGone({ model, version }: Flight, route: ModelRoute | undefined): JitneyError | null {
  switch (route?.state) {
    case 'ready':
    case 'restarting':
    case 'loading':
      return null;
    case 'failed':
      return failed(route);
    case 'unloaded':
    case undefined:
      return new JitneyError('MODEL_NOT_FOUND', `${nameOf({ name: model, version })} is not found: it was unloaded`);
  }
}

/** A request whose time was over when it was read, or when its body was. Starts with the words that Triton's clients look for. */
export function expired(lateMs: number): JitneyError {
  const text = `Request timeout expired: ${lateMs.toFixed(1)} ms before it could be sent to the model`;
  return new JitneyError('DEADLINE_EXCEEDED', text, { retryAfterMs: 1_000 });
}

/** A request that would wait longer than it may. */
export function late(route: ModelRoute, waitMs: number, leftMs: number): JitneyError {
  const text =
    `Exceeds maximum queue size: requests for ${nameOf(route)} wait ${waitMs.toFixed(0)} ms before they run, and this ` +
    `one must be answered within ${Math.max(0, leftMs).toFixed(0)} ms`;
  return new JitneyError('QUEUE_FULL', text, { retryAfterMs: Math.max(1, waitMs - leftMs) });
}

/** A flight that no host came for in time. */
export function notReady({ model, version }: Flight): JitneyError {
  const text = `${nameOf({ name: model, version })} is not at ready state: its host is being replaced`;
  return new JitneyError('MODEL_NOT_READY', text, { retryAfterMs: 1_000 });
}

/** A flight whose host ended and that may not be sent again. */
export function lost({ model, version, attempts }: Flight, { end, detail }: HostEnd): JitneyError {
  const hosts = attempts === 1 ? 'its host' : `${attempts} hosts`;
  const text = `${nameOf({ name: model, version })}: ${hosts} ended before the answer, ${attempts === 1 ? '' : 'the last '}${detail}`;
  return new JitneyError(end === 'hung' ? 'DEADLINE_EXCEEDED' : 'HOST_LOST', text);
}

export function timedOut(): JitneyError {
  return new JitneyError('DEADLINE_EXCEEDED', 'Request timeout expired', { retryAfterMs: 1_000 });
}

/** How a host ended, as far as its flights care. */
export type HostEnd = Pick<HostEnded, 'end' | 'detail' | 'stuckSinceMs'>;

function loading(route: ModelRoute): JitneyError {
  return new JitneyError('MODEL_NOT_READY', `${nameOf(route)} is not at ready state: it is loading`, {
    retryAfterMs: 1_000,
  });
}

function failed(route: ModelRoute): JitneyError {
  return new JitneyError('MODEL_FAILED', `${nameOf(route)} is not at ready state: ${route.reason}`);
}

const nameOf = ({ name, version }: Pick<ModelRoute, 'name' | 'version'>) => `'${name}' version ${version}`;
