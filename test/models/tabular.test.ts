import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, infer, post } from '../support/infer.js';
import { type RunningJitney, startJitney } from '../support/jitney.js';
import { sharedFolder } from '../support/shared.js';

/* Models that scikit-learn trained, against what scikit-learn itself predicts for rows it has not seen. */

const TABULAR = sharedFolder('models', 'tabular');

interface Golden {
  readonly inputs: Readonly<Record<string, readonly (number | string | readonly number[])[]>>;
  readonly outputs: {
    readonly label?: readonly (number | string)[];
    readonly probabilities?: readonly (readonly number[])[];
    readonly variable?: readonly number[];
  };
}

/** Folder, names of its label and number outputs, largest difference (the README's, with room for another processor). */
const MODELS: readonly (readonly [folder: string, label: string | null, numbers: string, tolerance: number])[] = [
  ['breast-cancer', 'label', 'probabilities', 2e-6],
  ['breast-cancer-zipmap', 'output_label', 'output_probability', 2e-6],
  ['diabetes', null, 'variable', 1e-4],
  ['mixed-columns', 'label', 'probabilities', 2e-6],
  ['penguins', 'label', 'probabilities', 2e-6],
  ['penguins-zipmap', 'output_label', 'output_probability', 2e-6],
  ['wine', 'label', 'probabilities', 2e-6],
];

const goldenOf = (folder: string): Golden =>
  JSON.parse(readFileSync(join(TABULAR.path, folder, 'golden.json'), 'utf8'));

describe.skipIf(!TABULAR.isThere)(`tabular models ${TABULAR.where}`, () => {
  let jitney: RunningJitney;
  beforeAll(async () => {
    jitney = await startJitney([TABULAR.path], { args: ['--log-level', 'silent'] });
  }, 60_000);
  afterAll(() => jitney.stop());

  it.each(MODELS)('%s predicts through /v2 what its library does', async (folder, label, numbers, tolerance) => {
    const { inputs, outputs } = goldenOf(folder);
    const tensors = Object.entries(inputs).map(([name, column]) => ({
      name,
      datatype: typeof column[0] === 'string' ? 'BYTES' : 'FP32',
      shape: [column.length, Array.isArray(column[0]) ? column[0].length : 1],
      data: column,
    }));
    const { status, text } = await infer(jitney.port, folder, { inputs: tensors });
    expect(status).toBe(200);
    const answered = new Map<string, { shape: number[]; data: (number | string)[] }>(
      JSON.parse(text).outputs.map((output: { name: string }) => [output.name, output]),
    );
    if (label !== null) expect(answered.get(label)?.data).toEqual(outputs.label);
    const expected = (outputs.probabilities ?? outputs.variable ?? []).flat();
    expectClose(answered.get(numbers)?.data as number[], expected, tolerance);
  });

  it.each(MODELS)(
    '%s predicts row by row, many at a time, what it does for all at once',
    async (folder, _label, numbers) => {
      const { inputs } = goldenOf(folder);
      const names = Object.keys(inputs);
      const columns = Object.values(inputs);
      const rows = Array.from({ length: 40 }, (_, row) =>
        Object.fromEntries(names.map((name, column) => [name, [columns[column]?.[row]]])),
      );
      const all = Object.fromEntries(names.map((name) => [name, (inputs[name] ?? []).slice(0, 40)]));
      const nested = (fields: Record<string, unknown[]>) =>
        Object.fromEntries(
          Object.entries(fields).map(([name, values]) => [
            name,
            values.map((value) => (Array.isArray(value) ? value : [value])),
          ]),
        );
      const ask = async (fields: Record<string, unknown[]>) =>
        JSON.parse((await post(jitney.port, `/predict/${folder}`, { inputs: nested(fields) })).text).outputs[numbers];
      const together = await ask(all);
      const alone = await Promise.all(rows.map(ask));
      expectClose(alone.flat(2), together.flat(), 1e-6);
    },
  );

  it('maps of scikit-learn come with the names of their classes', async () => {
    const { text } = await get(jitney.port, '/v2/models/penguins-zipmap');
    expect(JSON.parse(text).outputs).toEqual([
      { name: 'output_label', datatype: 'BYTES', shape: [-1] },
      { name: 'output_probability', datatype: 'FP32', shape: [-1, -1] },
      { name: 'output_probability.labels', datatype: 'BYTES', shape: [-1, -1] },
    ]);
  });

  it('models of a library that is not served yet say how to convert them', async () => {
    for (const [folder, fix] of [
      ['xgboost-binary', /convert_xgboost/],
      ['lightgbm-binary', /convert_lightgbm/],
    ] as const) {
      const { status, text } = await get(jitney.port, `/v2/models/${folder}`);
      expect([status, text]).toEqual([503, expect.stringMatching(fix)]);
    }
  });
});

/** Every number within `tolerance` of the expected one. */
function expectClose(found: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(found).toHaveLength(expected.length);
  const largest = found.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected[i] ?? Number.NaN))), 0);
  expect(largest).toBeLessThanOrEqual(tolerance);
}
