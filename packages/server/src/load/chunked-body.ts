const LONGEST_LINE = 16 * 1024;

/** Reads a body of `Transfer-Encoding: chunked` (RFC 9112 §7.1), cut anywhere. */
export class ChunkedBody {
  readonly #keep: (bytes: Buffer) => void;
  #state: 'size' | 'data' | 'data-end' | 'trailers' | 'over' = 'size';
  #line = '';
  #missingBytes = 0;

  /** @param keep Takes the content, in views of what was read. */
  constructor(keep: (bytes: Buffer) => void) {
    this.#keep = keep;
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  /**
   * @returns Where in `data` it stopped: at its end, or behind the body's.
   * @throws Error where this is no such body.
   */
  read(data: Buffer, from: number): number {
    let at = from;
    while (at < data.length && this.#state !== 'over') {
      at = this.#state === 'data' ? this.#readData(data, at) : this.#readLine(data, at);
    }
    return at;
  }

  #readData(data: Buffer, from: number): number {
    const end = Math.min(data.length, from + this.#missingBytes);
    this.#keep(data.subarray(from, end));
    this.#missingBytes -= end - from;
    if (this.#missingBytes === 0) this.#state = 'data-end';
    return end;
  }

  #readLine(data: Buffer, from: number): number {
    const end = data.indexOf(0x0a, from);
    this.#line += data.toString('latin1', from, end === -1 ? data.length : end);
    if (this.#line.length > LONGEST_LINE) throw new Error('a chunk whose first line has no end');
    if (end === -1) return data.length;
    const line = this.#line.trimEnd();
    this.#line = '';
    this.#onLine(line);
    return end + 1;
  }

  #onLine(line: string): void {
    if (this.#state === 'data-end') this.#state = 'size';
    else if (this.#state === 'trailers') this.#state = line === '' ? 'over' : 'trailers';
    else this.#startChunk(line);
  }

  #startChunk(line: string): void {
    const size = /^([0-9a-f]{1,8})(?:[ \t]*;.*)?$/i.exec(line)?.[1];
    if (size === undefined) throw new Error(`no chunk begins with ${JSON.stringify(line.slice(0, 40))}`);
    this.#missingBytes = Number.parseInt(size, 16);
    this.#state = this.#missingBytes === 0 ? 'trailers' : 'data';
  }
}
