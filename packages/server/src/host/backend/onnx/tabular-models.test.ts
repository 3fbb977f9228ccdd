import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Tensor, TensorSpec } from '@jitney/core';
import { describe, expect, it } from 'vitest';
import { bytes, fp32 } from '../../../../../onnxruntime/src/testing/tensors.js';
import { judgeBatching } from '../../self-check.js';
import { createOnnxBackend } from './index.js';

/** scikit-learn pipelines with the library's own predictions, which lie beside the project on some machines. */
const SHARED = process.env.JITNEY_SHARED ?? fileURLToPath(new URL('../../../../../../../shared', import.meta.url));
const TABULAR = join(SHARED, 'models', 'tabular');
const isThere = existsSync(TABULAR);
const WHERE = isThere ? 'beside the project' : `beside the project: absent, looked for in ${TABULAR}`;
const NAMES = isThere ? readdirSync(TABULAR).filter((name) => existsSync(join(TABULAR, name, 'model.onnx'))) : [];

type Column = readonly (string | number | Readonly<Record<string, number>> | readonly number[])[];
interface Golden {
  readonly inputs: Readonly<Record<string, Column>>;
  readonly outputs: Readonly<Record<string, Column>>;
}

function feed({ name, dtype, shape }: TensorSpec, column: Column): Tensor {
  const values = column.flat() as (string | number)[];
  const size = [column.length, ...(shape ?? []).slice(1).map(Number)];
  return dtype === 'BYTES' ? bytes(name, size, ...values.map(String)) : fp32(name, size, ...values.map(Number));
}

/** Elements as plain values. */
const plain = ({ data }: Tensor) =>
  Array.from(data as ArrayLike<number | bigint | Uint8Array>, (element) =>
    element instanceof Uint8Array ? Buffer.from(element).toString() : Number(element),
  );

describe.skipIf(!isThere)(`tabular models ${WHERE}`, () => {
  it.each(NAMES)('%s predicts as its library does, and its rows ride together', async (name) => {
    const root = join(TABULAR, name);
    const { signal } = new AbortController();
    const path = join(root, 'model.onnx');
    const model = await createOnnxBackend().load({ model: name, version: '1', path, root }, {}, signal);
    try {
      const golden = JSON.parse(await readFile(join(root, 'golden.json'), 'utf8')) as Golden;
      const tensors = model.signature.inputs.map((spec) => feed(spec, golden.inputs[spec.name] ?? []));
      const outputs = (await model.run({ tensors, outputs: null }, signal)).filter(
        ({ name }) => !name.endsWith('.labels'),
      );
      for (const [i, expected] of Object.values(golden.outputs).entries()) {
        const predicted = plain(outputs[i] as Tensor);
        const wanted = expected.flatMap((row) => (typeof row === 'object' ? Object.values(row) : row));
        expect(predicted).toHaveLength(wanted.length);
        for (const [at, value] of wanted.entries()) {
          if (typeof value === 'string') expect(predicted[at]).toBe(value);
          else
            expect(Math.abs((predicted[at] as number) - value)).toBeLessThanOrEqual(
              1e-6 * Math.max(1, Math.abs(value)),
            );
        }
      }
      expect(await judgeBatching(model, { enabled: true, maxRows: 32 }, signal)).toMatchObject({ mode: 'rows' });
    } finally {
      await model.close();
    }
  });
});
