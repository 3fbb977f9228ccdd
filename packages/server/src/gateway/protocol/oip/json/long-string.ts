import { Carry, NOTHING } from './carry.js';
import { resolveEscapes } from './escapes.js';
import type { StringToken } from './string-token.js';

/** A string of several chunks. Its escapes are resolved as they come, so that its end is no more work than its middle. */
export class LongString {
  readonly #text = new Carry();
  /** An escape that the last chunk ended in. */
  #cut: Uint8Array = NOTHING;
  #problem: string | null = null;

  /** @param isLast - whether the string ends with these bytes */
  append(bytes: Uint8Array, from: number, to: number, isLast: boolean): void {
    if (this.#problem !== null) return;
    const part = bytes.subarray(from, to);
    const raw = this.#cut.length === 0 ? part : Buffer.concat([this.#cut, part]);
    const { utf8, read, problem } = resolveEscapes(raw, isLast);
    this.#text.append(utf8, 0, utf8.length);
    this.#cut = raw.slice(read);
    this.#problem = problem;
  }

  /** Hands the whole text over, and begins anew. */
  moveTo(token: StringToken): void {
    token.bytes = this.#text.take();
    token.start = 0;
    token.end = token.bytes.length;
    token.escaped = false;
    token.wide = true;
    token.problem = this.#problem;
    this.#cut = NOTHING;
    this.#problem = null;
  }
}
