import { JitneyError, type Moment } from '@jitney/core';
import type { Ticket } from './ticket.js';

/** The errors that a lane itself ends entries with, beside those of a full queue. */

export function shuttingDown(): JitneyError {
  return new JitneyError('SHUTTING_DOWN', 'the model is being drained and takes no new requests');
}

export function cancelled(): JitneyError {
  return new JitneyError('CANCELLED', 'the client left before the answer');
}

/** Its time is over, or will be. Starts with the words that Triton's clients look for. */
export function timedOut(how: string): JitneyError {
  return new JitneyError('DEADLINE_EXCEEDED', `Request timeout expired: ${how}`, { retryAfterMs: 1_000 });
}

export function deadlineExceeded({ enqueuedAtMs, startedAtMs }: Ticket, now: Moment): JitneyError {
  const waitedMs = (startedAtMs ?? now) - enqueuedAtMs;
  const place =
    startedAtMs === null
      ? `it waited ${whole(waitedMs)} ms for the model and had not begun to run`
      : `it waited ${whole(waitedMs)} ms for the model and had run for ${whole(now - startedAtMs)} ms`;
  return timedOut(place);
}

/** It came, and what is ahead of it leaves too little time. */
export function tooMuchAhead(finishesInMs: number, leftMs: number): JitneyError {
  const text =
    `Exceeds maximum queue size: with what waits for the model this request would be answered in ${whole(finishesInMs)} ms, ` +
    `and it must be within ${whole(leftMs)} ms`;
  return new JitneyError('QUEUE_FULL', text, { retryAfterMs: Math.max(1, finishesInMs - leftMs) });
}

/** It would be late even if nothing else were there. */
export function tooLittleTime(takesMs: number, leftMs: number): JitneyError {
  return timedOut(`the model takes up to ${takesMs.toFixed(1)} ms for it and it has ${leftMs.toFixed(1)} ms left`);
}

/** It was taken, and things went slower than was foreseen. */
export function droppedEarly({ entry, enqueuedAtMs }: Ticket, now: Moment): JitneyError {
  return timedOut(
    `it waited ${whole(now - enqueuedAtMs)} ms for the model and could not be answered ` +
      `within the ${whole(Math.max(0, entry.deadlineAtMs - now))} ms that were left`,
  );
}

function whole(ms: number): string {
  return ms.toFixed(0);
}
