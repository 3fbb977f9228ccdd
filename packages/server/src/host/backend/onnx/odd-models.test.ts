import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Batching, Dtype, Model, NumericArray, NumericDtype, Tensor } from '@jitney/core';
import { describe, expect, it } from 'vitest';
import { bitPatterns, NUMERIC_DTYPES } from '../../../../../onnxruntime/src/testing/models.js';
import { bytes, fp32, int64 } from '../../../../../onnxruntime/src/testing/tensors.js';
import { judgeBatching } from '../../self-check.js';
import { createOnnxBackend } from './index.js';

/** Odd and hostile files that lie beside the project on some machines; its README says what each must get. */
const SHARED = process.env.JITNEY_SHARED ?? fileURLToPath(new URL('../../../../../../../shared', import.meta.url));
const ODD = join(SHARED, 'models', 'odd');
const isThere = existsSync(ODD);
/** Says in the report why nothing ran. */
const WHERE = isThere ? 'beside the project' : `beside the project: absent, looked for in ${ODD}`;
const signal = new AbortController().signal;

const load = (file: string): Promise<Model> =>
  createOnnxBackend().load(
    { model: 'odd', version: '1', path: join(ODD, file), root: dirname(join(ODD, file)) },
    {},
    signal,
  );

async function withModel<T>(file: string, use: (model: Model) => T | Promise<T>): Promise<T> {
  const model = await load(file);
  try {
    return await use(model);
  } finally {
    await model.close();
  }
}

const run = (file: string, ...tensors: Tensor[]) =>
  withModel(file, async (model) => model.run({ tensors, outputs: null }, signal));

