import type { Socket } from 'node:net';
import { type Clock, JitneyError } from '@jitney/core';
import { accept, type Connection, type Message } from '../wire/connection.js';
import type { Body, RequestFrame } from '../wire/frames.js';
import type { LargeBuffers } from '../wire/large-buffers.js';
import { NumberMap } from '../wire/number-map.js';
import type { EntryOrigins } from './entry-origins.js';
import type { ExclusiveGate } from './exclusive-gate.js';
import { handleRequest, type Reply } from './handle-request.js';
import { cancelled } from './lane/endings.js';
import type { ServedModel } from './served-model.js';
import { Visit, type VisitHost } from './visit.js';

export interface GatewayPeerOptions {
  /** Who speaks, for the other side's log. */
  readonly name: string;
  readonly maxFrameBytes: number;
  readonly memory: LargeBuffers;
  readonly clock: Clock;
  readonly origins: EntryOrigins;
  readonly gate: ExclusiveGate;
  /** The model that frames with this number are for. @throws JitneyError `MODEL_NOT_READY` */
  readonly modelAt: (target: number) => ServedModel;
  readonly onFailure: (frame: RequestFrame, error: JitneyError) => void;
  /** A request of this gateway has ended. */
  readonly onSettled: (reply: Reply) => void;
  readonly onClose: () => void;
}

/** How often is looked whether a large answer has left. */
const LOOK_AGAIN_MS = 5;

/** A gateway, with the requests that it has in this host. */
export class GatewayPeer implements VisitHost {
  readonly #options: GatewayPeerOptions;
  readonly #connection: Connection;
  /** By the gateway's number of the request. */
  readonly #visits = new NumberMap<Visit>();
  #isClosed = false;

  constructor(socket: Socket, options: GatewayPeerOptions) {
    this.#options = options;
    this.#connection = accept(socket, {
      name: options.name,
      maxFrameBytes: options.maxFrameBytes,
      memory: options.memory,
      onFrame: (frame) => this.#receive(frame),
      onClose: () => this.#abandon(),
    });
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  get origins(): EntryOrigins {
    return this.#options.origins;
  }

  get runningRequests(): number {
    return this.#visits.size;
  }

  /** Tells the gateway that these of its requests are in a run that may end this process; written before it returns. */
  announceStart(frameIds: readonly number[]): void {
    this.#connection.send({ type: 'started', ids: frameIds });
    this.#connection.flush();
  }

  /** Asks the gateway to send no more. */
  drain(): void {
    this.#connection.send({ type: 'drain' });
  }

  /** Hangs up once what was sent is written. */
  close(): void {
    this.#connection.close();
  }

  answer(visit: Visit, reply: Reply): void {
    if (!this.#visits.delete(visit.frame.id)) return;
    if (reply.state === 'failed') this.#fail(visit.frame, reply.error);
    else this.#sendResult(visit.frame, reply);
    if (visit.hasBegun) this.#leave(visit.frame);
    this.#options.onSettled(reply);
  }

  /** What was alone is over once its answer is out: else the end of whatever comes next would be blamed on it. */
  #leave(frame: RequestFrame): void {
    const { gate, clock } = this.#options;
    if (!frame.alone || this.#isClosed || (this.#connection.flush() && this.#connection.bufferedBytes === 0))
      gate.leave();
    else clock.at(clock.now() + LOOK_AGAIN_MS, () => this.#leave(frame));
  }

  report(frame: RequestFrame, error: JitneyError): void {
    this.#options.onFailure(frame, error);
  }

  #receive(frame: Message): void {
    switch (frame.type) {
      case 'request':
        return this.#accept(frame);
      case 'cancel':
        return this.#visits.get(frame.id)?.running?.cancel();
      case 'credit':
      case 'drain':
      case 'result':
      case 'error':
      case 'started':
      case 'piece':
        return;
    }
  }

  #accept(frame: RequestFrame): void {
    const visit = new Visit(frame, this);
    this.#visits.set(frame.id, visit);
    if (this.#options.gate.enterAtOnce(frame.alone)) return this.#begin(visit);
    const leaveQueue = this.#options.gate.enter(frame.alone, () => this.#begin(visit));
    if (visit.hasBegun) return;
    const cancel = () => {
      leaveQueue();
      visit.settle({ state: 'failed', error: cancelled() });
    };
    visit.running = { cancel };
  }

  #begin(visit: Visit): void {
    const { frame } = visit;
    visit.hasBegun = true;
    // Also what decodes it may end the process, before any run.
    if (frame.alone) this.announceStart([frame.id]);
    try {
      visit.running = handleRequest(this.#options.modelAt(frame.target), frame, visit);
    } catch (thrown) {
      visit.settle({ state: 'failed', error: JitneyError.from(thrown) });
    }
  }

  #sendResult(frame: RequestFrame, { body, timing }: Extract<Reply, { state: 'done' }>): void {
    const { memory } = this.#options;
    // Every run that read its tensors is over; what own code got as content, it may have kept.
    if (frame.body.kind === 'tensors') memory.giveFrame(frame.body.tensors);
    try {
      this.#connection.send({ type: 'result', id: frame.id, body, timing }, this.#afterwards(body));
    } catch (thrown) {
      // An answer larger than a frame may be is this request's misfortune alone.
      this.#fail(frame, JitneyError.from(thrown));
    }
  }

  /** What to do once an answer is out, where there is anything. */
  #afterwards(body: Body): (() => void) | null {
    const { memory } = this.#options;
    if (body.kind !== 'tensors' || !memory.hasLent(body.tensors)) return null;
    const { tensors } = body;
    return () => memory.giveShares(tensors);
  }

  #fail(frame: RequestFrame, error: JitneyError): void {
    this.report(frame, error);
    this.#connection.send({ type: 'error', id: frame.id, error: error.toRecord() });
  }

  /** A gateway that is gone reads no answers: its requests give up their places. */
  #abandon(): void {
    this.#isClosed = true;
    for (const visit of this.#visits.values()) visit.running?.cancel();
    this.#options.onClose();
  }
}
