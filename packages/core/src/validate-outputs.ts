import { JitneyError } from './errors.js';
import type { Signature } from './signature.js';

/**
 * Checks that the model has every output that was asked for, and that none is asked for twice.
 * @throws JitneyError `INVALID_ARGUMENT` that names the output and the known ones.
 */
export function validateOutputs(model: string, signature: Signature, names: readonly string[]): void {
  const asked = new Set<string>();
  for (const name of names) {
    if (asked.has(name)) throw new JitneyError('INVALID_ARGUMENT', `output '${name}' already exists in request`);
    asked.add(name);
    if (signature.outputs.some((output) => output.name === name)) continue;
    const known = signature.outputs.map((output) => `'${output.name}'`).join(', ');
    throw new JitneyError(
      'INVALID_ARGUMENT',
      `unexpected inference output '${name}' for model '${model}'. It gives ${known}.`,
    );
  }
}
