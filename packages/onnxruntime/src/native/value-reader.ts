import {
  createNumericArray,
  elementBytes,
  elementCount,
  invariant,
  JitneyError,
  type NumericArray,
  type NumericDtype,
  type Tensor,
  viewNumericArray,
} from '@jitney/core';
import type { Allocate } from '../run-plan.js';
import type { Value } from '../value.js';
import { dtypeOf, VALUE_KINDS } from './element-types.js';
import type { Address, Status } from './function-table.js';
import { Dimensions, pinnedAsync, Slots } from './memory.js';
import type { Runtime } from './runtime.js';
import { check } from './status.js';

const INITIAL_RANK = 8;

/** Copies from here on take longer than handing them to another thread: 1 MiB takes about 150 µs into new memory. */
const LARGE_BYTES = 1 << 20;

/** Where tensors are put. */
export interface ReaderMemory {
  readonly allocate: Allocate | null;
  /** Takes the promises of large ones that are filled on another thread; the `OrtValue` must live until then. */
  readonly copies: Promise<void>[] | null;
}

const NEW_MEMORY: ReaderMemory = { allocate: null, copies: null };

/** Copies `OrtValue`s into values of JavaScript. The `OrtValue` stays the caller's. */
export class ValueReader {
  readonly #runtime: Runtime;
  readonly #out: Slots;
  #dimensions: Dimensions;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#out = new Slots(runtime.koffi, 3);
    this.#dimensions = new Dimensions(runtime.koffi, INITIAL_RANK);
  }

  /** Any kind of value. */
  read(value: Address, name: string): Value {
    if (!this.#hasValue(value)) return { name, kind: 'none' };
    const kind = this.#kind(value);
    switch (kind) {
      case VALUE_KINDS.tensor:
        return this.tensor(value, name);
      case VALUE_KINDS.sequence:
        return { name, kind: 'sequence', items: this.#children(value) };
      case VALUE_KINDS.map:
        return this.#map(value, name);
      default:
        return invariant(false, `an output of ONNX type ${kind} was asked for`) as never;
    }
  }

  /** A tensor. */
  tensor(value: Address, name: string, { allocate, copies }: ReaderMemory = NEW_MEMORY): Tensor {
    const { api } = this.#runtime;
    const out = this.#out;
    this.#done(api.getTensorTypeAndShape(value, out.at(0), out.at(1), out.at(2)));
    const dtype = dtypeOf(out.int(0));
    invariant(dtype !== null, `an output of element type ${out.int(0)} was asked for`);
    const shape = this.#shape(out.get(1), out.int(2));
    const count = elementCount(shape);
    if (dtype === 'BYTES') return { name, dtype, shape, data: this.#strings(value, count) };
    const given = allocate?.(count * (elementBytes(dtype) as number)) ?? null;
    const data = given === null ? newMemory(name, dtype, shape, count) : givenMemory(given, dtype, count);
    if (count > 0) {
      this.#done(api.getTensorMutableData(value, out.at(0)));
      this.#copy(data, out.get(0), copies);
    }
    return { name, dtype, shape, data };
  }

  #copy(to: NumericArray, from: Address, copies: Promise<void>[] | null): void {
    const { copy } = this.#runtime;
    if (copies === null || to.byteLength < LARGE_BYTES) return copy(to, from, to.byteLength);
    copies.push(pinnedAsync(to, (done) => copy.async(to, from, to.byteLength, done)));
  }

  #shape(from: Address, rank: number): number[] {
    if (rank === 0) return [];
    if (rank > this.#dimensions.rank) this.#dimensions = new Dimensions(this.#runtime.koffi, rank * 2);
    this.#runtime.copy(this.#dimensions.at, from, rank * 8);
    return this.#dimensions.read(rank);
  }

  /** The elements as views of one buffer. */
  #strings(value: Address, count: number): Uint8Array[] {
    if (count === 0) return [];
    const { api } = this.#runtime;
    this.#done(api.getStringTensorDataLength(value, this.#out.at(0)));
    const bytes = new Uint8Array(this.#out.size(0));
    const offsets = new BigUint64Array(count);
    // Where all strings are empty there is nothing to point at, yet the runtime wants an address.
    const to = bytes.byteLength === 0 ? this.#out.at(0) : bytes;
    this.#done(api.getStringTensorContent(value, to, bytes.byteLength, offsets, count));
    return Array.from(offsets, (offset, index) =>
      bytes.subarray(Number(offset), Number(offsets[index + 1] ?? bytes.length)),
    );
  }

  #map(value: Address, name: string): Value {
    const [keys, values] = this.#children(value);
    return { name, kind: 'map', keys: keys as Tensor, values: values as Tensor };
  }

  /** Items of a sequence, or keys and values of a map. */
  #children(value: Address): Value[] {
    const { api, allocator } = this.#runtime;
    this.#done(api.getValueCount(value, this.#out.at(0)));
    const count = this.#out.size(0);
    const children: Value[] = [];
    for (let index = 0; index < count; index++) {
      this.#done(api.getValue(value, index, allocator, this.#out.at(0)));
      const child = this.#out.get(0);
      try {
        children.push(this.read(child, ''));
      } finally {
        api.releaseValue(child);
      }
    }
    return children;
  }

  #hasValue(value: Address): boolean {
    if (value === 0n) return false;
    this.#done(this.#runtime.api.hasValue(value, this.#out.at(0)));
    return this.#out.int(0) !== 0;
  }

  #kind(value: Address): number {
    this.#done(this.#runtime.api.getValueType(value, this.#out.at(0)));
    return this.#out.int(0);
  }

  #done(status: Status): void {
    check(this.#runtime.api, status, 'MODEL_ERROR', 'An output cannot be read');
  }
}

function newMemory(name: string, dtype: NumericDtype, shape: readonly number[], count: number): NumericArray {
  try {
    return createNumericArray(dtype, count);
  } catch (cause) {
    const bytes = count * (elementBytes(dtype) as number);
    throw new JitneyError(
      'MODEL_ERROR',
      `Output "${name}" (${dtype}, shape [${shape}]) takes ${bytes} bytes, which cannot be allocated here.`,
      { cause },
    );
  }
}

function givenMemory(given: Uint8Array, dtype: NumericDtype, count: number): NumericArray {
  const data = viewNumericArray(dtype, given.buffer, given.byteOffset, count);
  invariant(data.byteLength <= given.byteLength, `allocate gave ${given.byteLength} of ${data.byteLength} bytes`);
  return data;
}
