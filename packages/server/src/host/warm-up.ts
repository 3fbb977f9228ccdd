import { JitneyError, type Model, type Pipeline, type RequestContext } from '@jitney/core';

/**
 * Runs a model's example through all of it, so that the first request finds everything loaded, and so that an example
 * which does not work is known before anybody tries it.
 * @returns what went wrong, for the list of warnings: the model is served all the same.
 */
export async function warmUp(
  model: Model,
  pipeline: Pipeline,
  example: unknown,
  signal: AbortSignal,
): Promise<string | null> {
  const context: RequestContext = { requestId: 'warm-up', parameters: {}, signal };
  try {
    const { tensors, carry } = await pipeline.encode(example, context);
    const outputs = await model.run({ tensors, outputs: null }, signal);
    await pipeline.decode(outputs, carry, context);
    return null;
  } catch (thrown) {
    return `its example does not work: ${JitneyError.from(thrown).message}`;
  }
}
