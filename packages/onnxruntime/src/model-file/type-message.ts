import { elementType } from './element-types.js';
import type { MessageReader } from './protobuf.js';
import type { GraphValue } from './report.js';

// Field numbers of onnx/onnx.proto.
const VALUE_INFO = { name: 1, type: 2 };
const TYPE = { tensor: 1, sequence: 4, map: 5, opaque: 7, sparseTensor: 8, optional: 9 };
/** Of `TypeProto.Tensor`, `SparseTensor` and `Map` (its key), as a number; of `Sequence` and `Optional` as a type. */
const ELEMENT_TYPE = 1;
const MAP_VALUE_TYPE = 2;

/** Reads a `ValueInfoProto`: the name and type of a graph's input or output. */
export function valueInfoReader(done: (value: GraphValue) => void): MessageReader {
  let name = '';
  let type = '';
  return {
    name: 'an input or output',
    text(_field, value) {
      name = value;
    },
    delimited(field) {
      if (field === VALUE_INFO.name) return 'text';
      if (field !== VALUE_INFO.type) return 'skip';
      return typeReader((text) => {
        type = text;
      });
    },
    end() {
      done({ name, type });
    },
  };
}

/** Reads a `TypeProto` into ONNX Runtime's way of writing it. */
function typeReader(done: (type: string) => void): MessageReader {
  return {
    name: 'a type',
    delimited(field) {
      switch (field) {
        case TYPE.tensor:
          return tensorTypeReader((element) => done(`tensor(${element})`));
        case TYPE.sparseTensor:
          return tensorTypeReader((element) => done(`sparse_tensor(${element})`));
        case TYPE.sequence:
          return wrapperReader((inner) => done(`seq(${inner})`));
        case TYPE.optional:
          return wrapperReader((inner) => done(`optional(${inner})`));
        case TYPE.map:
          return mapTypeReader(done);
        case TYPE.opaque:
          done('opaque');
          return 'skip';
        default:
          return 'skip';
      }
    },
  };
}

function tensorTypeReader(done: (element: string) => void): MessageReader {
  return {
    name: 'a tensor type',
    integer(field, value) {
      if (field === ELEMENT_TYPE) done(elementType(Number(value)).name);
    },
    delimited: () => 'skip',
  };
}

function wrapperReader(done: (inner: string) => void): MessageReader {
  return {
    name: 'a type',
    delimited: (field) => (field === ELEMENT_TYPE ? typeReader(done) : 'skip'),
  };
}

function mapTypeReader(done: (type: string) => void): MessageReader {
  let key = '';
  let value = '';
  return {
    name: 'a map type',
    integer(field, number) {
      if (field === ELEMENT_TYPE) key = elementType(Number(number)).name;
    },
    delimited(field) {
      if (field !== MAP_VALUE_TYPE) return 'skip';
      return typeReader((text) => {
        value = text;
      });
    },
    end() {
      done(`map(${key},${value})`);
    },
  };
}
