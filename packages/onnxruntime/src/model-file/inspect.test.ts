import { execFileSync } from 'node:child_process';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JitneyError } from '@jitney/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspectModelFile } from './inspect.js';
import { MAX_FAULTS, MAX_TEXTS } from './report.js';
import {
  FLOAT,
  graph,
  INT64,
  message,
  node,
  onnxFile,
  STRING,
  tensor,
  tensorType,
  value,
  varint,
} from './testing/onnx-file.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jitney-inspect-'));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
async function written(bytes: Uint8Array): Promise<string> {
  const path = join(folder, `${++files}.onnx`);
  await writeFile(path, bytes);
  return path;
}

const inspect = async (bytes: Uint8Array) => inspectModelFile(await written(bytes));

/** An `If` whose branch is the given graph. */
const ifNode = (branch: Uint8Array) =>
  node({
    type: 'If',
    attributes: [
      message([
        [1, 'then_branch'],
        [6, branch],
        [20, 5],
      ]),
    ],
  });

describe('a model file', () => {
  it('tells versions, producer, inputs and outputs', async () => {
    const bytes = onnxFile({
      irVersion: 9,
      opsets: [
        ['', 18],
        ['ai.onnx.ml', 3],
      ],
    });
    expect(await inspect(bytes)).toMatchObject({
      bytes: bytes.length,
      irVersion: 9,
      producer: { name: 'jitney-test', version: '' },
      opsets: [
        { domain: 'ai.onnx', version: 18 },
        { domain: 'ai.onnx.ml', version: 3 },
      ],
      graph: {
        name: 'g',
        inputs: [{ name: 'x', type: 'tensor(float)' }],
        outputs: [{ name: 'y', type: 'tensor(float)' }],
      },
    });
  });

  it('tells every kind of type as ONNX Runtime writes it', async () => {
    const float = tensorType(FLOAT, null);
    const map = message([
      [
        5,
        message([
          [1, STRING],
          [2, float],
        ]),
      ],
    ]);
    const types = {
      'tensor(int4)': tensorType(22, [1]),
      'tensor(float8e4m3fn)': tensorType(17, []),
      'tensor(complex64)': tensorType(14, []),
      'tensor(type 77)': tensorType(77, []),
      'seq(tensor(float))': message([[4, message([[1, float]])]]),
      'map(string,tensor(float))': map,
      'seq(map(string,tensor(float)))': message([[4, message([[1, map]])]]),
      'optional(tensor(float))': message([[9, message([[1, float]])]]),
      'sparse_tensor(float)': message([[8, message([[1, FLOAT]])]]),
      opaque: message([[7, message([[1, 'd']])]]),
      '': message([]),
    };
    const inputs = Object.entries(types).map(([name, type]) => value(name, type));
    const report = await inspect(onnxFile({ graph: graph({ inputs }) }));
    expect(report.graph?.inputs.map(({ type }) => type)).toEqual(Object.keys(types));
  });

  it('counts operators by domain, inside nested graphs and local functions too', async () => {
    const inner = graph({
      nodes: [node({ type: 'Relu' }), ifNode(graph({ nodes: [node({ type: 'Fly', domain: 'far' })] }))],
    });
    const bytes = onnxFile({
      graph: graph({ nodes: [node({ type: 'Relu' }), ifNode(inner), node({ type: 'Twice', domain: 'own' })] }),
      functions: [
        message([
          [1, 'Twice'],
          [7, node({ type: 'Add' })],
          [10, 'own'],
        ]),
      ],
    });
    const report = await inspect(bytes);
    expect(report.operators).toEqual([
      { domain: 'ai.onnx', type: 'Relu', count: 2 },
      { domain: 'far', type: 'Fly', count: 1 },
      { domain: 'ai.onnx', type: 'If', count: 2 },
      { domain: 'own', type: 'Twice', count: 1 },
      { domain: 'ai.onnx', type: 'Add', count: 1 },
    ]);
    expect(report.functions).toEqual([{ domain: 'own', name: 'Twice' }]);
  });

  it('counts weights, those inside nodes too, and lists those in other files', async () => {
    const constant = node({
      type: 'Constant',
      inputs: [],
      attributes: [
        message([
          [1, 'value'],
          [5, tensor({ name: 'c', dims: [2], elementType: INT64, raw: new Uint8Array(16) })],
        ]),
      ],
    });
    const external = { location: 'weights.bin', offset: '64', length: '48' };
    const initializers = [
      tensor({ name: 'a', dims: [2, 3], raw: new Uint8Array(24) }),
      tensor({ name: 'w', dims: [3, 4], external }),
      tensor({ name: 'v', dims: [1000], external: { location: 'other.bin' } }),
    ];
    const report = await inspect(onnxFile({ graph: graph({ nodes: [constant], initializers }) }));
    expect(report.weights).toEqual({ count: 4, embeddedBytes: 40, externalBytes: 4048 });
    expect(report.faults).toEqual([]);
    expect(report.externalData).toEqual([
      { tensor: 'w', location: 'weights.bin', offset: 64, length: 48, declaredBytes: 48 },
      { tensor: 'v', location: 'other.bin', offset: 0, length: null, declaredBytes: 4000 },
    ]);
  });

  it('tells the first of the texts that inputs are compared with', async () => {
    const strings = (name: string, texts: readonly string[]) =>
      message([[1, name], ...texts.map((text) => [9, text] as const)]);
    const encoder = (texts: readonly string[]) =>
      node({
        type: 'OneHotEncoder',
        domain: 'ai.onnx.ml',
        attributes: [strings('nodes_modes', ['LEAF']), strings('cats_strings', texts)],
      });
    const many = Array.from({ length: 100 }, (_, i) => `${i}`);
    const report = await inspect(onnxFile({ graph: graph({ nodes: [encoder(['DE', 'FR']), encoder(many)] }) }));
    expect(report.texts).toEqual(['DE', 'FR', ...many].slice(0, MAX_TEXTS));
  });

  it('without graph, opset or IR version has a report that says so', async () => {
    expect(await inspect(message([[1, 8]]))).toMatchObject({ irVersion: 8, graph: null, opsets: [] });
    expect(await inspect(onnxFile({ irVersion: null }))).toMatchObject({ irVersion: null });
  });
});

