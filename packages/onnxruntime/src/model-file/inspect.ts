import { type FileHandle, open, stat } from 'node:fs/promises';
import { JitneyError } from '@jitney/core';
import { invalidModel } from './invalid-model.js';
import { modelReader } from './onnx-messages.js';
import { type ByteSource, scanMessage } from './protobuf.js';
import type { ModelFileReport } from './report.js';
import { ReportBuilder } from './report-builder.js';
import { SNIFF_BYTES, sniffHead } from './sniff.js';

/**
 * Reads what an ONNX file says about itself without loading it: weights are skipped, however large the file.
 * Memory stays below 64 KiB of the file and 16 MiB of names and references, whatever the file claims.
 *
 * A report is not yet a verdict: {@link validateModelFile} judges it.
 * @throws JitneyError `INVALID_MODEL` when the path cannot be read, holds another format, or is damaged;
 *   `CANCELLED` after `signal`.
 */
export async function inspectModelFile(path: string, signal?: AbortSignal): Promise<ModelFileReport> {
  if (signal?.aborted) throw new JitneyError('CANCELLED', 'Reading the model file was cancelled.');
  const file = await openModel(path);
  try {
    return await inspect(file, path, signal);
  } finally {
    await file.close();
  }
}

async function openModel(path: string): Promise<FileHandle> {
  try {
    // Before opening: opening a named pipe would wait for its other end.
    const stats = await stat(path);
    if (!stats.isFile()) {
      const problem = stats.isDirectory() ? 'it is a folder' : 'it is not a regular file';
      throw invalidModel({ file: path, stage: 'read', problem, fix: 'name the .onnx file itself' });
    }
    return await open(path, 'r');
  } catch (cause) {
    throw cause instanceof JitneyError ? cause : unreadable(path, cause);
  }
}

async function inspect(file: FileHandle, path: string, signal: AbortSignal | undefined): Promise<ModelFileReport> {
  const source = await openSource(file, path);
  await refuseOtherFormats(source, path);
  const fail = (problem: string): never => {
    const fix = 'copy or download it again, or export it anew and run onnx.checker.check_model on it';
    throw invalidModel({ file: path, stage: 'read', problem, fix });
  };
  const report = new ReportBuilder(fail);
  await scanMessage(source, modelReader(report), { fail, signal });
  return report.build(source.size);
}

async function openSource(file: FileHandle, path: string): Promise<ByteSource> {
  return {
    size: (await file.stat()).size,
    async read(position, into) {
      try {
        return (await file.read(into, 0, into.length, position)).bytesRead;
      } catch (cause) {
        throw unreadable(path, cause);
      }
    },
  };
}

async function refuseOtherFormats(source: ByteSource, path: string): Promise<void> {
  const head = new Uint8Array(Math.min(SNIFF_BYTES, source.size));
  const bytes = await source.read(0, head);
  const { format, what, fix } = sniffHead(head.subarray(0, bytes), source.size);
  if (format === 'onnx' || format === 'onnx-truncated') return;
  throw invalidModel({ file: path, stage: 'read', problem: `it is not an ONNX model: it is ${what}`, fix });
}

function unreadable(file: string, cause: unknown): JitneyError {
  const code = (cause as NodeJS.ErrnoException).code;
  const problem = `it cannot be read (${code ?? String(cause)})`;
  const fix = code === 'EACCES' ? 'give this user the right to read it' : 'check that the path is right';
  return invalidModel({ file, stage: 'read', problem, fix, cause });
}
