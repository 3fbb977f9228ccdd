import type { Children } from '../processes/children.js';
import { Program } from '../processes/program.js';

/** What one run costs, of however many rows. */
export interface RawLoopReport {
  readonly runUs: number;
  /** Of all threads of the process. */
  readonly cpuUs: number;
}

/** Runs a model in a loop in a process of its own. @param model Path of an .onnx file with FP32 inputs. */
export async function runRawLoop(
  children: Children,
  { model, rows, ms }: { readonly model: string; readonly rows: number; readonly ms: number },
): Promise<RawLoopReport> {
  const program = new Program(children, 'raw-loop', [model, String(rows), String(ms)]);
  try {
    return await program.next<RawLoopReport>();
  } finally {
    await program.stop();
  }
}