/** Refused at load: words that the one error must hold. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  'bad-empty.onnx': /stage read: .*empty \(0 bytes\)/,
  'bad-truncated.onnx': /stage read: it is cut short or damaged/,
  'bad-text.onnx': /plain text/,
  'bad-lies.onnx': /claims 4294967295 bytes/,
  'bad-noise.onnx': /in no format that is known/,
  'bad-html.onnx': /an HTML page/,
  'bad-pickle.onnx': /a Python pickle .* Fix: .*torch\.onnx\.export/,
  'bad-zip.onnx': /a PyTorch archive .* Fix: .*torch\.onnx\.export/,
  'bad-tflite.onnx': /a TensorFlow Lite model/,
  'bad-safetensors.onnx': /safetensors file: weights without a graph/,
  'bad-gguf.onnx': /a GGUF model/,
  'bad-lfs-pointer.onnx': /a Git LFS pointer.* Fix: run "git lfs pull"/,
  'bad-deep.onnx': /more than 100 levels/,
  'bad-weight-huge.onnx': /weight "w" .*13194139533312 bytes/,
  'bad-weight-short.onnx': /weight "w" .*12000 bytes, and the file holds 4/,
  'bad-weight-negative.onnx': /weight "w" .*\[-1,3\].*negative/,
  'external-missing.onnx': /nowhere\.bin is missing/,
  'external-outside.onnx': /stage validate: .*outside the model's folder/,
  'external-absolute.onnx': /stage validate: .*"\/etc\/hostname", an absolute path/,
  'external/short.onnx': /ends at byte 138 of "weights\.bin", which has 96/,
  'external/huge.onnx': /needs 48 bytes .* claims 4611686018427388000/,
  'external/negative.onnx': /offset -8/,
  'unknown-op.onnx': /operator "FlyToTheMoon" of the domain "com\.example".*custom-op library/,
  'opset-too-new.onnx': /needs opset 99 .* supports up to \d+/,
  'ir-too-new.onnx': /IR version is 99, .* reads up to \d+/,
  'no-graph.onnx': /holds no graph/,
  'no-opset.onnx': /no operator set/,
  'sequence-output.onnx': /output "y" is of type seq\(tensor\(float\)\)/,
  'sequence-input.onnx': /input "x" is of type seq\(tensor\(float\)\)/,
  'optional-type.onnx': /input "x" is of type optional\(tensor\(float\)\)/,
  'map-input.onnx': /input "x" is of type map\(string,tensor\(float\)\)/,
  'identity-fp8e4m3fn.onnx': /input "x" is of type tensor\(float8e4m3fn\)/,
  'identity-int4.onnx': /input "x" is of type tensor\(int4\)/,
  'identity-complex64.onnx': /input "x" is of type tensor\(complex64\)/,
  'wrong-types.onnx': /stage session: .*\(Add\).*tensor\(float\) and tensor\(int64\) in node/,
  'cycle.onnx': /stage session: .*not acyclic/,
  'missing-tensor.onnx': /stage session: .*'nobody'/,
  'named-twice.onnx': /stage session: .*Duplicate definition of name \(y\)/,
  'bad-header.gguf': /a GGUF model/,
  'bad-version.gguf': /a GGUF model/,
  'bad-endian.gguf': /a GGUF model/,
  'bad-truncated.gguf': /a GGUF model/,
  'bad-string.gguf': /a GGUF model/,
  'bad-array.gguf': /a GGUF model/,
  'bad-nesting.gguf': /a GGUF model/,
  'bad-architecture.gguf': /a GGUF model/,
  'bad-offset.gguf': /a GGUF model/,
};

const ROWS = 'rows';
const WHOLE = 'whole';

/** Served: whether rows ride together, and for what reason they do not. */
const SERVED: Readonly<Record<string, readonly [mode: Batching['mode'], reason?: RegExp]>> = {
  ...Object.fromEntries(
    [
      'bool',
      'uint8',
      'int8',
      'uint16',
      'int16',
      'uint32',
      'int32',
      'uint64',
      'int64',
      'fp16',
      'bf16',
      'fp32',
      'fp64',
      'string',
    ].map((type) => [`identity-${type}.onnx`, [ROWS] as const]),
  ),
  'many-dtypes.onnx': [ROWS],
  'scalar.onnx': [WHOLE, /scalars/],
  'fixed-batch.onnx': [WHOLE, /fixed at 4/],
  'batch-named-twice.onnx': [WHOLE, /"n" twice/],
  'sum-over-batch.onnx': [WHOLE, /no batch dimension/],
  'mixes-rows.onnx': [WHOLE, /rows influence each other/],
  'two-axes.onnx': [WHOLE, /\[b,a\]/],
  'zero-rows.onnx': [ROWS],
  'nonzero.onnx': [WHOLE, /no batch dimension/],
  'divide.onnx': [WHOLE, /divides whole numbers \(Div\)/],
  'slow.onnx': [WHOLE, /fixed at 64/],
  'huge-output.onnx': [WHOLE, /rank of output "y"/],
  'huge-middle.onnx': [WHOLE, /fixed at 1/],
  'string-split.onnx': [ROWS],
  'optional-input.onnx': [ROWS],
  'external/model.onnx': [ROWS],
  'map-output.onnx': [ROWS],
  'label-encoder.onnx': [ROWS],
  'zero-dim.onnx': [WHOLE, /fixed at 0/],
  'no-rank.onnx': [WHOLE, /rank of input "x"/],
  'no-names.onnx': [ROWS, /free dimensions of 4 and 7/],
  'dims-lie.onnx': [ROWS],
  'symbol-names.onnx': [WHOLE, /differ in their first dimension/],
  'batch-last.onnx': [WHOLE, /\[3,n\] is not the first/],
  'batch-one.onnx': [WHOLE, /fixed at 1/],
  'two-batches.onnx': [WHOLE, /\[n,3\] and "b" \[m,3\]/],
  'shared-input.onnx': [ROWS],
  'nan-inf.onnx': [ROWS],
  'random.onnx': [WHOLE, /two equal runs answer differently/],
  'tensor-names.onnx': [ROWS],
  'no-inputs.onnx': [WHOLE, /no inputs/],
  'pass-through.onnx': [ROWS],
  'many-outputs.onnx': [ROWS],
  'local-function.onnx': [ROWS],
  'metadata.onnx': [ROWS],
  'bad-onnx.gguf': [WHOLE, /fixed at 4/],
};

describe.skipIf(!isThere)(`the odd models ${WHERE}`, () => {
  it('are all accounted for', () => {
    const files = readdirSync(ODD, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(onnx|gguf)$/.test(file));
    expect(files.sort()).toEqual([...Object.keys(REFUSED), ...Object.keys(SERVED)].sort());
  });

  it.each(Object.entries(REFUSED))('%s is refused with model, file, stage, cause and fix', async (file, message) => {
    const error = await load(file).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'INVALID_MODEL', message: expect.stringMatching(message) });
    const form = `Model odd@1: file ${join(ODD, file)}, stage (read|validate|session|signature): [^]+ Fix: .+\\.$`;
    expect((error as Error).message).toMatch(new RegExp(form));
  });

  it.each(Object.entries(SERVED))('%s is served, its rows judged', async (file, [mode, reason]) => {
    const batching = await withModel(file, (model) => judgeBatching(model, { enabled: true, maxRows: 8 }, signal));
    expect(batching.mode).toBe(mode);
    if (reason !== undefined) expect(batching.reason).toMatch(reason);
  });
});

