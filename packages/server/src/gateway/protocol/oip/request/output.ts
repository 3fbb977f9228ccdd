import { JitneyError } from '@jitney/core';
import type { RequestedOutput } from '../../../call.js';
import { ObjectReceiver, TextField } from '../json/fields.js';
import { IGNORED, type Receiver } from '../json/receiver.js';
import type { InferLimits } from '../limits.js';
import { ParametersReceiver } from './parameters.js';
import type { Parameter } from './parsed-infer.js';

/** Takes one requested output. */
export class OutputReceiver extends ObjectReceiver {
  readonly #index: number;
  readonly #limits: InferLimits;
  #name: string | null = null;
  #parameters: ParametersReceiver | null = null;

  constructor(index: number, limits: InferLimits) {
    super();
    this.#index = index;
    this.#limits = limits;
  }

  protected name(): string {
    return this.#name === null ? `output ${this.#index}` : `output '${this.#name}'`;
  }

  override member(name: string): Receiver {
    if (name !== 'name' && name !== 'parameters') return IGNORED;
    this.once(name);
    if (name === 'parameters') {
      this.#parameters = new ParametersReceiver(this.name(), this.#limits);
      return this.#parameters;
    }
    return new TextField(`'name' of ${this.name()}`, this.#limits.maxNameBytes, (text) => {
      this.#name = text;
    });
  }

  /** @throws JitneyError `UNSUPPORTED` for what this server does not do with outputs. */
  finish(): RequestedOutput {
    if (this.#name === null) {
      throw new JitneyError('INVALID_ARGUMENT', `Unable to parse ${this.name()}: 'name' is missing`);
    }
    const { binary_data: binary, classification, shared_memory_region: region } = this.#parameters?.values ?? {};
    if (classification !== undefined) {
      throw new JitneyError('UNSUPPORTED', `${this.name()}: the classification extension is not supported`);
    }
    if (region !== undefined) throw new JitneyError('UNSUPPORTED', `${this.name()}: shared memory is not supported`);
    return { name: this.#name, binary: flagOf(binary, `'binary_data' of ${this.name()}`) };
  }
}

/** A parameter that must be true or false; `null` when it is not there. */
export function flagOf(value: Parameter | undefined, what: string): boolean | null {
  if (value === undefined || typeof value === 'boolean') return value ?? null;
  throw new JitneyError('INVALID_ARGUMENT', `Unable to parse ${what}: expected true or false, got ${value}`);
}
