import type { Clock, Moment } from '@jitney/core';
import { type Connection, dial, type Message } from '../../wire/connection.js';
import type { ErrorFrame, ResultFrame } from '../../wire/frames.js';
import type { LargeBuffers } from '../../wire/large-buffers.js';
import { NumberMap } from '../../wire/number-map.js';
import type { Flight } from './flight.js';

export interface HostLinkOptions {
  readonly hostId: string;
  readonly socketPath: string;
  /** `gateway 1`: said to the host. */
  readonly name: string;
  readonly maxFrameBytes: number;
  /** Where large answers are read into. */
  readonly memory: LargeBuffers;
  readonly clock: Clock;
  readonly events: HostLinkEvents;
}

export interface HostLinkEvents {
  readonly onAnswer: (flight: Flight, frame: ResultFrame | ErrorFrame) => void;
  /** The connection is gone, or never was: then nobody has had the `orphans`, which were not answered. Called once. */
  readonly onClose: (orphans: readonly Flight[], wasConnected: boolean) => void;
}

/** What came with a result. */
interface ToldQueue {
  readonly atMs: Moment;
  /** When a request that came then would have begun to run. */
  readonly freeAtMs: Moment;
}

/** What a host said so long ago holds no more: its queue may be empty since, and only who is let through finds out. */
const STALE_MS = 250;

/** A gateway's connection to one host, with the flights that are in it. */
export class HostLink {
  readonly #options: HostLinkOptions;
  readonly #connection: Connection;
  readonly #flights = new NumberMap<Flight>();
  readonly #place = { at: 'host', link: this } as const;
  #isDraining = false;
  /** What the host said last of the queue of each of its models, by target. */
  readonly #queues = new Map<number, ToldQueue>();

  constructor(options: HostLinkOptions) {
    const { socketPath, name, maxFrameBytes, memory, events } = options;
    this.#options = options;
    let wasConnected = false;
    const onClose = () => {
      const orphans = this.#flights.values();
      this.#flights.clear();
      events.onClose(orphans, wasConnected);
    };
    const connection = { name, maxFrameBytes, memory, onClose, onFrame: (frame: Message) => this.#receive(frame) };
    this.#connection = dial(socketPath, connection, () => {
      wasConnected = true;
    });
  }

  get load(): number {
    return this.#flights.size;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** How long a request that is sent now waits for its run, by what the host said last; 0 where it said nothing of late. */
  expectedWaitMs(target: number, now: Moment): number {
    const told = this.#queues.get(target);
    if (told === undefined || now - told.atMs > STALE_MS) return 0;
    return Math.max(0, told.freeAtMs - now);
  }

  /** @throws JitneyError `TOO_LARGE` for what no frame holds; the flight is not in this host then. */
  send(flight: Flight, target: number): void {
    const { call } = flight;
    flight.place = this.#place;
    flight.target = target;
    flight.startedAtMs = null;
    flight.attempts += 1;
    this.#connection.send({
      type: 'request',
      id: flight.id,
      target,
      requestId: call.requestId,
      deadlineAtMs: call.deadlineAtMs,
      priority: call.priority,
      attempt: flight.attempts,
      alone: flight.alone,
      tenant: '',
      affinity: '',
      traceparent: call.traceparent,
      attachment: '',
      outputs: call.outputs,
      body: call.body,
    });
    this.#flights.set(flight.id, flight);
  }

  cancel(flight: Flight): void {
    if (!this.#flights.delete(flight.id)) return;
    this.#connection.send({ type: 'cancel', id: flight.id });
    this.#closeOnceDrained();
  }

  /** Takes no more flights and closes once it has all answers: the host knows by that. */
  drain(): void {
    this.#isDraining = true;
    this.#closeOnceDrained();
  }

  /** Stops caring for what it still holds and closes. */
  close(): void {
    this.#connection.close();
  }

  #closeOnceDrained(): void {
    if (this.#isDraining && this.#flights.size === 0) this.#connection.close();
  }

  #receive(frame: Message): void {
    switch (frame.type) {
      case 'result':
      case 'error':
        return this.#answered(frame);
      case 'started':
        for (const id of frame.ids) this.#started(id);
        return;
      case 'drain':
        return this.drain();
      case 'request':
      case 'cancel':
      case 'credit':
      case 'piece':
        return;
    }
  }

  #answered(frame: ResultFrame | ErrorFrame): void {
    const flight = this.#flights.get(frame.id);
    // Unknown ids were cancelled here while the host answered.
    if (flight === undefined) return;
    this.#flights.delete(frame.id);
    if (frame.type === 'result') {
      const { decodedAtMs, expectedWaitMs } = frame.timing;
      this.#queues.set(flight.target, { atMs: decodedAtMs, freeAtMs: decodedAtMs + expectedWaitMs });
    }
    this.#closeOnceDrained();
    this.#options.events.onAnswer(flight, frame);
  }

  /** An item of a list may start after others: the first counts. */
  #started(id: number): void {
    const flight = this.#flights.get(id);
    if (flight !== undefined) flight.startedAtMs ??= this.#options.clock.now();
  }
}
