import { type Dimension, type Dtype, invariant } from '@jitney/core';
import { describeType, type ValueType } from '../value.js';
import { dtypeOf, elementTypeName, VALUE_KINDS } from './element-types.js';
import type { Address, Status } from './function-table.js';
import { Slots } from './memory.js';
import type { Runtime } from './runtime.js';
import { check } from './status.js';

/**
 * Reads the `OrtTypeInfo` trees of a session. What a cast or a look-up of the runtime returns is borrowed from the
 * tree, except where said; a cast that does not fit gives NULL, so the kind is asked first.
 */
export class TypeReader {
  readonly #runtime: Runtime;
  readonly #out: Slots;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#out = new Slots(runtime.koffi, 1);
  }

  /** The type that `info` holds; `info` stays the caller's. */
  read(info: Address): ValueType {
    const { api } = this.#runtime;
    const kind = this.#int((out) => api.getOnnxTypeFromTypeInfo(info, out));
    switch (kind) {
      case VALUE_KINDS.tensor:
        return this.#tensor(this.#pointer((out) => api.castTypeInfoToTensorInfo(info, out)));
      case VALUE_KINDS.sequence:
        return { kind: 'sequence', element: this.#element(info) };
      case VALUE_KINDS.map:
        return this.#map(info);
      case VALUE_KINDS.optional:
        return { kind: 'optional', element: this.#contained(info) };
      case VALUE_KINDS.sparseTensor:
        return { kind: 'unsupported', typeName: 'sparse_tensor' };
      default:
        return { kind: 'unsupported', typeName: kind === VALUE_KINDS.opaque ? 'opaque' : `ONNX type ${kind}` };
    }
  }

  #tensor(info: Address): ValueType {
    const { api } = this.#runtime;
    const elementType = this.#int((out) => api.getTensorElementType(info, out));
    const dtype = dtypeOf(elementType);
    if (dtype === null) return { kind: 'unsupported', typeName: `tensor(${elementTypeName(elementType)})` };
    return { kind: 'tensor', dtype, shape: api.tensorHasShape(info) ? this.#shape(info) : null };
  }

  #shape(info: Address): Dimension[] {
    const { api, koffi } = this.#runtime;
    const rank = this.#size((out) => api.getDimensionsCount(info, out));
    if (rank === 0) return [];
    const sizes = new Slots(koffi, rank);
    const symbols = new Slots(koffi, rank);
    this.#done(api.getDimensions(info, sizes.at(0), rank));
    this.#done(api.getSymbolicDimensions(info, symbols.at(0), rank));
    return Array.from({ length: rank }, (_, axis) => {
      const size = sizes.size(axis);
      return size >= 0 ? size : koffi.decode.string(symbols.get(axis)) || null;
    });
  }

  #element(info: Address): ValueType {
    const { api } = this.#runtime;
    const sequence = this.#pointer((out) => api.castTypeInfoToSequenceTypeInfo(info, out));
    return this.#owned(this.#pointer((out) => api.getSequenceElementType(sequence, out)));
  }

  #contained(info: Address): ValueType {
    const { api } = this.#runtime;
    const optional = this.#pointer((out) => api.castTypeInfoToOptionalTypeInfo(info, out));
    return this.#owned(this.#pointer((out) => api.getOptionalContainedTypeInfo(optional, out)));
  }

  #map(info: Address): ValueType {
    const { api } = this.#runtime;
    const map = this.#pointer((out) => api.castTypeInfoToMapTypeInfo(info, out));
    const keyType = this.#int((out) => api.getMapKeyType(map, out));
    const key: Dtype | null = dtypeOf(keyType);
    const value = this.#owned(this.#pointer((out) => api.getMapValueType(map, out)));
    if (key !== null && value.kind === 'tensor') return { kind: 'map', key, value: value.dtype };
    return { kind: 'unsupported', typeName: `map(${key ?? elementTypeName(keyType)}, ${describeType(value)})` };
  }

  /** Reads a type info that belongs to the caller, and frees it. */
  #owned(info: Address): ValueType {
    try {
      return this.read(info);
    } finally {
      this.#runtime.api.releaseTypeInfo(info);
    }
  }

  #pointer(call: (out: Address) => Status): Address {
    this.#done(call(this.#out.at(0)));
    const address = this.#out.get(0);
    invariant(address !== 0n, 'a type info of ONNX Runtime was cast to what it is not');
    return address;
  }

  #int(call: (out: Address) => Status): number {
    this.#done(call(this.#out.at(0)));
    return this.#out.int(0);
  }

  #size(call: (out: Address) => Status): number {
    this.#done(call(this.#out.at(0)));
    return this.#out.size(0);
  }

  #done(status: Status): void {
    check(this.#runtime.api, status, 'INVALID_MODEL', 'The signature cannot be read');
  }
}
