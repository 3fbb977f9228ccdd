import { connect } from 'node:net';
import { type Connection, createConnection, type Message } from '../../wire/connection.js';
import type { ErrorFrame, ResultFrame } from '../../wire/frames.js';
import type { Flight } from './flight.js';

export interface HostLinkEvents {
  readonly onAnswer: (flight: Flight, frame: ResultFrame | ErrorFrame) => void;
  /** The connection is gone; `orphans` were not answered. Called once. */
  readonly onClose: (orphans: readonly Flight[]) => void;
}

/** A gateway's connection to one host, with the flights that are in it. */
export class HostLink {
  readonly hostId: string;
  readonly #connection: Connection;
  readonly #flights = new Map<number, Flight>();
  #isDraining = false;

  constructor(hostId: string, socketPath: string, name: string, maxFrameBytes: number, events: HostLinkEvents) {
    this.hostId = hostId;
    this.#connection = createConnection(connect(socketPath), {
      name,
      maxFrameBytes,
      onFrame: (frame) => this.#receive(frame, events),
      onClose: () => {
        const orphans = [...this.#flights.values()];
        this.#flights.clear();
        events.onClose(orphans);
      },
    });
  }

  get load(): number {
    return this.#flights.size;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  send(flight: Flight, target: number): void {
    const { call } = flight;
    flight.place = { at: 'host', link: this };
    flight.started = false;
    flight.attempts += 1;
    this.#flights.set(flight.id, flight);
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
  }

  cancel(flight: Flight): void {
    if (this.#flights.delete(flight.id)) this.#connection.send({ type: 'cancel', id: flight.id });
  }

  /** Stops caring for what it still holds and closes. */
  close(): void {
    this.#connection.close();
  }

  #receive(frame: Message, events: HostLinkEvents): void {
    switch (frame.type) {
      case 'result':
      case 'error': {
        const flight = this.#flights.get(frame.id);
        // Unknown ids were cancelled here while the host answered.
        if (flight === undefined) return;
        this.#flights.delete(frame.id);
        return events.onAnswer(flight, frame);
      }
      case 'started':
        for (const id of frame.ids) {
          const flight = this.#flights.get(id);
          if (flight !== undefined) flight.started = true;
        }
        return;
      case 'drain':
        this.#isDraining = true;
        return;
      case 'request':
      case 'cancel':
      case 'credit':
      case 'piece':
        return;
    }
  }
}
