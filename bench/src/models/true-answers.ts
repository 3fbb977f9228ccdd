import type { Tensor } from '@jitney/core';
import { createSession } from '@jitney/onnxruntime';
import type { SceneModel } from './scene-model.js';

/** What the model says to each question, by ONNX Runtime itself, one row at a time. */
export async function trueAnswers({ file, questions }: SceneModel): Promise<Float32Array[]> {
  const session = await createSession(file, { intraOpThreads: 1 });
  try {
    const answers: Float32Array[] = [];
    for (const tensors of questions) {
      const [output] = (await session.run([...tensors])) as Tensor[];
      answers.push(Float32Array.from(output!.data as Float32Array));
    }
    return answers;
  } finally {
    await session.dispose();
  }
}

const TOLERANCE = 1e-3;

/** @throws Error where an answer is not the model's. Runtimes differ in how they round, and JSON in its digits. */
export function checkAnswer(found: ArrayLike<number>, expected: Float32Array): void {
  if (found.length !== expected.length) throw new Error(`it answered ${found.length} values, not ${expected.length}`);
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(found[i]! - expected[i]!);
    // Also true of NaN.
    if (!(difference <= TOLERANCE * Math.max(1, Math.abs(expected[i]!))))
      throw new Error(`value ${i} of its answer is ${found[i]}, not ${expected[i]}`);
  }
}
