import type { Clock, JitneyError } from '@jitney/core';
import type { RequestFrame } from '../wire/frames.js';
import type { EntryOrigins } from './entry-origins.js';
import type { Reply, RequestOrigin, Running } from './handle-request.js';

/** Where a visit came from, and where its answer goes. */
export interface VisitHost {
  readonly clock: Clock;
  readonly origins: EntryOrigins;
  answer(visit: Visit, reply: Reply): void;
  /** For the log. */
  report(frame: RequestFrame, error: JitneyError): void;
}

/** A gateway's request while it is in this host. */
export class Visit implements RequestOrigin {
  readonly frame: RequestFrame;
  readonly host: VisitHost;
  /** For giving it up, where it is under way or waits to begin. */
  running: Running | null = null;
  /** It does not wait to begin any more. */
  hasBegun = false;
  /** Its one entry in the lane, as nearly all have. */
  #entryId: number | null = null;
  #moreEntryIds: number[] | null = null;

  constructor(frame: RequestFrame, host: VisitHost) {
    this.frame = frame;
    this.host = host;
  }

  get clock(): Clock {
    return this.host.clock;
  }

  nextId(): number {
    const id = this.host.origins.add(this);
    if (this.#entryId === null) this.#entryId = id;
    else if (this.#moreEntryIds === null) this.#moreEntryIds = [id];
    else this.#moreEntryIds.push(id);
    return id;
  }

  settle(reply: Reply): void {
    const { origins } = this.host;
    if (this.#entryId !== null) origins.remove(this.#entryId);
    if (this.#moreEntryIds !== null) for (const id of this.#moreEntryIds) origins.remove(id);
    this.host.answer(this, reply);
  }

  report(error: JitneyError): void {
    this.host.report(this.frame, error);
  }
}
