import { Receiver, type ValueReader } from '../json/receiver.js';
import { RawReader } from './raw-reader.js';

/** Takes an array whose meaning is not known yet, as bytes. */
export class RawData extends Receiver {
  protected readonly expected = 'an array';
  readonly #reader = new RawReader();

  protected name(): string {
    return "'data'";
  }

  override reader(): ValueReader {
    return this.#reader;
  }

  /** Where the array stands in the text. */
  get offset(): number {
    return this.#reader.offset;
  }

  /** The array's bytes, brackets included. */
  take(): Uint8Array {
    return this.#reader.take();
  }
}
