import { type Dimension, type Dtype, elementCount, type NumericArray } from '@jitney/core';
import { ELEMENT_TYPES } from '../native/element-types.js';
import { type Bytes, float, floats, integer, integers, join, message, text } from './protobuf-writer.js';

/**
 * Writes small ONNX models, so that tests need no files and no other language.
 * Field numbers: `onnx.proto` of ONNX 1.17.
 */

export interface TensorDeclaration {
  readonly name: string;
  readonly dtype: Dtype;
  /** `null`: rank unknown. */
  readonly shape: readonly Dimension[] | null;
}

export interface ValueDeclaration {
  readonly name: string;
  readonly type: TypeDeclaration;
}

export type TypeDeclaration =
  | { readonly kind: 'tensor'; readonly elementType: number; readonly shape: readonly Dimension[] | null }
  | { readonly kind: 'sequence'; readonly element: TypeDeclaration }
  | { readonly kind: 'map'; readonly keyType: number; readonly value: TypeDeclaration }
  | { readonly kind: 'optional'; readonly element: TypeDeclaration };

export interface Constant {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: NumericArray | readonly Uint8Array[];
}

export type Attribute =
  | { readonly float: number }
  | { readonly int: number | bigint }
  | { readonly string: string }
  | { readonly tensor: Constant }
  | { readonly graph: GraphDeclaration }
  | { readonly floats: readonly number[] }
  | { readonly ints: readonly (number | bigint)[] }
  | { readonly strings: readonly string[] }
  | { readonly type: TypeDeclaration };

export interface NodeDeclaration {
  readonly op: string;
  readonly inputs?: readonly string[];
  readonly outputs: readonly string[];
  readonly domain?: string;
  readonly name?: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

export interface GraphDeclaration {
  readonly name?: string;
  readonly description?: string;
  readonly inputs?: readonly (TensorDeclaration | ValueDeclaration)[];
  readonly outputs: readonly (TensorDeclaration | ValueDeclaration)[];
  readonly nodes: readonly NodeDeclaration[];
  readonly initializers?: readonly Constant[];
}

export interface FunctionDeclaration {
  readonly name: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly NodeDeclaration[];
}

export interface ModelDeclaration extends GraphDeclaration {
  readonly functions?: readonly FunctionDeclaration[];
  /** Versions of operator sets by domain; `''` is ONNX itself, 17 unless said otherwise. */
  readonly opsets?: Readonly<Record<string, number>>;
  readonly irVersion?: number;
  readonly producer?: string;
  readonly domain?: string;
  readonly modelVersion?: number | bigint;
  readonly modelDescription?: string;
  readonly properties?: readonly (readonly [key: string, value: string])[];
}

/** The bytes of an `.onnx` file. */
export function buildModel(model: ModelDeclaration): Uint8Array {
  const opsets = { '': 17, ...model.opsets };
  return join([
    integer(1, model.irVersion ?? 8),
    text(2, model.producer ?? 'onnx-writer'),
    ...(model.domain === undefined ? [] : [text(4, model.domain)]),
    ...(model.modelVersion === undefined ? [] : [integer(5, model.modelVersion)]),
    ...(model.modelDescription === undefined ? [] : [text(6, model.modelDescription)]),
    message(7, graph(model)),
    ...Object.entries(opsets).map((opset) => message(8, opsetImport(opset))),
    ...(model.properties ?? []).map(([key, value]) => message(14, [text(1, key), text(2, value)])),
    ...(model.functions ?? []).map((declaration) => message(25, localFunction(declaration, opsets))),
  ]);
}

function opsetImport([domain, version]: [string, number]): Bytes[] {
  return [text(1, domain), integer(2, version)];
}

function graph(declaration: GraphDeclaration): Bytes[] {
  return [
    ...declaration.nodes.map((declared) => message(1, node(declared))),
    text(2, declaration.name ?? 'graph'),
    ...(declaration.initializers ?? []).map((constant) => message(5, tensor(constant))),
    ...(declaration.description === undefined ? [] : [text(10, declaration.description)]),
    ...(declaration.inputs ?? []).map((value) => message(11, valueInfo(value))),
    ...declaration.outputs.map((value) => message(12, valueInfo(value))),
  ];
}

function localFunction(declaration: FunctionDeclaration, opsets: Readonly<Record<string, number>>): Bytes[] {
  return [
    text(1, declaration.name),
    ...declaration.inputs.map((name) => text(4, name)),
    ...declaration.outputs.map((name) => text(5, name)),
    ...declaration.nodes.map((declared) => message(7, node(declared))),
    ...Object.entries(opsets).map((opset) => message(9, opsetImport(opset))),
    text(10, declaration.domain),
  ];
}

function node(declaration: NodeDeclaration): Bytes[] {
  return [
    ...(declaration.inputs ?? []).map((name) => text(1, name)),
    ...declaration.outputs.map((name) => text(2, name)),
    text(3, declaration.name ?? ''),
    text(4, declaration.op),
    ...Object.entries(declaration.attributes ?? {}).map(([name, value]) => message(5, attribute(name, value))),
    text(7, declaration.domain ?? ''),
  ];
}

const ATTRIBUTE_TYPES = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  type: 13,
} as const;