describe('weights that contradict themselves', () => {
  const typed = (fields: Parameters<typeof message>[0]) => message([[8, 'w'], ...fields]);
  it.each([
    [
      'dimensions that ask for terabytes',
      tensor({ name: 'w', dims: [3, 2 ** 40], raw: new Uint8Array(4) }),
      /13194139533312 bytes.* holds 4/,
    ],
    ['too little data', tensor({ name: 'w', dims: [3000], raw: new Uint8Array(4) }), /12000 bytes/],
    ['too much data', tensor({ name: 'w', dims: [1], raw: new Uint8Array(8) }), /4 bytes.* holds 8/],
    ['a negative dimension', tensor({ name: 'w', dims: [-1, 3], raw: new Uint8Array(12) }), /\[-1,3\].*negative/],
    ['no data', tensor({ name: 'w', dims: [5] }), /5 elements.*at most 0/],
    [
      'too few typed floats',
      typed([
        [1, 3],
        [2, FLOAT],
        [4, new Uint8Array(8)],
      ]),
      /3 elements.*at most 2/,
    ],
    [
      'too few varints',
      typed([
        [1, 9],
        [2, INT64],
        [7, new Uint8Array(8)],
      ]),
      /9 elements.*at most 8/,
    ],
    [
      'too few strings',
      typed([
        [1, 2],
        [2, STRING],
        [6, 'one'],
      ]),
      /2 elements.*at most 1/,
    ],
    [
      'a rank above any',
      tensor({ name: 'w', dims: new Array(500).fill(1), raw: new Uint8Array(4) }),
      /more than 64 dimensions/,
    ],
    [
      'an offset that is no number',
      tensor({ name: 'w', dims: [1], external: { location: 'f', offset: '0x10' } }),
      /offset "0x10"/,
    ],
  ])('%s: the fault is named with the weight', async (_what, weight, problem) => {
    const { faults } = await inspect(onnxFile({ graph: graph({ initializers: [weight] }) }));
    expect(faults).toEqual([{ tensor: 'w', problem: expect.stringMatching(problem) }]);
  });

  it('are listed up to a bound', async () => {
    const initializers = Array.from({ length: 100 }, (_, i) => tensor({ name: `${i}`, dims: [9] }));
    expect((await inspect(onnxFile({ graph: graph({ initializers }) }))).faults).toHaveLength(MAX_FAULTS);
  });

  it('are not seen in weights that hold what they declare', async () => {
    const initializers = [
      typed([
        [1, 2],
        [2, FLOAT],
        [4, new Uint8Array(8)],
      ]),
      typed([
        [1, 2],
        [2, 14],
        [4, new Uint8Array(16)],
      ]),
      typed([
        [1, 2],
        [2, INT64],
        [7, 5],
        [7, 6],
      ]),
      typed([
        [1, 4],
        [2, 22],
        [5, Uint8Array.of(1, 2)],
      ]),
      typed([
        [1, 1],
        [2, STRING],
        [6, ''],
      ]),
      tensor({ name: 'w', dims: [3], elementType: 22, raw: new Uint8Array(2) }),
      tensor({ name: 'w', dims: [0, 7] }),
      tensor({ name: 'w', dims: [], raw: new Uint8Array(4) }),
    ];
    expect((await inspect(onnxFile({ graph: graph({ initializers }) }))).faults).toEqual([]);
  });
});

