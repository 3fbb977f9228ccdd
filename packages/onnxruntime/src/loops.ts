import { inspectModelFile, type ModelFileReport } from './model-file/index.js';
import { modelReader } from './model-file/onnx-messages.js';
import { scanMessage } from './model-file/protobuf.js';
import { ReportBuilder } from './model-file/report-builder.js';

/** Operators that repeat a graph as often as a value says. */
const LOOPS: ReadonlySet<string> = new Set(['Loop', 'Scan', 'SequenceMap']);

/**
 * Whether the time of a run may depend on values, not on shapes alone. Such a model is never run on the calling thread
 * by prediction: the next value might keep it there for ever. True where the file cannot tell (`.ort`).
 */
export async function mayLoop(source: string | Uint8Array): Promise<boolean> {
  try {
    const { operators } = typeof source === 'string' ? await inspectModelFile(source) : await inspectBytes(source);
    return operators.some(({ type }) => LOOPS.has(type));
  } catch {
    return true;
  }
}

async function inspectBytes(bytes: Uint8Array): Promise<ModelFileReport> {
  const fail = (problem: string): never => {
    throw new Error(problem);
  };
  const report = new ReportBuilder(fail);
  const read = async (position: number, into: Uint8Array) => {
    const part = bytes.subarray(position, position + into.length);
    into.set(part);
    return part.length;
  };
  await scanMessage({ size: bytes.length, read }, modelReader(report), { fail });
  return report.build(bytes.length);
}