describe.skipIf(!isThere)(`verdicts on odd models ${WHERE}`, () => {
  const judge = (file: string) =>
    withModel(file, (model) => judgeBatching(model, { enabled: true, maxRows: 8 }, signal));

  it('tell one row a run from no rows', async () => {
    expect(await judge('batch-one.onnx')).toMatchObject({ maxRows: 1 });
    expect(await judge('fixed-batch.onnx')).toMatchObject({ maxRows: null });
  });

  it('name the inputs that requests must share', async () => {
    expect(await judge('shared-input.onnx')).toMatchObject({ shared: ['bias'] });
    expect(await judge('optional-input.onnx')).toMatchObject({ shared: ['lo'] });
  });
});

describe.skipIf(!isThere)(`answers of odd models ${WHERE}`, () => {
  const FILES: Readonly<Record<NumericDtype, string>> = {
    BOOL: 'bool',
    UINT8: 'uint8',
    INT8: 'int8',
    UINT16: 'uint16',
    INT16: 'int16',
    UINT32: 'uint32',
    INT32: 'int32',
    UINT64: 'uint64',
    INT64: 'int64',
    FP16: 'fp16',
    BF16: 'bf16',
    FP32: 'fp32',
    FP64: 'fp64',
  };
  const bits = ({ data }: Tensor) => {
    const { buffer, byteOffset, byteLength } = data as NumericArray;
    return Buffer.from(buffer, byteOffset, byteLength);
  };
  const only = (tensors: Tensor[]): Tensor => {
    expect(tensors).toHaveLength(1);
    return tensors[0] as Tensor;
  };

  it.each(NUMERIC_DTYPES)('of %s come back bit for bit', async (dtype) => {
    const x: Tensor = { name: 'x', dtype, shape: [7, 3], data: bitPatterns(dtype, 21, 1) };
    const y = only(await run(`identity-${FILES[dtype]}.onnx`, x));
    expect(y).toMatchObject({ name: 'y', dtype, shape: [7, 3] });
    expect(bits(y).equals(bits(x))).toBe(true);
  });

  it('of texts come back byte for byte', async () => {
    const x = bytes('x', [1, 3], '日本', '', Uint8Array.of(0, 255, 10));
    expect(only(await run('identity-string.onnx', x))).toEqual({ ...x, name: 'y' });
  });

  it('of fourteen dtypes at once keep theirs', async () => {
    const outputs = await withModel('many-dtypes.onnx', async (model) => {
      const tensors = model.signature.inputs.map(
        ({ name, dtype }): Tensor =>
          dtype === 'BYTES'
            ? bytes(name, [1, 2], 'a', 'b')
            : { name, dtype, shape: [1, 2], data: bitPatterns(dtype, 2, 2) },
      );
      return model.run({ tensors, outputs: null }, signal);
    });
    expect(new Set(outputs.map(({ dtype }): Dtype => dtype)).size).toBe(14);
  });

  it('of no rows have no rows', async () => {
    expect(only(await run('zero-rows.onnx', fp32('x', [0, 3])))).toEqual(fp32('y', [0, 3]));
    expect(only(await run('zero-dim.onnx', fp32('x', [0, 3])))).toEqual(fp32('y', [0, 3]));
  });

  it('of maps are values and labels, one row a row', async () => {
    const [values, labels] = await run('map-output.onnx', fp32('x', [2, 3], 1, 0, 0, 0, 1, 0));
    expect([values?.shape, labels?.shape]).toEqual([
      [2, 3],
      [2, 3],
    ]);
    expect(labels).toEqual(bytes('y.labels', [2, 3], 'bus', 'cat', 'dog', 'bus', 'cat', 'dog'));
    const [, cat, , , , dog] = (values as Tensor).data as Float32Array;
    expect(cat).toBeCloseTo(0.57611692, 6);
    expect(dog).toBeCloseTo(0.57611692, 6);
  });

  it('of texts encoded as numbers are those numbers', async () => {
    const y = only(await run('label-encoder.onnx', bytes('x', [1, 3], 'a', 'b', 'c')));
    expect(y).toEqual(int64('y', [1, 3], 1, 2, -1));
  });

  it('that are not finite stay so', async () => {
    const y = only(await run('nan-inf.onnx', fp32('x', [1, 3], 1, 0, -1)));
    expect([...(y.data as Float32Array)]).toEqual([0, Number.NEGATIVE_INFINITY, Number.NaN]);
  });

  it('of a model that lies about its shape have the true one', async () => {
    expect(only(await run('dims-lie.onnx', fp32('x', [2, 3], 1, 1, 1, 1, 1, 1))).shape).toEqual([2, 3]);
  });

  it('without an optional input use its default', async () => {
    const x = fp32('x', [1, 3], -1, 0.5, 2);
    const byDefault = only(await run('optional-input.onnx', x));
    const lo = fp32('lo', [], 1);
    expect(byDefault).not.toEqual(only(await run('optional-input.onnx', x, lo)));
  });

  it('of a model with weights beside it use them', async () => {
    expect(only(await run('external/model.onnx', fp32('x', [1, 3], 0, 0, 0)))).toEqual(fp32('y', [1, 4], 0, 0, 0, 0));
    expect(only(await run('external/model.onnx', fp32('x', [1, 3], 1, 1, 1))).data).not.toEqual(new Float32Array(4));
  });

  it('of any rank come from a model that names none', async () => {
    expect(only(await run('no-rank.onnx', fp32('x', [1, 1, 2], 1, 2))).shape).toEqual([1, 1, 2]);
  });

  it('come without inputs where there are none', async () => {
    expect(only(await run('no-inputs.onnx'))).toEqual(fp32('y', [3], 0, 1, 2));
  });

  it('pass inputs on that are outputs too', async () => {
    const outputs = await run('pass-through.onnx', fp32('x', [1, 3], -1, -2, 3));
    expect(outputs).toEqual([fp32('y', [1, 3], 0, 0, 3), fp32('x', [1, 3], -1, -2, 3)]);
  });

  it('are the three that were asked for of two hundred', async () => {
    const outputs = await withModel('many-outputs.onnx', async (model) =>
      model.run({ tensors: [fp32('x', [1, 3], 1, 2, 3)], outputs: ['y199', 'y000', 'y002'] }, signal),
    );
    expect(outputs).toEqual([
      fp32('y199', [1, 3], 199, 398, 597),
      fp32('y000', [1, 3], 0, 0, 0),
      fp32('y002', [1, 3], 2, 4, 6),
    ]);
  });

  it('bear names of any kind exactly', async () => {
    const names = await withModel('tensor-names.onnx', async (model) => {
      const tensors = model.signature.inputs.map(({ name }, i) => fp32(name, [1, 3], i, i, i));
      const outputs = await model.run({ tensors, outputs: null }, signal);
      return outputs.map(({ name, data }) => [name, (data as Float32Array)[0]]);
    });
    expect(names).toEqual(
      ['serving_default/x:0', 'a b', 'y"]}', '../../up', '__proto__', 'constructor', '日本語']
        .map((name, i) => [`out:${name}`, i])
        .concat([[`out:${'x'.repeat(300)}`, 7]]),
    );
  });

  it('come from another first dimension than the fixed one as a refusal', async () => {
    await expect(run('fixed-batch.onnx', fp32('x', [1, 3], 1, 2, 3))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(run('batch-one.onnx', fp32('x', [2, 3], 1, 2, 3, 1, 2, 3))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('that would need more memory than there is are an error, and the process goes on', async () => {
    await expect(run('huge-output.onnx', int64('s', [2], 1_000_000, 1_000_000))).rejects.toMatchObject({
      code: 'MODEL_ERROR',
    });
    expect(only(await run('huge-output.onnx', int64('s', [2], 2, 3))).shape).toEqual([2, 3]);
  });

  it('that never come end with the signal', async () => {
    const abort = new AbortController();
    const ended = withModel('slow.onnx', (model) => {
      const tensors = [int64('k', [], 10n ** 12n), fp32('x', [64, 64], ...new Float32Array(4096))];
      const running = model.run({ tensors, outputs: null }, abort.signal);
      setImmediate(() => abort.abort());
      return running;
    });
    await expect(ended).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
