import { type Dtype, JitneyError } from '@jitney/core';
import { Receiver, type ValueReader } from '../json/receiver.js';
import type { StringToken } from '../json/string-token.js';
import { BoolColumn } from './bool-column.js';
import { BytesColumn } from './bytes-column.js';
import { admitElements, type Column, type ColumnContext } from './column.js';
import { createNumberColumn } from './create-column.js';
import { NumberReader } from './number-reader.js';

/** Takes `data`: an array of elements, flat or nested as the client likes, since only the order counts. */
export abstract class DataReceiver extends Receiver {
  abstract readonly column: Column;

  protected override name(): string {
    return "'data'";
  }
}

/** `data` of any dtype but BOOL and BYTES. */
class NumberData extends DataReceiver {
  protected readonly expected = 'an array of numbers';
  readonly column;
  readonly #reader: NumberReader;

  constructor(dtype: Exclude<Dtype, 'BOOL' | 'BYTES'>, context: ColumnContext) {
    super();
    this.column = createNumberColumn(dtype, context);
    this.#reader = new NumberReader(this.column);
  }

  override reader(): ValueReader {
    return this.#reader;
  }
}

/** `data` whose elements are told one by one. */
abstract class ElementData extends DataReceiver {
  protected readonly context: ColumnContext;
  #inArray = false;

  constructor(context: ColumnContext) {
    super();
    this.context = context;
  }

  override beginArray(): void {
    this.#inArray = true;
  }

  override element(): Receiver {
    return this;
  }

  protected admit(got: string): void {
    if (!this.#inArray) this.refuse(got);
    admitElements(this.context, this.column.count + 1);
  }

  protected override refuse(got: string): never {
    if (!this.#inArray) super.refuse(got);
    throw new JitneyError(
      'INVALID_ARGUMENT',
      `Unable to parse 'data': ${this.describe()} is ${got}, expected ${this.expected}`,
    );
  }

  protected readonly describe = (): string => `element ${this.column.count} of ${this.context.tensor()}`;
}

class BoolData extends ElementData {
  protected readonly expected = 'true or false';
  readonly column = new BoolColumn();

  override boolean(value: boolean): void {
    this.admit(String(value));
    this.column.push(value);
  }
}

class BytesData extends ElementData {
  protected readonly expected = 'a string';
  readonly column = new BytesColumn();

  override string(token: StringToken): void {
    this.admit('a string');
    this.column.push(token, this.describe);
  }
}

/** A receiver for the `data` of a tensor of `dtype`. */
export function createDataReceiver(dtype: Dtype, context: ColumnContext): DataReceiver {
  if (dtype === 'BYTES') return new BytesData(context);
  if (dtype === 'BOOL') return new BoolData(context);
  return new NumberData(dtype, context);
}
