import type { Socket } from 'node:net';
import { type Address, openSocket } from './address.js';
import { type Response, ResponseParser, type ServerRun } from './response-parser.js';

/** What whoever uses a connection learns of it, and wants to. */
export interface ConnectionEvents {
  /** It is connected. */
  readonly onOpen?: (connection: Connection) => void;
  /**
   * Its request is answered, and it takes the next one where `canSend` says so.
   * @param sinceMs As given to `send`.
   * @param run `null` unless `readRuns`, and where the server does not tell.
   */
  readonly onAnswer: (connection: Connection, status: number, sinceMs: number, run: ServerRun | null) => void;
  /** @param lostSinceMs `sinceMs` of the request that is lost with it; `null` where none was under way. */
  readonly onEnd: (connection: Connection, reason: string, lostSinceMs: number | null) => void;
  /** Default false. */
  readonly readRuns?: boolean;
}

/** One keep-alive connection, from `open` to its end, with at most one request under way. */
export class Connection {
  readonly #address: Address;
  readonly #events: ConnectionEvents;
  #socket: Socket | null = null;
  #sinceMs: number | null = null;
  #isOver = false;
  #hasAnswered = false;
  #endReason = 'the connection ended before the answer';

  constructor(address: Address, events: ConnectionEvents) {
    this.#address = address;
    this.#events = events;
  }

  get canSend(): boolean {
    return this.#sinceMs === null && !this.#isOver;
  }

  /** Whether any of its requests was answered. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Of the request under way, as given to `send`; `null` where there is none. */
  get sinceMs(): number | null {
    return this.#sinceMs;
  }

  open(): void {
    const socket = openSocket(this.#address, () => this.#events.onOpen?.(this));
    this.#socket = socket;
    const { readRuns = false } = this.#events;
    const parser = new ResponseParser({ readRuns, onResponse: (response) => this.#answered(response) });
    socket.on('data', (chunk) => {
      try {
        parser.push(chunk);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#endReason = error.code ?? error.message;
    });
    socket.on('close', () => this.#ended());
  }

  /**
   * Sends as soon as it is connected. Only where `canSend`.
   * @param sinceMs From when its latency is counted, on the clock of performance.now().
   */
  send(request: Uint8Array, sinceMs: number): void {
    this.#sinceMs = sinceMs;
    this.#socket?.write(request);
  }

  /** Ends it at once, with what is under way. */
  close(): void {
    this.#isOver = true;
    this.#socket?.destroy();
  }

  #answered({ status, closes, run }: Response): void {
    const sinceMs = this.#sinceMs;
    if (sinceMs === null) throw new Error('an answer that nobody asked for');
    this.#sinceMs = null;
    this.#hasAnswered = true;
    this.#isOver ||= closes;
    this.#events.onAnswer(this, status, sinceMs, run);
    if (closes) this.#socket?.destroy();
  }

  #ended(): void {
    this.#isOver = true;
    const lostSinceMs = this.#sinceMs;
    this.#sinceMs = null;
    this.#events.onEnd(this, this.#endReason, lostSinceMs);
  }
}
