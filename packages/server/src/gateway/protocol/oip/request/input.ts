import { type Dtype, datatypeMismatch, elementCount, isDtype, JitneyError } from '@jitney/core';
import { admitElements } from '../data/column.js';
import { createDataReceiver, type DataReceiver } from '../data/data-receiver.js';
import { RawData } from '../data/raw-data.js';
import { ObjectReceiver, TextField } from '../json/fields.js';
import { IGNORED, type Receiver } from '../json/receiver.js';
import { JsonScanner } from '../json/scanner.js';
import type { InferLimits } from '../limits.js';
import { InputDraft } from './input-draft.js';
import { ParametersReceiver } from './parameters.js';
import type { BinarySection, InputSource, Parameter, ParsedInput } from './parsed-infer.js';
import { checkCountable, ShapeReceiver } from './shape.js';

/** What the inputs of one request share. */
export interface InputContext {
  readonly model: string;
  readonly limits: InferLimits;
  /** Dtype of the model's input of that name, `null` where it has none. */
  dtypeOf(input: string): Dtype | null;
  /** Takes `data` that came before its dtype was known: `scanner` must have read `bytes` before the input is finished. */
  postpone(bytes: Uint8Array, scanner: JsonScanner): void;
}

const SOURCES = "'data', 'binary_data_size' in 'parameters', 'shared_memory_region' in 'parameters'";

/**
 * Takes one input. Its members may come in any order: `data` is read at once when its dtype is known, be it from
 * `datatype` or, by `name`, from the model; else its bytes are kept until the input ends.
 */
export class InputReceiver extends ObjectReceiver {
  readonly #context: InputContext;
  readonly #draft: InputDraft;
  #parameters: ParametersReceiver | null = null;
  #data: DataReceiver | null = null;
  #raw: RawData | null = null;
  /** Bytes of the elements where they lie behind the JSON part. */
  #byteLength: number | null = null;

  constructor(index: number, context: InputContext) {
    super();
    this.#context = context;
    this.#draft = new InputDraft(index, context.model, context.limits);
  }

  protected name(): string {
    return this.#draft.tensor();
  }

  override member(name: string): Receiver {
    switch (name) {
      case 'name':
        return this.#text(name, (text) => {
          this.#draft.name = text;
        });
      case 'datatype':
        return this.#text(name, (text) => {
          this.#draft.datatype = this.#known(text);
        });
      case 'shape':
        this.once(name);
        return new ShapeReceiver(this.#draft);
      case 'parameters':
        this.once(name);
        this.#parameters = new ParametersReceiver(this.name(), this.#context.limits);
        return this.#parameters;
      case 'data':
        this.once(name);
        return this.#receiveData();
      default:
        return IGNORED;
    }
  }

  /** @throws JitneyError `INVALID_ARGUMENT` for what is missing, or contradicts. */
  override endObject(): void {
    const { name, datatype, shape, tensor } = this.#draft;
    if (name === null) throw this.#missing('name');
    if (datatype === null) throw this.#missing('datatype');
    if (shape === null) throw this.#missing('shape');
    checkCountable(tensor(), datatype, shape);
    if (this.#raw !== null) this.#postpone(this.#raw, datatype);
    const { readAs } = this.#draft;
    if (readAs !== null && readAs !== datatype) throw datatypeMismatch(this.#context.model, name, datatype, readAs);
    this.#checkSources(datatype, elementCount(shape));
  }

  /** Where the elements lie behind the JSON part, `null` when they do not. */
  binarySection(): BinarySection | null {
    const { name, datatype: dtype, shape } = this.#draft;
    if (name === null || dtype === null || shape === null || this.#byteLength === null) return null;
    return { name, dtype, shape, byteLength: this.#byteLength };
  }

  /** The input, once it has ended and what it postponed has been read. */
  finish(): ParsedInput {
    const { name, datatype, shape } = this.#draft;
    if (name === null || datatype === null || shape === null) throw this.#missing('end');
    return { name, dtype: datatype, shape, source: this.#source() };
  }

  #text(member: string, set: (text: string) => void): Receiver {
    this.once(member);
    return new TextField(`'${member}' of ${this.name()}`, this.#context.limits.maxNameBytes, set);
  }

  #known(datatype: string): Dtype {
    if (isDtype(datatype)) return datatype;
    throw new JitneyError('INVALID_ARGUMENT', `invalid datatype '${datatype}' for ${this.name()}`);
  }

  #receiveData(): Receiver {
    const { name, datatype } = this.#draft;
    const dtype = datatype ?? (name === null ? null : this.#context.dtypeOf(name));
    if (dtype !== null) return this.#readData(dtype);
    this.#raw = new RawData();
    return this.#raw;
  }

  #readData(dtype: Dtype): DataReceiver {
    this.#draft.readAs = dtype;
    this.#data = createDataReceiver(dtype, this.#draft);
    return this.#data;
  }

  #postpone(raw: RawData, dtype: Dtype): void {
    this.#context.postpone(raw.take(), new JsonScanner(this.#readData(dtype), raw.offset));
  }

  /** Decides where the elements are: `data` or behind the JSON part, one of the two. */
  #checkSources(datatype: Dtype, expected: number): void {
    const { binary_data_size: size, shared_memory_region: region } = this.#parameters?.values ?? {};
    const sources = Number(this.#data !== null) + Number(size !== undefined) + Number(region !== undefined);
    if (sources !== 1) {
      throw new JitneyError(
        'INVALID_ARGUMENT',
        `Input must set only one of the following fields: ${SOURCES}. ${this.name()} sets ${sources === 0 ? 'none' : sources}.`,
      );
    }
    if (region !== undefined) throw new JitneyError('UNSUPPORTED', `${this.name()}: shared memory is not supported`);
    if (size === undefined) return;
    this.#byteLength = this.#checkedSize(size);
    this.#draft.readAs = datatype;
    if (datatype === 'BYTES') admitElements(this.#draft, expected);
  }

  #checkedSize(size: Parameter): number {
    const { maxTensorBytes } = this.#context.limits;
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
      throw new JitneyError(
        'INVALID_ARGUMENT',
        `Unable to parse 'binary_data_size' of ${this.name()}: expected an unsigned integer, got ${size}`,
      );
    }
    if (size <= maxTensorBytes) return size;
    throw new JitneyError(
      'TOO_LARGE',
      `${this.name()} exceeds the maximum allowed input size: it has ${size} bytes, at most ${maxTensorBytes} are allowed`,
    );
  }

  #source(): InputSource {
    if (this.#data === null) return { kind: 'binary' };
    const { column } = this.#data;
    if (column.count !== this.#draft.expected) throw this.#draft.wrongCount(column.count);
    return { kind: 'data', data: column.finish() };
  }

  #missing(member: string): JitneyError {
    return new JitneyError('INVALID_ARGUMENT', `Unable to parse ${this.name()}: '${member}' is missing`);
  }
}