function attribute(name: string, value: Attribute): Bytes[] {
  const kind = Object.keys(value)[0] as keyof typeof ATTRIBUTE_TYPES;
  return [text(1, name), ...attributeValue(value), integer(20, ATTRIBUTE_TYPES[kind])];
}

function attributeValue(value: Attribute): Bytes[] {
  if ('float' in value) return [float(2, value.float)];
  if ('int' in value) return [integer(3, value.int)];
  if ('string' in value) return [text(4, value.string)];
  if ('tensor' in value) return [message(5, tensor(value.tensor))];
  if ('graph' in value) return [message(6, graph(value.graph))];
  if ('floats' in value) return [floats(7, value.floats)];
  if ('ints' in value) return [integers(8, value.ints)];
  if ('type' in value) return [message(14, typeProto(value.type))];
  return value.strings.map((string) => text(9, string));
}

function tensor({ name, dtype, shape, data }: Constant): Bytes[] {
  if (elementCount(shape) !== data.length) throw new Error(`${name} has ${data.length} elements for shape ${shape}`);
  const elements =
    dtype === 'BYTES'
      ? (data as readonly Uint8Array[]).map((bytes) => message(6, [bytes]))
      : [message(9, [bytesOf(data as NumericArray)])];
  return [integers(1, shape), integer(2, ELEMENT_TYPES[dtype]), ...elements, text(8, name)];
}

function bytesOf(data: NumericArray): Bytes {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function valueInfo(value: TensorDeclaration | ValueDeclaration): Bytes[] {
  const type: TypeDeclaration =
    'type' in value ? value.type : { kind: 'tensor', elementType: ELEMENT_TYPES[value.dtype], shape: value.shape };
  return [text(1, value.name), message(2, typeProto(type))];
}

function typeProto(type: TypeDeclaration): Bytes[] {
  switch (type.kind) {
    case 'tensor':
      return [
        message(1, [
          integer(1, type.elementType),
          ...(type.shape === null ? [] : [message(2, shapeProto(type.shape))]),
        ]),
      ];
    case 'sequence':
      return [message(4, [message(1, typeProto(type.element))])];
    case 'map':
      return [message(5, [integer(1, type.keyType), message(2, typeProto(type.value))])];
    case 'optional':
      return [message(9, [message(1, typeProto(type.element))])];
  }
}

function shapeProto(shape: readonly Dimension[]): Bytes[] {
  return shape.map((dimension) => {
    if (typeof dimension === 'number') return message(1, [integer(1, dimension)]);
    return message(1, dimension === null ? [] : [text(2, dimension)]);
  });
}
