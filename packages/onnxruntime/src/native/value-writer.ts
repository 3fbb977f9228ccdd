import type { NumericArray, Tensor } from '@jitney/core';
import type { Value } from '../value.js';
import { ELEMENT_TYPES, VALUE_KINDS } from './element-types.js';
import type { Address, Status } from './function-table.js';
import { Dimensions, pinned, Slots } from './memory.js';
import type { Runtime } from './runtime.js';
import { check } from './status.js';

const INITIAL_RANK = 8;

/**
 * Makes `OrtValue`s of values. Numeric tensors are not copied: their data must stay alive, unmoved and unchanged
 * until the `OrtValue` is released. Everything else is copied into memory of the runtime.
 */
export class ValueWriter {
  readonly #runtime: Runtime;
  readonly #out: Slots;
  #dimensions: Dimensions;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#out = new Slots(runtime.koffi, 2);
    this.#dimensions = new Dimensions(runtime.koffi, INITIAL_RANK);
  }

  /** Puts the new `OrtValue` at `to`; the caller releases it. */
  write(value: Value, to: Address): void {
    if (!('kind' in value)) {
      if (value.dtype === 'BYTES') this.#strings(value, to);
      else this.tensor(value, to);
      return;
    }
    switch (value.kind) {
      case 'sequence':
        return this.#compound(value.items, VALUE_KINDS.sequence, to);
      case 'map':
        return this.#compound([value.keys, value.values], VALUE_KINDS.map, to);
      case 'none':
        // An optional without content is a NULL OrtValue.
        return;
    }
  }

  /** An `OrtValue` over the tensor's own data. */
  tensor(tensor: Tensor, to: Address): void {
    const { api, cpuMemory } = this.#runtime;
    const { shape } = tensor;
    const data = tensor.data as NumericArray;
    const dimensions = this.#place(shape);
    // The engine may give NULL as the address of no bytes, which the runtime refuses.
    const at = data.byteLength === 0 ? this.#out.at(0) : data;
    const type = ELEMENT_TYPES[tensor.dtype];
    const status = api.createTensorWithData(cpuMemory, at, data.byteLength, dimensions, shape.length, type, to);
    if (status !== null) this.#done(status);
  }

  /** String tensors are filled element by element, since the call that fills all at once stops at a NUL byte. */
  #strings(tensor: Tensor, to: Address): void {
    const { api, allocator, copy } = this.#runtime;
    const { shape } = tensor;
    this.#done(api.createTensor(allocator, this.#place(shape), shape.length, ELEMENT_TYPES.BYTES, to));
    const elements = tensor.data as readonly Uint8Array[];
    if (elements.length === 0) return;
    const value = this.#read(to);
    for (let index = 0; index < elements.length; index++) {
      const bytes = elements[index] as Uint8Array;
      if (bytes.byteLength === 0) continue;
      this.#done(api.getResizedStringElement(value, index, bytes.byteLength, this.#out.at(0)));
      copy(this.#out.get(0), bytes, bytes.byteLength);
    }
  }

  /** A sequence or map of values made for it alone; the runtime copies or shares them, so they are released here. */
  #compound(parts: readonly Value[], kind: number, to: Address): void {
    const { api, koffi } = this.#runtime;
    const values = new Slots(koffi, parts.length);
    try {
      pinned([values, parts], () => {
        parts.forEach((part, index) => {
          this.write(part, values.at(index));
        });
        this.#done(api.createValue(values.at(0), parts.length, kind, to));
      });
    } finally {
      for (let index = 0; index < parts.length; index++) {
        if (values.get(index) !== 0n) api.releaseValue(values.get(index));
      }
    }
  }

  /** The address that stands at `place`. */
  #read(place: Address): Address {
    this.#runtime.copy(this.#out.at(1), place, 8);
    return this.#out.get(1);
  }

  #place(shape: readonly number[]): Address {
    if (shape.length > this.#dimensions.rank) this.#dimensions = new Dimensions(this.#runtime.koffi, shape.length * 2);
    return this.#dimensions.write(shape);
  }

  #done(status: Status): void {
    check(this.#runtime.api, status, 'MODEL_ERROR', 'A tensor cannot be handed to the runtime');
  }
}
