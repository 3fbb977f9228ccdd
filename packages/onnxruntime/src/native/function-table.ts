import type { Koffi } from './koffi.js';

/** Address of an object of the runtime, or of memory. Nothing outside `native/` holds one. */
export type Address = bigint;

/** Status of a call: NULL is success, anything else an error that the receiver frees. */
export type Status = Address | null;

interface Arguments {
  /** An address, memory seen from JavaScript, or NULL. */
  pointer: Address | ArrayBufferView | null;
  size: number;
  int: number;
  int64: number | bigint;
  bool: boolean;
}

interface Results {
  status: Status;
  none: undefined;
  int: number;
  bool: boolean;
  string: string;
}

type ArgumentKind = keyof Arguments;
type ResultKind = keyof Results;

const C_TYPES: { readonly [K in ArgumentKind | ResultKind]: string } = {
  pointer: 'void *',
  size: 'size_t',
  int: 'int',
  int64: 'int64_t',
  bool: 'bool',
  status: 'void *',
  none: 'void',
  string: 'const char *',
};

/** A function of the table: where it stands, what it takes, what it gives. */
interface Slot<A extends readonly ArgumentKind[], R extends ResultKind> {
  readonly position: number;
  readonly takes: A;
  readonly gives: R;
}

function slot<const A extends readonly ArgumentKind[], R extends ResultKind = 'status'>(
  position: number,
  takes: A,
  gives: R = 'status' as R,
): Slot<A, R> {
  return { position, takes, gives };
}

const release = (position: number) => slot(position, ['pointer'], 'none');

/** Most read their object (first) into memory of the caller's (last). */
const read = (position: number) => slot(position, ['pointer', 'pointer']);

/**
 * The part of `OrtApi` used here. The structure is append-only: a position once right stays right.
 * Source: `onnxruntime_c_api.h` of ONNX Runtime 1.24, counted from 0. The tests of this package reach every one.
 */
