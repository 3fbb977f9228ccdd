import { JitneyError } from '@jitney/core';
import { Receiver } from './receiver.js';
import type { StringToken } from './string-token.js';

/** A member that holds text. `null` counts as left out. */
export class TextField extends Receiver {
  protected readonly expected = 'a string';
  readonly #what: string;
  readonly #maxBytes: number;
  readonly #set: (text: string) => void;

  constructor(what: string, maxBytes: number, set: (text: string) => void) {
    super();
    this.#what = what;
    this.#maxBytes = maxBytes;
    this.#set = set;
  }

  protected name(): string {
    return this.#what;
  }

  override string(token: StringToken): void {
    if (token.size > this.#maxBytes) {
      throw new JitneyError(
        'TOO_LARGE',
        `${this.#what} has ${token.size} bytes, at most ${this.#maxBytes} are allowed`,
      );
    }
    this.#set(token.text(() => this.#what));
  }

  override null(): void {}
}

/** A member that holds a list of objects. `null` counts as left out. */
export class ListField extends Receiver {
  protected readonly expected = 'an array of objects';
  readonly #what: string;
  readonly #maxLength: number;
  readonly #element: (index: number) => Receiver;
  #length = 0;

  constructor(what: string, maxLength: number, element: (index: number) => Receiver) {
    super();
    this.#what = what;
    this.#maxLength = maxLength;
    this.#element = element;
  }

  protected name(): string {
    return this.#what;
  }

  override null(): void {}

  override beginArray(): void {}

  override element(): Receiver {
    if (this.#length === this.#maxLength) {
      throw new JitneyError('TOO_LARGE', `${this.#what} has more than ${this.#maxLength} elements`);
    }
    return this.#element(this.#length++);
  }
}

/** An object whose known members may each come once, since readers differ in which of two they take. */
export abstract class ObjectReceiver extends Receiver {
  protected readonly expected: string = 'an object';
  readonly #seen: string[] = [];

  override beginObject(): void {}

  /** @throws JitneyError `INVALID_ARGUMENT` where the member was there before. */
  protected once(member: string): void {
    if (this.#seen.includes(member)) {
      throw new JitneyError('INVALID_ARGUMENT', `Unable to parse ${this.name()}: '${member}' is there twice`);
    }
    this.#seen.push(member);
  }
}
