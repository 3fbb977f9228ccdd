import { type Dtype, elementBytes, elementCount, JitneyError } from '@jitney/core';
import type { ColumnContext } from '../data/column.js';
import type { InferLimits } from '../limits.js';

/** An input of which some members have come: what its column and its messages need of them. */
export class InputDraft implements ColumnContext {
  readonly model: string;
  readonly limits: InferLimits;
  readonly #index: number;
  name: string | null = null;
  /** As the request says. */
  datatype: Dtype | null = null;
  /** What `data` is read as: `datatype`, or else the dtype of the model's input. */
  readAs: Dtype | null = null;
  #shape: readonly number[] | null = null;
  #expected: number | null = null;

  constructor(index: number, model: string, limits: InferLimits) {
    this.#index = index;
    this.model = model;
    this.limits = limits;
  }

  get shape(): readonly number[] | null {
    return this.#shape;
  }

  set shape(shape: readonly number[]) {
    this.#shape = shape;
    this.#expected = elementCount(shape);
  }

  get expected(): number | null {
    return this.#expected;
  }

  get maxElements(): number {
    const width = this.readAs === null ? null : elementBytes(this.readAs);
    return width === null ? this.limits.maxStrings : Math.floor(this.limits.maxTensorBytes / width);
  }

  /** `input 'x'`, or `input 0` before its name has come. */
  tensor = (): string => (this.name === null ? `input ${this.#index}` : `input '${this.name}'`);

  wrongCount(found: number | null): JitneyError {
    const got = found ?? `more than ${this.#expected}`;
    const shape = `shape [${this.#shape}]`;
    // Triton finds wrong numbers while it parses (500), but strings when it checks the request (400).
    if (this.readAs === 'BYTES') {
      return new JitneyError(
        'INVALID_ARGUMENT',
        `unexpected number of string elements ${got} for inference ${this.tensor()} for model '${this.model}', ` +
          `expecting ${this.#expected} (${shape})`,
      );
    }
    return new JitneyError(
      'UNPARSABLE',
      `Unable to parse 'data': Shape does not match true shape of 'data' field: ${shape} of ${this.tensor()} ` +
        `has ${this.#expected} elements, its data ${got}`,
    );
  }
}
