import type { Children } from '../processes/children.js';
import { Program } from '../processes/program.js';

/** What one run costs, of however many rows. */
export interface RawLoopReport {
  readonly runUs: number;
  /** Of all threads of the process. */
  readonly cpuUs: number;
}

export interface RawLoopPlan {
  /** Path of an .onnx file with FP32 inputs. */
  readonly model: string;
  readonly rows: number;
  /** Default 1, as a host gives a small model. */
  readonly threads?: number;
  readonly ms: number;
}

/** Runs a model in a loop in a process of its own. */
export async function runRawLoop(
  children: Children,
  { model, rows, threads = 1, ms }: RawLoopPlan,
): Promise<RawLoopReport> {
  const program = new Program(children, 'raw-loop', [model, String(rows), String(threads), String(ms)]);
  try {
    return await program.next<RawLoopReport>();
  } finally {
    await program.stop();
  }
}