const SLOTS = {
  getErrorCode: slot(1, ['pointer'], 'int'),
  getErrorMessage: slot(2, ['pointer'], 'string'),
  releaseStatus: release(93),

  createEnv: slot(3, ['int', 'pointer', 'pointer']),
  createCpuMemoryInfo: slot(69, ['int', 'int', 'pointer']),
  getAllocatorWithDefaultOptions: slot(78, ['pointer']),
  allocatorFree: read(76),
  getAvailableProviders: read(125),
  releaseAvailableProviders: slot(126, ['pointer', 'int']),

  createSessionOptions: slot(10, ['pointer']),
  setOptimizedModelFilePath: read(11),
  setSessionExecutionMode: slot(13, ['pointer', 'int']),
  enableProfiling: read(14),
  disableMemPattern: slot(17, ['pointer']),
  disableCpuMemArena: slot(19, ['pointer']),
  setSessionLogSeverityLevel: slot(22, ['pointer', 'int']),
  setSessionGraphOptimizationLevel: slot(23, ['pointer', 'int']),
  setIntraOpNumThreads: slot(24, ['pointer', 'int']),
  setInterOpNumThreads: slot(25, ['pointer', 'int']),
  addFreeDimensionOverrideByName: slot(124, ['pointer', 'pointer', 'int64']),
  addSessionConfigEntry: slot(130, ['pointer', 'pointer', 'pointer']),
  appendExecutionProvider: slot(216, ['pointer', 'pointer', 'pointer', 'pointer', 'size']),
  registerCustomOpsLibrary: read(228),
  setLoadCancellationFlag: slot(293, ['pointer', 'bool']),
  releaseSessionOptions: release(100),

  createSession: slot(7, ['pointer', 'pointer', 'pointer', 'pointer']),
  createSessionFromArray: slot(8, ['pointer', 'pointer', 'size', 'pointer', 'pointer']),
  sessionGetInputCount: read(30),
  sessionGetOutputCount: read(31),
  sessionGetOverridableInitializerCount: read(32),
  sessionGetInputTypeInfo: slot(33, ['pointer', 'size', 'pointer']),
  sessionGetOutputTypeInfo: slot(34, ['pointer', 'size', 'pointer']),
  sessionGetOverridableInitializerTypeInfo: slot(35, ['pointer', 'size', 'pointer']),
  sessionGetInputName: slot(36, ['pointer', 'size', 'pointer', 'pointer']),
  sessionGetOutputName: slot(37, ['pointer', 'size', 'pointer', 'pointer']),
  sessionGetOverridableInitializerName: slot(38, ['pointer', 'size', 'pointer', 'pointer']),
  sessionEndProfiling: slot(110, ['pointer', 'pointer', 'pointer']),
  releaseSession: release(95),

  sessionGetModelMetadata: read(111),
  metadataGetProducerName: slot(112, ['pointer', 'pointer', 'pointer']),
  metadataGetGraphName: slot(113, ['pointer', 'pointer', 'pointer']),
  metadataGetDomain: slot(114, ['pointer', 'pointer', 'pointer']),
  metadataGetDescription: slot(115, ['pointer', 'pointer', 'pointer']),
  metadataLookup: slot(116, ['pointer', 'pointer', 'pointer', 'pointer']),
  metadataGetVersion: read(117),
  metadataGetKeys: slot(123, ['pointer', 'pointer', 'pointer', 'pointer']),
  metadataGetGraphDescription: slot(158, ['pointer', 'pointer', 'pointer']),
  releaseModelMetadata: release(118),

  castTypeInfoToTensorInfo: read(55),
  getOnnxTypeFromTypeInfo: read(56),
  getTensorElementType: read(60),
  getDimensionsCount: read(61),
  getDimensions: slot(62, ['pointer', 'pointer', 'size']),
  getSymbolicDimensions: slot(63, ['pointer', 'pointer', 'size']),
  tensorHasShape: slot(390, ['pointer'], 'bool'),
  castTypeInfoToMapTypeInfo: read(103),
  castTypeInfoToSequenceTypeInfo: read(104),
  getMapKeyType: read(105),
  getMapValueType: read(106),
  getSequenceElementType: read(107),
  castTypeInfoToOptionalTypeInfo: read(250),
  getOptionalContainedTypeInfo: read(251),
  releaseTypeInfo: release(98),

  createRunOptions: slot(39, ['pointer']),
  runOptionsSetRunTag: read(42),
  runOptionsSetTerminate: slot(46, ['pointer']),
  runOptionsUnsetTerminate: slot(47, ['pointer']),
  releaseRunOptions: release(97),
  run: slot(9, ['pointer', 'pointer', 'pointer', 'pointer', 'size', 'pointer', 'size', 'pointer']),

  createTensor: slot(48, ['pointer', 'pointer', 'size', 'int', 'pointer']),
  createTensorWithData: slot(49, ['pointer', 'pointer', 'size', 'pointer', 'size', 'int', 'pointer']),
  createValue: slot(82, ['pointer', 'size', 'int', 'pointer']),
  getResizedStringElement: slot(252, ['pointer', 'size', 'size', 'pointer']),
  getTensorMutableData: read(51),
  getStringTensorDataLength: read(53),
  getStringTensorContent: slot(54, ['pointer', 'pointer', 'size', 'pointer', 'size']),
  getTensorTypeAndShape: slot(414, ['pointer', 'pointer', 'pointer', 'pointer']),
  getValueType: read(67),
  getValue: slot(80, ['pointer', 'int', 'pointer', 'pointer']),
  getValueCount: read(81),
  hasValue: read(192),
  releaseValue: release(96),
};

/** One more than the last position above must exist in the library: ONNX Runtime 1.24. */
export const API_VERSION = 24;

type ArgumentsOf<A extends readonly ArgumentKind[]> = { [I in keyof A]: Arguments[A[I]] };

/** A C function: called on this thread, or with `async` on a thread of libuv's pool. */
export interface NativeFunction<A extends readonly unknown[], R> {
  (...args: A): R;
  /** What `args` point at must stay alive until `done`: koffi keeps no reference. */
  async(...args: [...A, done: (error: Error | null, result: R) => void]): void;
}

export type FunctionTable = {
  readonly [K in keyof typeof SLOTS]: (typeof SLOTS)[K] extends Slot<infer A, infer R>
    ? NativeFunction<ArgumentsOf<A>, Results[R]>
    : never;
};

/** The functions of an `OrtApi` structure. */
export function readFunctionTable(koffi: Koffi, table: Address): FunctionTable {
  const functions: Record<string, unknown> = {};
  for (const [name, { position, takes, gives }] of Object.entries(SLOTS)) {
    const prototype = koffi.proto(
      C_TYPES[gives],
      takes.map((kind) => C_TYPES[kind]),
    );
    const pointer = koffi.decode(table, position * 8, 'void *') as Address;
    functions[name] = koffi.decode(pointer, prototype);
  }
  return functions as FunctionTable;
}
