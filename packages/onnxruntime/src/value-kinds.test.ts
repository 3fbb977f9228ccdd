import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createSession, type MapValue, type SequenceValue, type Session, type Value } from './index.js';
import { zipMapModel } from './testing/models.js';
import { buildModel, type TypeDeclaration } from './testing/onnx-writer.js';
import { bool, bytes, fp32, int64, numbers } from './testing/tensors.js';

const opened: Session[] = [];

async function open(model: Uint8Array): Promise<Session> {
  const session = await createSession(model, { intraOpThreads: 1 });
  opened.push(session);
  return session;
}

afterAll(async () => {
  await Promise.all(opened.map((session) => session.dispose()));
});

const MODES = ['sync', 'async'] as const;
const FLOATS: TypeDeclaration = { kind: 'tensor', elementType: 1, shape: null };
const ONE_FLOAT: TypeDeclaration = { kind: 'tensor', elementType: 1, shape: [2] };

describe("scikit-learn's ZipMap: a sequence of maps", () => {
  it('tells its type', async () => {
    const session = await open(zipMapModel(['cat', 'dog']));
    expect(session.outputs).toEqual([
      {
        name: 'probabilities',
        kind: 'sequence',
        element: { kind: 'map', key: 'BYTES', value: 'FP32' },
        optional: false,
      },
    ]);
  });

  it('gives for each row the labels and their probabilities', async () => {
    const session = await open(zipMapModel(['cat', 'dog', 'é']));
    for (const mode of MODES) {
      const [result] = await session.run([fp32('x', [2, 3], 1, 2, 3, 4, 5, 6)], { mode });
      const row = (...values: number[]) => ({
        name: '',
        kind: 'map',
        keys: bytes('', [3], 'cat', 'dog', 'é'),
        values: fp32('', [3], ...values),
      });
      expect(result).toEqual({ name: 'probabilities', kind: 'sequence', items: [row(1, 2, 3), row(4, 5, 6)] });
    }
  });

  it('knows integer labels, sorted as the runtime keeps them', async () => {
    const session = await open(zipMapModel([7n, -2n]));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 50 }), fc.constantFrom(...MODES), async (rows, mode) => {
        const x = fp32('x', [rows, 2], ...Array.from({ length: rows * 2 }, (_, index) => index));
        const [result] = (await session.run([x], { mode })) as [SequenceValue];
        const maps = result.items as readonly MapValue[];
        expect(maps.map(({ keys }) => keys)).toEqual(maps.map(() => int64('', [2], -2, 7)));
        expect(maps.map(({ values }) => numbers(values))).toEqual(maps.map((_, row) => [row * 2 + 1, row * 2]));
        expect(maps).toHaveLength(rows);
      }),
      { numRuns: 20 },
    );
  });
});

describe('a sequence of tensors', () => {
  it('goes in and comes out, each with its own shape', async () => {
    const session = await open(
      buildModel({
        inputs: [{ name: 'x', type: { kind: 'sequence', element: FLOATS } }],
        outputs: [{ name: 'y', type: { kind: 'sequence', element: FLOATS } }],
        nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
      }),
    );
    const items = [fp32('', [1], 1), fp32('', [2, 1], 2, 3), fp32('', [0])];
    for (const mode of MODES) {
      expect(await session.run([{ name: 'x', kind: 'sequence', items }], { mode })).toEqual([
        { name: 'y', kind: 'sequence', items },
      ]);
    }
  });

  it('of no items can come out, but not go in', async () => {
    const session = await open(
      buildModel({
        inputs: [{ name: 'x', type: { kind: 'sequence', element: FLOATS } }],
        outputs: [{ name: 'y', type: { kind: 'sequence', element: FLOATS } }],
        nodes: [{ op: 'SequenceErase', inputs: ['x'], outputs: ['y'] }],
      }),
    );
    const one: Value = { name: 'x', kind: 'sequence', items: [fp32('', [1], 1)] };
    expect(await session.run([one])).toEqual([{ name: 'y', kind: 'sequence', items: [] }]);
    expect(() => session.run([{ ...one, items: [] }])).toThrow(/"x" is an empty sequence/);
  });

  it('refuses items that are not what the model takes, by name', async () => {
    const session = await open(
      buildModel({
        inputs: [{ name: 'x', type: { kind: 'sequence', element: FLOATS } }],
        outputs: [{ name: 'y', type: { kind: 'sequence', element: FLOATS } }],
        nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
      }),
    );
    const wrong = (value: Value) => expect(() => session.run([value])).toThrow(/Input "x" must be/);
    wrong(fp32('x', [1], 1));
    wrong({ name: 'x', kind: 'map', keys: int64('', [1], 1), values: fp32('', [1], 1) });
    wrong({ name: 'x', kind: 'sequence', items: [int64('', [1], 1)] });
  });
});

