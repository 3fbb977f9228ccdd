import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Batching, DtypeArrays, ModelDefinition, NumericDtype, Signature, Tensor } from '@jitney/core';
import { createSession, isTensor, type Session } from '@jitney/onnxruntime';
import { expect } from 'vitest';
import { createScriptPipeline } from '../../packages/server/src/host/pipeline/script.js';

/** Values as the training script wrote them: those of one tensor, row-major. */
export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** `golden.json`: what Python's onnxruntime made of the model, as tensors and as `/predict` answers. */
export interface Golden<Answer> {
  /** Largest difference from any value here. */
  readonly tolerance: number;
  readonly tensors: {
    readonly inputs: Readonly<Record<string, GoldenTensor>>;
    readonly outputs: Readonly<Record<string, GoldenTensor>>;
  };
  readonly predict: ReadonlyArray<{ readonly name: string; readonly input: unknown; readonly answer: Answer }>;
}

/** An example with its session, wired as a host wires them, without a server around it. */
export interface Example<Answer> {
  readonly golden: Golden<Answer>;
  /** Runs tensors, as the tensor API does. */
  run(inputs: Readonly<Record<string, GoldenTensor>>): Promise<ReadonlyMap<string, Tensor>>;
  /** Answers one item, as `/predict` does. */
  predict(input: unknown): Promise<unknown>;
  close(): Promise<void>;
}

/** @param folder URL of the example's folder, ending in `/`. */
export async function openExample<Answer>(folder: URL, definition: ModelDefinition): Promise<Example<Answer>> {
  const golden = JSON.parse(await readFile(new URL('golden.json', folder), 'utf8')) as Golden<Answer>;
  const session = await createSession(fileURLToPath(new URL(definition.model, folder)));
  const signature = signatureOf(session);
  const log = { info() {}, warn() {}, error() {} };
  const pipeline = createScriptPipeline(definition, { signature, batching: WHOLE }, () => log);
  const context = { requestId: 'golden', parameters: {}, signal: new AbortController().signal };
  return {
    golden,
    async run(inputs) {
      const feeds = signature.inputs.map(({ name, dtype }) => tensorFrom(name, dtype as NumericDtype, inputs[name]!));
      return new Map((await session.run(feeds)).filter(isTensor).map((tensor) => [tensor.name, tensor]));
    },
    async predict(input) {
      const { tensors, carry } = await pipeline.encode(input, context);
      const outputs = (await session.run(tensors)).filter(isTensor);
      return pipeline.decode(outputs, carry, context);
    },
    close: () => session.dispose(),
  };
}

/** The answer that the example's README shows first. */
export async function answerInReadme(folder: URL): Promise<unknown> {
  const readme = await readFile(new URL('README.md', folder), 'utf8');
  return JSON.parse(readme.match(/```json\n(.*?)```/s)?.[1] as string);
}

/** Nothing here joins the rows of several requests. */
const WHOLE: Batching = { mode: 'whole', maxRows: null, reason: 'an example by itself' };

/** Every golden output is met within the tolerance, all rows in one run and each row alone. */
export async function expectGoldenTensors(example: Example<unknown>): Promise<void> {
  const { inputs, outputs } = example.golden.tensors;
  const rows = Object.values(inputs)[0]?.shape[0] as number;
  const ranges = [{ from: 0, to: rows }, ...Array.from({ length: rows }, (_, row) => ({ from: row, to: row + 1 }))];
  for (const { from, to } of ranges) {
    const found = await example.run(mapValues(inputs, (tensor) => rowsOf(tensor, from, to)));
    for (const [name, tensor] of Object.entries(outputs)) {
      expectClose(
        found.get(name),
        rowsOf(tensor, from, to),
        example.golden.tolerance,
        `${name}, rows ${from} to ${to}`,
      );
    }
  }
}

function expectClose(found: Tensor | undefined, expected: GoldenTensor, tolerance: number, where: string): void {
  expect(found?.shape, where).toEqual(expected.shape);
  const values = found?.data as Float32Array;
  const worst = Math.max(...expected.data.map((value, i) => Math.abs(value - (values[i] as number))));
  expect(worst, where).toBeLessThanOrEqual(tolerance);
}

function rowsOf({ shape, data }: GoldenTensor, from: number, to: number): GoldenTensor {
  const width = data.length / (shape[0] as number);
  return { shape: [to - from, ...shape.slice(1)], data: data.slice(from * width, to * width) };
}

function tensorFrom<D extends NumericDtype>(name: string, dtype: D, { shape, data }: GoldenTensor): Tensor {
  const values: DtypeArrays[NumericDtype] =
    dtype === 'INT64' ? BigInt64Array.from(data, BigInt) : Float32Array.from(data);
  return { name, dtype, shape, data: values };
}

function signatureOf(session: Session): Signature {
  const specs = (values: Session['inputs']) =>
    values.map((value) => {
      if (value.kind !== 'tensor') throw new TypeError(`${value.name} is no tensor`);
      return { name: value.name, dtype: value.dtype, shape: value.shape, optional: value.optional };
    });
  return { inputs: specs(session.inputs), outputs: specs(session.outputs) };
}

function mapValues<T>(record: Readonly<Record<string, T>>, change: (value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
