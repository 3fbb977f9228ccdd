import { isUtf8 } from 'node:buffer';
import { JitneyError } from '@jitney/core';
import { NOTHING } from './carry.js';
import { resolveEscapes } from './escapes.js';
import { asBuffer, asciiText } from './text.js';

/**
 * A string between its quotes: `bytes` from `start` to `end`. Valid only during the call it is passed to.
 *
 * Strings must be UTF-8, and an escaped surrogate must be half of a pair: neither can be carried on as text, so both
 * are refused, where JSON.parse would put U+FFFD in their place or let them pass.
 */
export class StringToken {
  bytes: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  /** Whether escapes are still among the bytes. */
  escaped = false;
  /** Whether a byte above 0x7f may be among them. */
  wide = false;
  /** What was found wrong with an escape that is no longer among the bytes. */
  problem: string | null = null;

  /** Most bytes of UTF-8 it can decode to. */
  get size(): number {
    return this.end - this.start;
  }

  /**
   * @param what - names the string in an error
   * @throws JitneyError `INVALID_ARGUMENT` for what is not text.
   */
  text(what: () => string): string {
    if (!this.escaped && !this.wide) return asciiText(this.bytes, this.start, this.end);
    return asBuffer(this.utf8(what)).toString('utf8');
  }

  /**
   * The string's UTF-8: often a view of `bytes`, so copy what is to be kept.
   * @throws JitneyError `INVALID_ARGUMENT` for what is not text.
   */
  utf8(what: () => string): Uint8Array {
    const raw = this.bytes.subarray(this.start, this.end);
    if (this.wide && !isUtf8(raw)) {
      throw new JitneyError('INVALID_ARGUMENT', `${what()} is not valid UTF-8. Send such bytes as binary tensor data.`);
    }
    const { utf8, problem } = this.escaped ? resolveEscapes(raw, true) : { utf8: raw, problem: this.problem };
    if (problem !== null) throw new JitneyError('INVALID_ARGUMENT', `${what()} holds ${problem}`);
    return utf8;
  }
}
