import { ChunkedBody } from './chunked-body.js';

const HEAD_END = Buffer.from('\r\n\r\n');
const LARGEST_HEAD_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

export interface Response {
  readonly status: number;
  /** The server closes the connection behind it. */
  readonly closes: boolean;
  /** Empty unless bodies are kept. */
  readonly body: Buffer;
  /** The run that answered it, where the server tells of it and somebody wants to know. */
  readonly run: ServerRun | null;
}

/** A run of a model, as Jitney's `Server-Timing` tells of it (W3C Server Timing): `run;dur=21.5;desc="3 rows, bound by waiting"`. */
export interface ServerRun {
  readonly rows: number;
  readonly ms: number;
}

export interface ResponseParserOptions {
  readonly onResponse: (response: Response) => void;
  /** Default: bodies are counted and dropped. */
  readonly keepBodies?: boolean;
  /** Default: what it tells of its run is not looked at. */
  readonly readRuns?: boolean;
}

/**
 * Reads the HTTP/1.1 responses of one connection: a status line, headers, and a body of Content-Length bytes or in chunks.
 * It looks at three headers, since the load generator often runs on the cores of the server.
 */
export class ResponseParser {
  readonly #onResponse: (response: Response) => void;
  readonly #keepBodies: boolean;
  readonly #readRuns: boolean;
  /** A head that has not come to its end. */
  #unread: Buffer | null = null;
  /** The response whose body is being read. */
  #head: Head | null = null;
  #missingBytes = 0;
  /** Its body, where that comes in chunks. */
  #chunked: ChunkedBody | null = null;
  #body: Buffer[] = [];

  constructor({ onResponse, keepBodies = false, readRuns = false }: ResponseParserOptions) {
    this.#onResponse = onResponse;
    this.#keepBodies = keepBodies;
    this.#readRuns = readRuns;
  }

  /** @throws Error where the bytes are no such response. */
  push(chunk: Buffer): void {
    let data = chunk;
    if (this.#unread !== null) {
      data = Buffer.concat([this.#unread, chunk]);
      this.#unread = null;
    }
    for (let at = 0; at < data.length; ) at = this.#head === null ? this.#readHead(data, at) : this.#readBody(data, at);
  }

  #readHead(data: Buffer, from: number): number {
    const end = data.indexOf(HEAD_END, from);
    if (end === -1) {
      if (data.length - from > LARGEST_HEAD_BYTES) throw new Error('a response without an end of its headers');
      this.#unread = data.subarray(from);
      return data.length;
    }
    this.#head = parseHead(data.toString('latin1', from, end), this.#readRuns);
    this.#missingBytes = this.#head.contentLength ?? 0;
    if (this.#head.contentLength === null) this.#chunked = new ChunkedBody((bytes) => this.#keep(bytes));
    else if (this.#missingBytes === 0) this.#finish();
    return end + HEAD_END.length;
  }

  #readBody(data: Buffer, from: number): number {
    if (this.#chunked !== null) return this.#readChunks(this.#chunked, data, from);
    const end = Math.min(data.length, from + this.#missingBytes);
    this.#keep(data.subarray(from, end));
    this.#missingBytes -= end - from;
    if (this.#missingBytes === 0) this.#finish();
    return end;
  }

  #readChunks(body: ChunkedBody, data: Buffer, from: number): number {
    const end = body.read(data, from);
    if (body.isOver) this.#finish();
    return end;
  }

  #keep(bytes: Buffer): void {
    if (this.#keepBodies) this.#body.push(bytes);
  }

  #finish(): void {
    const { status, closes, run } = this.#head!;
    const body = this.#keepBodies ? Buffer.concat(this.#body) : NOTHING;
    if (this.#keepBodies) this.#body = [];
    this.#head = null;
    this.#chunked = null;
    this.#onResponse({ status, closes, body, run });
  }
}

interface Head {
  readonly status: number;
  readonly closes: boolean;
  readonly run: ServerRun | null;
  /** `null`: in chunks. */
  readonly contentLength: number | null;
}

/** @param text Status line and headers, without the empty line behind them. */
function parseHead(text: string, readRuns: boolean): Head {
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
  if (status === undefined) throw new Error(`no HTTP response: ${JSON.stringify(text.slice(0, 40))}`);
  return {
    status: Number(status),
    closes: /\r\nconnection:[ \t]*close/i.test(text),
    contentLength: lengthOf(status, text),
    run: readRuns ? runOf(text) : null,
  };
}

function runOf(text: string): ServerRun | null {
  const [, ms, rows] = /\r\nserver-timing:[^\r]*\brun;dur=([\d.]+);desc="(\d+) rows\b/i.exec(text) ?? [];
  return ms === undefined ? null : { rows: Number(rows), ms: Number(ms) };
}

function lengthOf(status: string, text: string): number | null {
  const length = /\r\ncontent-length:[ \t]*(\d+)/i.exec(text)?.[1];
  if (length !== undefined) return Number(length);
  // RFC 9110 §6.4.1: these two have no body and need not say so.
  if (status === '204' || status === '304') return 0;
  if (/\r\ntransfer-encoding:[ \t]*chunked/i.test(text)) return null;
  throw new Error(`a response ${status} that tells neither its length nor comes in chunks`);
}
