// Writes ONNX files for tests, as onnx/onnx.proto says and without the code under test.
// Field numbers stand bare in `message([[number, value], …])`.

export type FieldValue = number | bigint | string | Uint8Array;

/** A protobuf message: numbers as varints, texts and bytes with their length. */
export function message(fields: readonly (readonly [field: number, value: FieldValue])[]): Uint8Array {
  return Buffer.concat(fields.map(([field, value]) => fieldBytes(field, value)));
}

function fieldBytes(field: number, value: FieldValue): Uint8Array {
  if (typeof value === 'number' || typeof value === 'bigint') {
    return Buffer.concat([varint(BigInt(field) << 3n), varint(BigInt.asUintN(64, BigInt(value)))]);
  }
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([varint((BigInt(field) << 3n) | 2n), varint(BigInt(bytes.length)), bytes]);
}

/** A number of 7 bits a byte, the lowest first. */
export function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

/** Numbers of `TensorProto.DataType`. */
export const FLOAT = 1;
export const INT64 = 7;
export const STRING = 8;

export interface NodeFields {
  readonly type: string;
  readonly domain?: string;
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  /** Encoded `AttributeProto`s. */
  readonly attributes?: readonly Uint8Array[];
}

export function node({ type, domain, inputs = ['x'], outputs = ['y'], attributes = [] }: NodeFields): Uint8Array {
  return message([
    ...inputs.map((name) => [1, name] as const),
    ...outputs.map((name) => [2, name] as const),
    [4, type],
    ...attributes.map((attribute) => [5, attribute] as const),
    ...(domain === undefined ? [] : [[7, domain] as const]),
  ]);
}

/** A tensor's type; a dimension is a size, a symbol, or `null` for neither. */
export function tensorType(elementType: number, dims: readonly (number | string | null)[] | null): Uint8Array {
  const dimension = (dim: number | string | null) =>
    message(dim === null ? [] : [typeof dim === 'number' ? [1, dim] : [2, dim]]);
  const shape = dims === null ? [] : [[2, message(dims.map((dim) => [1, dimension(dim)]))] as const];
  return message([[1, message([[1, elementType], ...shape])]]);
}

export function value(name: string, type: Uint8Array): Uint8Array {
  return message([
    [1, name],
    [2, type],
  ]);
}

export interface TensorFields {
  readonly name: string;
  readonly dims: readonly number[];
  readonly elementType?: number;
  readonly raw?: Uint8Array;
  /** `location`, `offset`, `length`. */
  readonly external?: Readonly<Record<string, string>>;
}

export function tensor({ name, dims, elementType = FLOAT, raw, external }: TensorFields): Uint8Array {
  const entries = Object.entries(external ?? {}).map(
    ([key, text]) =>
      [
        13,
        message([
          [1, key],
          [2, text],
        ]),
      ] as const,
  );
  return message([
    ...dims.map((dim) => [1, dim] as const),
    [2, elementType],
    [8, name],
    ...(raw === undefined ? [] : [[9, raw] as const]),
    ...entries,
    ...(external === undefined ? [] : [[14, 1] as const]),
  ]);
}

export interface GraphFields {
  readonly nodes?: readonly Uint8Array[];
  readonly initializers?: readonly Uint8Array[];
  readonly inputs?: readonly Uint8Array[];
  readonly outputs?: readonly Uint8Array[];
}

export function graph(fields: GraphFields): Uint8Array {
  const row = tensorType(FLOAT, ['n', 3]);
  return message([
    ...(fields.nodes ?? [node({ type: 'Relu' })]).map((bytes) => [1, bytes] as const),
    [2, 'g'],
    ...(fields.initializers ?? []).map((bytes) => [5, bytes] as const),
    ...(fields.inputs ?? [value('x', row)]).map((bytes) => [11, bytes] as const),
    ...(fields.outputs ?? [value('y', row)]).map((bytes) => [12, bytes] as const),
  ]);
}

export interface ModelFields {
  readonly irVersion?: number | null;
  readonly opsets?: readonly (readonly [domain: string, version: number])[];
  readonly graph?: Uint8Array | null;
  /** Encoded `FunctionProto`s. */
  readonly functions?: readonly Uint8Array[];
}

/** A model that loads: by default y = relu(x), floats of shape [n,3], opset 17. */
export function onnxFile(fields: ModelFields = {}): Uint8Array {
  const { irVersion = 8, opsets = [['', 17]], graph: graphBytes = graph({}), functions = [] } = fields;
  return message([
    ...(irVersion === null ? [] : [[1, irVersion] as const]),
    [2, 'jitney-test'],
    ...(graphBytes === null ? [] : [[7, graphBytes] as const]),
    ...opsets.map(
      ([domain, version]) =>
        [
          8,
          message([
            [1, domain],
            [2, version],
          ]),
        ] as const,
    ),
    ...functions.map((bytes) => [25, bytes] as const),
  ]);
}
