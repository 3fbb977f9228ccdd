import { type ElementType, elementType } from './element-types.js';
import { quoteText } from './invalid-model.js';
import type { MessageReader } from './protobuf.js';
import type { ReportBuilder } from './report-builder.js';

// Field numbers of `TensorProto` and `StringStringEntryProto` in onnx/onnx.proto.
const TENSOR = {
  dims: 1,
  dataType: 2,
  floatData: 4,
  int32Data: 5,
  stringData: 6,
  int64Data: 7,
  name: 8,
  rawData: 9,
  doubleData: 10,
  uint64Data: 11,
  externalData: 13,
  dataLocation: 14,
};
const ENTRY = { key: 1, value: 2 };
const LOCATION_EXTERNAL = 1n;

/** Above any real rank; keeps hostile files from growing a list. */
const MAX_RANK = 64;

/** What a `TensorProto` declares and holds. */
interface Weight {
  name: string;
  readonly dims: number[];
  dataType: number;
  external: boolean;
  readonly entries: Map<string, string>;
  /** Bytes of `raw_data`; `null` where it has none. */
  rawBytes: number | null;
  /** Bytes of fixed-width numbers (`float_data`, `double_data`). */
  fixedBytes: number;
  /** Bytes of varints, each a number of 1 to 10 bytes. */
  varintBytes: number;
  strings: number;
}

/** Reads a weight, whose data is skipped, and reports where it lies and whether it can be what it declares. */
export function tensorReader(report: ReportBuilder): MessageReader {
  const weight = emptyWeight();
  return {
    name: 'a weight',
    integer(field, value) {
      if (field === TENSOR.dims && weight.dims.length <= MAX_RANK) weight.dims.push(Number(value));
      if (field === TENSOR.dataType) weight.dataType = Number(value);
      if (field === TENSOR.dataLocation) weight.external = value === LOCATION_EXTERNAL;
      if (isVarintData(field)) weight.varintBytes += 10;
    },
    fixed(_field, bytes) {
      weight.fixedBytes += bytes;
    },
    text(_field, value) {
      weight.name = value;
    },
    delimited(field, length) {
      if (field === TENSOR.dims) return 'integers';
      if (field === TENSOR.name) return 'text';
      if (field === TENSOR.externalData) return entryReader(weight.entries);
      if (field === TENSOR.rawData) weight.rawBytes = (weight.rawBytes ?? 0) + length;
      if (field === TENSOR.stringData) weight.strings++;
      if (field === TENSOR.floatData || field === TENSOR.doubleData) weight.fixedBytes += length;
      if (isVarintData(field)) weight.varintBytes += length;
      return 'skip';
    },
    end() {
      if (weight.external) reportExternal(weight, report);
      else reportEmbedded(weight, report);
    },
  };
}

function emptyWeight(): Weight {
  return {
    name: '',
    dims: [],
    dataType: 0,
    external: false,
    entries: new Map(),
    rawBytes: null,
    fixedBytes: 0,
    varintBytes: 0,
    strings: 0,
  };
}

function isVarintData(field: number): boolean {
  return field === TENSOR.int32Data || field === TENSOR.int64Data || field === TENSOR.uint64Data;
}

function entryReader(entries: Map<string, string>): MessageReader {
  let key = '';
  let value = '';
  return {
    name: 'an external-data entry',
    text(field, text) {
      if (field === ENTRY.key) key = text;
      if (field === ENTRY.value) value = text;
    },
    delimited: (field) => (field === ENTRY.key || field === ENTRY.value ? 'text' : 'skip'),
    end() {
      if (EXTERNAL_KEYS.has(key)) entries.set(key, value);
    },
  };
}

const EXTERNAL_KEYS: ReadonlySet<string> = new Set(['location', 'offset', 'length']);

function reportExternal(weight: Weight, report: ReportBuilder): void {
  if (hasBadDims(weight, report)) return;
  const numbers = { offset: 0, length: null as number | null };
  for (const key of ['offset', 'length'] as const) {
    const text = weight.entries.get(key);
    if (text === undefined) continue;
    if (!/^[+-]?\d{1,20}$/.test(text)) {
      report.addFault({
        tensor: weight.name,
        problem: `its external data has the ${key} ${quoteText(text)}, not a number`,
      });
      return;
    }
    numbers[key] = Number(text);
  }
  report.addExternalWeight({
    tensor: weight.name,
    location: weight.entries.get('location') ?? '',
    ...numbers,
    declaredBytes: declaredBytes(weight),
  });
}

function reportEmbedded(weight: Weight, report: ReportBuilder): void {
  if (hasBadDims(weight, report)) return;
  report.addEmbeddedWeight((weight.rawBytes ?? 0) + weight.fixedBytes + weight.varintBytes);
  const problem = contradiction(weight);
  if (problem !== null) report.addFault({ tensor: weight.name, problem });
}

function hasBadDims({ name, dims }: Weight, report: ReportBuilder): boolean {
  if (dims.length > MAX_RANK) {
    report.addFault({ tensor: name, problem: `it has more than ${MAX_RANK} dimensions` });
    return true;
  }
  if (!dims.some((dim) => dim < 0)) return false;
  report.addFault({ tensor: name, problem: `its dimensions are [${dims}], and a dimension cannot be negative` });
  return true;
}

/** Why the data cannot be what type and dimensions say; `null` where nothing speaks against it. */
function contradiction(weight: Weight): string | null {
  const type = elementType(weight.dataType);
  const bytes = declaredBytes(weight);
  const claim = `its dimensions are [${weight.dims}] of ${type.name}`;
  if (weight.rawBytes !== null) {
    if (bytes === null || bytes === weight.rawBytes) return null;
    return `${claim}, ${bytes} bytes, and the file holds ${weight.rawBytes}`;
  }
  const elements = elementCount(weight);
  const most = mostElements(weight, type);
  return elements <= most ? null : `${claim}, ${elements} elements, and the file holds at most ${most}`;
}

function elementCount({ dims }: Weight): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

function declaredBytes(weight: Weight): number | null {
  const { bits } = elementType(weight.dataType);
  return bits === null ? null : Math.ceil((elementCount(weight) * bits) / 8);
}

/** Elements the typed fields can hold at most: a varint takes at least a byte, and holds two 4-bit elements. */
function mostElements(weight: Weight, { bits }: ElementType): number {
  if (bits === null) return weight.dataType === STRING ? weight.strings : Number.POSITIVE_INFINITY;
  const perVarint = Math.max(1, 8 / bits);
  return (weight.fixedBytes * 8) / bits + weight.varintBytes * perVarint;
}

const STRING = 8;
