import { type Dtype, elementBytes, elementCount, JitneyError } from '@jitney/core';
import { Receiver } from '../json/receiver.js';
import type { InputDraft } from './input-draft.js';

/** As a double, 2^63 - 1 is 2^63: as many elements, or bytes, are too many. */
const TOO_MANY = 2 ** 63;

/** Takes `shape`: a flat array of unsigned integers. */
export class ShapeReceiver extends Receiver {
  protected readonly expected = 'an array of unsigned integers';
  readonly #draft: InputDraft;
  readonly #dimensions: number[] = [];
  #isOpen = false;

  constructor(draft: InputDraft) {
    super();
    this.#draft = draft;
  }

  protected name(): string {
    return `'shape' of ${this.#draft.tensor()}`;
  }

  override beginArray(): void {
    if (this.#isOpen) this.refuse('an array in it');
    this.#isOpen = true;
  }

  override element(): Receiver {
    const { maxRank } = this.#draft.limits;
    if (this.#dimensions.length < maxRank) return this;
    throw new JitneyError('TOO_LARGE', `${this.name()} has more than ${maxRank} dimensions`);
  }

  override number(text: string): void {
    if (!this.#isOpen) this.refuse(text);
    if (!/^\d+$/.test(text)) {
      throw new JitneyError(
        'INVALID_ARGUMENT',
        `Unable to parse 'shape': attempt to access JSON non-unsigned-integer as unsigned-integer: ` +
          `${text} in the shape of ${this.#draft.tensor()}`,
      );
    }
    this.#dimensions.push(Number(text));
  }

  override endArray(): void {
    this.#draft.shape = this.#dimensions;
  }
}

/**
 * Checks that a shape can be counted at all.
 * @throws JitneyError `INVALID_ARGUMENT` where its elements or bytes would not fit 63 bits.
 */
export function checkCountable(tensor: string, dtype: Dtype, shape: readonly number[]): void {
  const count = elementCount(shape);
  if (!shape.every(Number.isSafeInteger) || count >= TOO_MANY) {
    throw new JitneyError(
      'INVALID_ARGUMENT',
      `shape [${shape}] of ${tensor} causes total element count to exceed maximum size of 9223372036854775807`,
    );
  }
  if (count * (elementBytes(dtype) ?? 4) >= TOO_MANY) {
    throw new JitneyError('INVALID_ARGUMENT', `byte size overflow for ${tensor}: shape [${shape}] of ${dtype}`);
  }
}