describe('a large file', () => {
  /** A field whose length counts `beyond` bytes after `prefix`, which are holes in the file. */
  const opened = (field: number, prefix: Uint8Array, beyond: number) =>
    Buffer.concat([varint((BigInt(field) << 3n) | 2n), varint(BigInt(prefix.length + beyond)), prefix]);

  it('of 5 GB of weights is read in its first and last kilobytes', async () => {
    const weightBytes = 5 * 2 ** 30;
    const head = message([
      [1, weightBytes / 4],
      [2, FLOAT],
      [8, 'w'],
    ]);
    const weight = opened(5, Buffer.concat([head, opened(9, new Uint8Array(0), weightBytes)]), weightBytes);
    const path = join(folder, 'large.onnx');
    const prefix = Buffer.concat([message([[1, 8]]), opened(7, weight, weightBytes)]);
    const file = await open(path, 'w');
    await file.write(prefix, 0, prefix.length, 0);
    const tail = message([[8, message([[2, 17]])]]);
    await file.write(tail, 0, tail.length, prefix.length + weightBytes);
    await file.close();
    const report = await inspectModelFile(path);
    await rm(path);
    expect(report.weights).toEqual({ count: 1, embeddedBytes: weightBytes, externalBytes: 0 });
    expect(report.opsets).toEqual([{ domain: 'ai.onnx', version: 17 }]);
  });

  it('of more names than the report may hold is refused', async () => {
    const inputs = Array.from({ length: 4000 }, (_, i) => value(`${i}${'x'.repeat(4000)}`, tensorType(FLOAT, null)));
    await expect(inspect(onnxFile({ graph: graph({ inputs }) }))).rejects.toThrow('more than 16 MiB');
  });
});

describe('a path that holds no readable model', () => {
  it('is refused with file, stage, cause and fix', async () => {
    await expect(inspectModelFile(join(folder, 'nowhere.onnx'))).rejects.toMatchObject({
      code: 'INVALID_MODEL',
      message: `file ${join(folder, 'nowhere.onnx')}, stage read: it cannot be read (ENOENT). Fix: check that the path is right.`,
    });
    await expect(inspectModelFile(folder)).rejects.toThrow('it is a folder. Fix: name the .onnx file itself');
    await expect(inspect(Buffer.from('hello'))).rejects.toThrow('it is not an ONNX model: it is plain text');
  });

  it.skipIf(process.platform === 'win32')(
    'such as a named pipe, which nobody writes to, is refused at once',
    async () => {
      const path = join(folder, 'pipe.onnx');
      execFileSync('mkfifo', [path]);
      await expect(inspectModelFile(path)).rejects.toThrow('not a regular file');
    },
  );

  it('ends with CANCELLED once aborted', async () => {
    const path = await written(onnxFile());
    await expect(inspectModelFile(path, AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('a damaged model', () => {
  it('cut anywhere or changed anywhere ends in a report or in INVALID_MODEL', async () => {
    const whole = onnxFile({
      graph: graph({
        nodes: [ifNode(graph({})), node({ type: 'Fly', domain: 'far' })],
        initializers: [
          tensor({ name: 'w', dims: [3, 4], external: { location: 'weights.bin', offset: '1', length: '48' } }),
        ],
      }),
    });
    const byte = fc.record({ at: fc.nat(whole.length - 1), to: fc.nat(255) });
    const path = join(folder, 'damaged.onnx');
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length), fc.array(byte, { maxLength: 4 }), async (length, changes) => {
        const bytes = Uint8Array.from(whole.subarray(0, length));
        for (const { at, to } of changes) if (at < length) bytes[at] = to;
        await writeFile(path, bytes);
        const ended = await inspectModelFile(path).catch((thrown: unknown) => thrown);
        if (ended instanceof Error) {
          expect(ended).toBeInstanceOf(JitneyError);
          expect(ended).toMatchObject({
            code: 'INVALID_MODEL',
            message: expect.stringMatching(/^file .*, stage read: .* Fix: /),
          });
        } else expect(ended).toMatchObject({ bytes: length });
      }),
      { numRuns: 500 },
    );
  });
});
