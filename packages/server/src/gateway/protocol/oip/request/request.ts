import { JitneyError } from '@jitney/core';
import type { RequestedOutput } from '../../../call.js';
import { ListField, ObjectReceiver, TextField } from '../json/fields.js';
import { IGNORED, type Receiver } from '../json/receiver.js';
import { type InputContext, InputReceiver } from './input.js';
import { flagOf, OutputReceiver } from './output.js';
import { ParametersReceiver } from './parameters.js';
import type { BinarySection, Parameters, ParsedInfer } from './parsed-infer.js';

const NO_PARAMETERS: Parameters = Object.freeze(Object.create(null));

/** Takes the JSON part of an infer request. Members it does not know are ignored, `null` counts as left out. */
export class RequestReceiver extends ObjectReceiver {
  readonly #context: InputContext;
  readonly #inputs: InputReceiver[] = [];
  readonly #outputs: OutputReceiver[] = [];
  #hasInputs = false;
  #id: string | null = null;
  #parameters: ParametersReceiver | null = null;

  constructor(context: InputContext) {
    super();
    this.#context = context;
  }

  protected name(): string {
    return 'the request';
  }

  override member(name: string): Receiver {
    switch (name) {
      case 'id':
        return this.#idField(name);
      case 'parameters':
        this.once(name);
        this.#parameters = new ParametersReceiver(this.name(), this.#context.limits);
        return this.#parameters;
      case 'inputs':
        this.#hasInputs = true;
        return this.#list(name, this.#inputs, (index) => new InputReceiver(index, this.#context));
      case 'outputs':
        return this.#list(name, this.#outputs, (index) => new OutputReceiver(index, this.#context.limits));
      default:
        return IGNORED;
    }
  }

  /** The request, once it has ended and what its inputs postponed has been read. */
  finish(): ParsedInfer {
    if (!this.#hasInputs) {
      throw new JitneyError('INVALID_ARGUMENT', "Unable to parse 'inputs': the request has no 'inputs'");
    }
    const values = this.#parameters?.values ?? NO_PARAMETERS;
    return {
      id: this.#id,
      inputs: this.#inputs.map((input) => input.finish()),
      outputs: this.#requestedOutputs(),
      binaryOutputs: flagOf(values.binary_data_output, "'binary_data_output'") ?? false,
      parameters: withoutFlag(values),
    };
  }

  /** Inputs whose elements lie behind the JSON part, in the order in which they lie there. */
  binarySections(): BinarySection[] {
    return this.#inputs.flatMap((input) => input.binarySection() ?? []);
  }

  #idField(name: string): Receiver {
    this.once(name);
    return new TextField("'id'", this.#context.limits.maxTextBytes, (text) => {
      this.#id = text;
    });
  }

  #list<R extends Receiver>(name: string, list: R[], create: (index: number) => R): Receiver {
    this.once(name);
    return new ListField(`'${name}'`, this.#context.limits.maxTensors, (index) => {
      const receiver = create(index);
      list.push(receiver);
      return receiver;
    });
  }

  #requestedOutputs(): RequestedOutput[] | null {
    if (this.#outputs.length === 0) return null;
    const outputs = this.#outputs.map((output) => output.finish());
    const names = new Set<string>();
    for (const { name } of outputs) {
      if (names.has(name)) throw new JitneyError('INVALID_ARGUMENT', `output '${name}' already exists in request`);
      names.add(name);
    }
    return outputs;
  }
}

/** The parameters without the one that was answered here. */
function withoutFlag(values: Parameters): Parameters {
  if (!('binary_data_output' in values)) return values;
  const { binary_data_output: _, ...others } = values;
  return Object.setPrototypeOf(others, null);
}
