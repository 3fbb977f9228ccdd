import { JitneyError } from '@jitney/core';
import { ObjectReceiver } from '../json/fields.js';
import { Receiver } from '../json/receiver.js';
import type { StringToken } from '../json/string-token.js';
import type { InferLimits } from '../limits.js';
import type { Parameter, Parameters } from './parsed-infer.js';

/** A `parameters` object: strings, numbers and truth values by name. `null` counts as empty. */
export class ParametersReceiver extends ObjectReceiver {
  readonly #owner: string;
  readonly #limits: InferLimits;
  readonly #values: Record<string, Parameter> = Object.create(null);
  #count = 0;

  /** @param owner - whose parameters these are, for messages: `the request` */
  constructor(owner: string, limits: InferLimits) {
    super();
    this.#owner = owner;
    this.#limits = limits;
  }

  /** Without a prototype, so that any name is safe. */
  get values(): Parameters {
    return this.#values;
  }

  protected name(): string {
    return `'parameters' of ${this.#owner}`;
  }

  override null(): void {}

  override member(name: string): Receiver {
    if (name in this.#values)
      throw new JitneyError('INVALID_ARGUMENT', `Unable to parse ${this.name()}: '${name}' is there twice`);
    if (name.length > this.#limits.maxNameBytes) {
      throw new JitneyError('TOO_LARGE', `a name in ${this.name()} has more than ${this.#limits.maxNameBytes} bytes`);
    }
    if (++this.#count > this.#limits.maxParameters) {
      throw new JitneyError('TOO_LARGE', `${this.name()} has more than ${this.#limits.maxParameters} members`);
    }
    return new ParameterReceiver(name, this.#limits.maxTextBytes, this.#values);
  }
}

class ParameterReceiver extends Receiver {
  protected readonly expected = 'an integer, a number, a bool or a string';
  readonly #name: string;
  readonly #maxBytes: number;
  readonly #values: Record<string, Parameter>;

  constructor(name: string, maxBytes: number, values: Record<string, Parameter>) {
    super();
    this.#name = name;
    this.#maxBytes = maxBytes;
    this.#values = values;
  }

  protected name(): string {
    return `parameter '${this.#name}'`;
  }

  override string(token: StringToken): void {
    if (token.size > this.#maxBytes) {
      throw new JitneyError(
        'TOO_LARGE',
        `${this.name()} has ${token.size} bytes, at most ${this.#maxBytes} are allowed`,
      );
    }
    this.#values[this.#name] = token.text(() => this.name());
  }

  override number(text: string): void {
    this.#values[this.#name] = numberOf(text);
  }

  override boolean(value: boolean): void {
    this.#values[this.#name] = value;
  }

  protected override refuse(got: string): never {
    throw new JitneyError(
      'INVALID_ARGUMENT',
      `${this.name()} has invalid type: it is ${got}. It should be either 'int', 'bool', or 'string'.`,
    );
  }
}

const LEAST_INT64 = -(2n ** 63n);
const MOST_UINT64 = 2n ** 64n - 1n;

/** Integers of 64 bits exactly, everything else as a double. */
function numberOf(text: string): number | bigint {
  const number = Number(text);
  if (Number.isSafeInteger(number) || !/^-?\d{1,20}$/.test(text)) return number;
  const integer = BigInt(text);
  return integer >= LEAST_INT64 && integer <= MOST_UINT64 ? integer : number;
}
