import { JitneyError } from '@jitney/core';
import type { StringToken } from './string-token.js';

/**
 * Reads one whole value straight from the bytes, chunk after chunk, where events for each element would cost too much.
 */
export interface ValueReader {
  /** True once the value is complete. */
  readonly done: boolean;
  /**
   * Reads on from `bytes[from]`, at most to `end`, and answers how far it came: less than `end` only when done.
   * @param offset - where `bytes[0]` stands in the JSON part, for messages
   */
  read(bytes: Uint8Array, from: number, end: number, offset: number): number;
}

/**
 * Takes one JSON value, told piece by piece. What a receiver does not override, it refuses.
 *
 * The receiver of an object or array is asked for a receiver of each member or element in turn.
 */
export abstract class Receiver {
  /** What is expected, for the message of a refusal: `a string`. */
  protected abstract readonly expected: string;
  /** Names the value in messages: `'id'`. */
  protected abstract name(): string;

  /** A reader that takes the whole value instead of events. */
  reader(): ValueReader | null {
    return null;
  }

  string(_token: StringToken): void {
    this.refuse('a string');
  }

  /** A number as it was written, in JSON's grammar. */
  number(text: string): void {
    this.refuse(text);
  }

  boolean(value: boolean): void {
    this.refuse(String(value));
  }

  null(): void {
    this.refuse('null');
  }

  beginObject(): void {
    this.refuse('an object');
  }

  member(_name: string): Receiver {
    return IGNORED;
  }

  endObject(): void {}

  beginArray(): void {
    this.refuse('an array');
  }

  element(): Receiver {
    return IGNORED;
  }

  endArray(): void {}

  protected refuse(got: string): never {
    throw new JitneyError('INVALID_ARGUMENT', `Unable to parse ${this.name()}: expected ${this.expected}, got ${got}`);
  }
}

/** Takes anything and keeps nothing. */
class Ignored extends Receiver {
  protected readonly expected = 'anything';
  protected name(): string {
    return 'a value';
  }
  override string(): void {}
  override number(): void {}
  override boolean(): void {}
  override null(): void {}
  override beginObject(): void {}
  override beginArray(): void {}
}

/** For members that this server does not know. */
export const IGNORED: Receiver = new Ignored();