describe('a map', () => {
  const model = () =>
    buildModel({
      opsets: { 'ai.onnx.ml': 3 },
      inputs: [{ name: 'x', type: { kind: 'map', keyType: 8, value: { kind: 'tensor', elementType: 1, shape: [] } } }],
      outputs: [{ name: 'y', dtype: 'FP32', shape: [1, 3] }],
      nodes: [
        {
          op: 'DictVectorizer',
          domain: 'ai.onnx.ml',
          inputs: ['x'],
          outputs: ['y'],
          attributes: { string_vocabulary: { strings: ['a', 'b', 'c'] } },
        },
      ],
    });

  it('goes in', async () => {
    const session = await open(model());
    const x: Value = { name: 'x', kind: 'map', keys: bytes('', [2], 'c', 'a'), values: fp32('', [2], 3, 1) };
    for (const mode of MODES) expect(numbers((await session.run([x], { mode }))[0])).toEqual([1, 0, 3]);
  });

  it('is refused with more keys than values', async () => {
    const session = await open(model());
    const x: Value = { name: 'x', kind: 'map', keys: bytes('', [2], 'c', 'a'), values: fp32('', [1], 3) };
    expect(() => session.run([x])).toThrow(/"x" has 2 keys, but 1 values/);
  });
});

describe('an optional', () => {
  it('goes in as what it holds, and is refused empty', async () => {
    const session = await open(
      buildModel({
        inputs: [{ name: 'x', type: { kind: 'optional', element: ONE_FLOAT } }],
        outputs: [{ name: 'y', dtype: 'BOOL', shape: [] }],
        nodes: [{ op: 'OptionalHasElement', inputs: ['x'], outputs: ['y'] }],
      }),
    );
    expect(session.inputs).toEqual([
      { name: 'x', kind: 'optional', element: { kind: 'tensor', dtype: 'FP32', shape: [2] }, optional: false },
    ]);
    for (const mode of MODES) {
      expect(await session.run([fp32('x', [2], 1, 2)], { mode })).toEqual([bool('y', [], true)]);
    }
    expect(() => session.run([{ name: 'x', kind: 'none' }])).toThrow(/"x" is an empty optional/);
    expect(() => session.run([fp32('x', [3], 1, 2, 3)])).toThrow(/"x" must have shape \[2\]/);
  });

  it('comes out as what it holds, or as none', async () => {
    const optional: TypeDeclaration = { kind: 'optional', element: ONE_FLOAT };
    const session = await open(
      buildModel({
        inputs: [{ name: 'x', dtype: 'FP32', shape: [2] }],
        outputs: [
          { name: 'full', type: optional },
          { name: 'empty', type: optional },
        ],
        nodes: [
          { op: 'Optional', inputs: ['x'], outputs: ['full'] },
          { op: 'Optional', outputs: ['empty'], attributes: { type: { type: ONE_FLOAT } } },
        ],
      }),
    );
    for (const mode of MODES) {
      expect(await session.run([fp32('x', [2], 1, 2)], { mode })).toEqual([
        fp32('full', [2], 1, 2),
        { name: 'empty', kind: 'none' },
      ]);
    }
  });
});

describe('a type that ONNX has and this package has not', () => {
  const FLOAT8: TypeDeclaration = { kind: 'tensor', elementType: 17, shape: ['n'] };
  const model = () =>
    buildModel({
      opsets: { '': 19 },
      irVersion: 9,
      inputs: [{ name: 'x', dtype: 'FP32', shape: ['n'] }],
      outputs: [
        { name: 'small', type: FLOAT8 },
        { name: 'y', dtype: 'FP32', shape: ['n'] },
      ],
      nodes: [
        { op: 'Cast', inputs: ['x'], outputs: ['small'], attributes: { to: { int: 17 } } },
        { op: 'Identity', inputs: ['x'], outputs: ['y'] },
      ],
    });

  it('is named in the signature', async () => {
    const session = await open(model());
    expect(session.outputs[0]).toEqual({
      name: 'small',
      kind: 'unsupported',
      typeName: 'tensor(float8e4m3fn)',
      optional: false,
    });
  });

  it('cannot be read, and says so before the run; the other outputs can', async () => {
    const session = await open(model());
    expect(() => session.run([fp32('x', [1], 1)])).toThrow(/"small" is a tensor\(float8e4m3fn\)/);
    expect(await session.run([fp32('x', [1], 1)], { outputs: ['y'] })).toEqual([fp32('y', [1], 1)]);
  });

  it('cannot be given', async () => {
    const session = await open(
      buildModel({
        opsets: { '': 19 },
        irVersion: 9,
        inputs: [{ name: 'x', type: FLOAT8 }],
        outputs: [{ name: 'y', dtype: 'FP32', shape: ['n'] }],
        nodes: [{ op: 'Cast', inputs: ['x'], outputs: ['y'], attributes: { to: { int: 1 } } }],
      }),
    );
    const x: Value = { name: 'x', dtype: 'UINT8', shape: [1], data: Uint8Array.of(1) };
    expect(() => session.run([x])).toThrow(/"x" is a tensor\(float8e4m3fn\), which cannot be given/);
  });
});
