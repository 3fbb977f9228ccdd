import { JitneyError, type Moment, type Outcome, type Tensor } from '@jitney/core';
import { joinAnswers, shareOf } from './batch-tensors.js';
import type { Run } from './run.js';
import type { EndedRun } from './run-result.js';
import type { Seat, Ticket } from './ticket.js';

/** Tells `end` of each entry in the run how it ends, in the order of the seats; nothing where all of it is run again. */
export function deliver({ run, result, atMs }: EndedRun, end: (ticket: Ticket, outcome: Outcome) => void): void {
  if (result.state === 'again') return;
  let fromRow = 0;
  for (const seat of run.seats) {
    const { ticket, rows } = seat;
    // Not those who left, nor whom somebody cancels on hearing of another one.
    if (ticket.state !== 'ended') {
      const outcome =
        result.state === 'failed' ? result : answerSeat(seat, fromRow, { run, outputs: result.outputs, atMs });
      if (outcome !== null) end(ticket, outcome);
    }
    fromRow += rows;
  }
}

/** What a finished run gave. */
interface Finished {
  readonly run: Run;
  readonly outputs: readonly Tensor[];
  readonly atMs: Moment;
}

/**
 * How the entry of a seat ends by a finished run, in which the seat's rows begin at `fromRow`. `null`: it was split, and
 * other parts of it are still to be answered.
 */
function answerSeat(seat: Seat<Ticket>, fromRow: number, finished: Finished): Outcome | null {
  try {
    return answer(seat, fromRow, finished);
  } catch (thrown) {
    return { state: 'failed', error: JitneyError.from(thrown) };
  }
}

function answer(seat: Seat<Ticket>, fromRow: number, { run, outputs, atMs }: Finished): Outcome | null {
  const { ticket, rows } = seat;
  const { entry } = ticket;
  const own = shareOf(outputs, run.rows, { fromRow, rows, wanted: entry.outputs });
  if (run.rows > ticket.batchRows) {
    ticket.batchRows = run.rows;
    ticket.boundBy = run.boundBy;
  }
  if (rows === entry.rows) return done(ticket, own, atMs);
  ticket.parts.push({ fromRow: seat.fromRow, outputs: own });
  ticket.answeredRows += rows;
  return ticket.answeredRows < entry.rows ? null : done(ticket, joinAnswers(ticket.parts), atMs);
}

function done(ticket: Ticket, outputs: readonly Tensor[], finishedAtMs: Moment): Outcome {
  const { enqueuedAtMs, startedAtMs, batchRows, boundBy } = ticket;
  return {
    state: 'done',
    outputs,
    timing: { enqueuedAtMs, startedAtMs: startedAtMs ?? finishedAtMs, finishedAtMs, batchRows, boundBy },
  };
}
