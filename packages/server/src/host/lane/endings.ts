import { JitneyError, type Moment } from '@jitney/core';
import type { Ticket } from './ticket.js';

/** The errors that a lane itself ends entries with, beside those of a full queue. */

export function shuttingDown(): JitneyError {
  return new JitneyError('SHUTTING_DOWN', 'the model is being drained and takes no new requests');
}

export function cancelled(): JitneyError {
  return new JitneyError('CANCELLED', 'the client left before the answer');
}

/** Starts with the words that Triton's clients look for. */
export function deadlineExceeded({ enqueuedAtMs, startedAtMs }: Ticket, now: Moment): JitneyError {
  const waitedMs = (startedAtMs ?? now) - enqueuedAtMs;
  const place =
    startedAtMs === null
      ? `it waited ${whole(waitedMs)} ms for the model and had not begun to run`
      : `it waited ${whole(waitedMs)} ms for the model and had run for ${whole(now - startedAtMs)} ms`;
  return new JitneyError('DEADLINE_EXCEEDED', `Request timeout expired: ${place}`, { retryAfterMs: 1_000 });
}

function whole(ms: number): string {
  return ms.toFixed(0);
}
