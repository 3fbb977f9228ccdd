import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  createSession,
  type GraphOptimization,
  inspectModelFile,
  listProviders,
  runtimeVersion,
  type SessionOptions,
} from './index.js';
import { resolveSessionOptions } from './session-options.js';
import { addModel } from './testing/models.js';
import { buildModel } from './testing/onnx-writer.js';
import { fp32, numbers } from './testing/tensors.js';

const folder = mkdtempSync(join(tmpdir(), 'jitney-options-'));

afterAll(() => rmSync(folder, { recursive: true }));

const refusal = (options: unknown): string => {
  try {
    resolveSessionOptions(options as SessionOptions);
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_CONFIG' });
    return (error as Error).message;
  }
  throw new Error('was not refused');
};

/** Makes a session and ends it; what it ran gave sums. */
async function opens(options: SessionOptions): Promise<void> {
  const session = await createSession(addModel(), options);
  try {
    const [sum] = await session.run([fp32('a', [1, 2], 1, 2), fp32('b', [1, 2], 3, 4)]);
    expect(numbers(sum)).toEqual([4, 6]);
  } finally {
    await session.dispose();
  }
}

describe('session options that are wrong', () => {
  it('an unknown one is refused with those that are known', () => {
    expect(refusal({ intraOpNumThreads: 2 })).toMatch(
      /Unknown session option "intraOpNumThreads"\. Known: intraOpThreads,/,
    );
    expect(refusal(JSON.parse('{"__proto__": 1}'))).toContain('Unknown session option "__proto__"');
  });

  it.each([
    [{ intraOpThreads: 0 }, 'intraOpThreads must be a whole number from 1 to 1024, got 0.'],
    [{ spinUs: -1 }, 'spinUs must be a whole number from 0 to 1000000, got -1.'],
    [{ spinUs: 0.5 }, 'spinUs must be a whole number'],
    [{ interOpThreads: 1.5 }, 'interOpThreads must be a whole number'],
    [{ executionMode: 'both' }, 'executionMode must be one of sequential, parallel, got "both".'],
    [{ graphOptimization: 99 }, 'graphOptimization must be one of'],
    [{ logLevel: 'loud' }, 'logLevel must be one of'],
    [{ runMode: 'fast' }, 'runMode must be one of'],
    [{ memoryArena: 1 }, 'memoryArena must be true or false'],
    [{ memoryPattern: 'no' }, 'memoryPattern must be true or false'],
    [{ optimizedModelPath: '' }, 'optimizedModelPath must be a string'],
    [{ profiling: 'a\0b' }, 'profiling must be a string'],
    [{ freeDimensionOverrides: { n: -1 } }, 'freeDimensionOverrides must hold a size of 0 or more for n'],
    [{ freeDimensionOverrides: [1] }, 'freeDimensionOverrides must be an object'],
    [{ configEntries: { 'session.x': 1 } }, 'configEntries must hold a string for session.x'],
    [{ configEntries: { 'a\0': '1' } }, 'configEntries must have keys'],
    [{ customOpLibraries: 'ops.so' }, 'customOpLibraries must be a list of paths'],
    [{ providers: 'cpu' }, 'providers must be a list'],
    [{ providers: [{ name: 'cpu', deviceId: 0 }] }, 'providers must be a list'],
  ])('%j', (options, message) => {
    expect(refusal(options)).toContain(message);
  });

  it('are refused before anything is loaded', async () => {
    await expect(createSession('/no/such.onnx', { threads: 2 } as never)).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
    });
  });
});

describe('session options that are right', () => {
  it('all reach the runtime', async () => {
    await opens({
      intraOpThreads: 2,
      spinUs: 25,
      interOpThreads: 2,
      executionMode: 'parallel',
      graphOptimization: 'extended',
      memoryArena: false,
      memoryPattern: false,
      logLevel: 'error',
      providers: ['cpu'],
      configEntries: { 'session.intra_op.allow_spinning': '1', 'session.use_deterministic_compute': '1' },
    });
  });

  it('freeDimensionOverrides fix a symbol', async () => {
    const session = await createSession(addModel(), { freeDimensionOverrides: { n: 4 } });
    expect(session.inputs.map((spec) => spec.kind === 'tensor' && spec.shape)).toEqual([
      [4, 2],
      [4, 2],
    ]);
    await session.dispose();
  });

  it('optimizedModelPath writes the optimised graph, which can be loaded', async () => {
    const optimizedModelPath = join(folder, 'optimised é.onnx');
    await opens({ optimizedModelPath, graphOptimization: 'basic' });
    const session = await createSession(optimizedModelPath);
    expect(session.inputs.map(({ name }) => name)).toEqual(['a', 'b']);
    await session.dispose();
  });

  it('profiling writes a trace when the session is disposed', async () => {
    await opens({ profiling: join(folder, 'trace') });
    const file = readdirSync(folder).find((name) => name.startsWith('trace'));
    const events = JSON.parse(readFileSync(join(folder, file ?? ''), 'utf8')) as { name: string }[];
    expect(events.map(({ name }) => name)).toContain('model_run');
  });

  it('configEntries reach the runtime', async () => {
    const asOrt = createSession(addModel(), { configEntries: { 'session.load_model_format': 'ORT' } });
    await expect(asOrt).rejects.toMatchObject({ code: 'INVALID_MODEL', message: expect.stringContaining('ORT') });
    await opens({ configEntries: { 'session.load_model_format': 'ONNX' } });
  });

  it('graphOptimization decides what becomes of the graph', async () => {
    const model = buildModel({
      inputs: [{ name: 'x', dtype: 'FP32', shape: ['n'] }],
      outputs: [{ name: 'y', dtype: 'FP32', shape: ['n'] }],
      nodes: [
        { op: 'Identity', inputs: ['x'], outputs: ['t'] },
        { op: 'Relu', inputs: ['t'], outputs: ['y'] },
      ],
    });
    const operators = async (graphOptimization: GraphOptimization) => {
      const optimizedModelPath = join(folder, `${graphOptimization}.onnx`);
      const session = await createSession(model, { graphOptimization, optimizedModelPath });
      await session.dispose();
      const report = await inspectModelFile(optimizedModelPath);
      return report.operators.map(({ type }) => type);
    };
    expect(await operators('disabled')).toEqual(['Identity', 'Relu']);
    for (const level of ['basic', 'extended', 'layout', 'all'] as const)
      expect(await operators(level)).toEqual(['Relu']);
  });
});

describe('execution providers', () => {
  it('are listed as the library names them, the CPU last', () => {
    expect(listProviders().at(-1)).toBe('CPUExecutionProvider');
    expect(runtimeVersion()).toMatch(/^1\.\d+\.\d+/);
  });

  it('that the library does not have are refused with those it has', async () => {
    await expect(createSession(addModel(), { providers: ['Nonsense'] })).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringMatching(/no execution provider "Nonsense" in .*It has: .*CPUExecutionProvider/),
    });
  });

  // Listed by the library of onnxruntime-node, whose files for them are downloaded apart.
  const listed = listProviders().filter((name) => /^(CUDA|Tensorrt)/.test(name));

  it.each(listed)('that it has in name only are refused: %s', async (name) => {
    const opening = createSession(addModel(), { providers: [{ name, options: { a: '1', b: '2' } }] });
    await expect(opening).rejects.toMatchObject({ code: 'INVALID_CONFIG', message: expect.stringContaining(name) });
  });
});

describe('custom-operator libraries', () => {
  it('that cannot be loaded are named', async () => {
    const path = join(folder, 'no-ops.so');
    await expect(createSession(addModel(), { customOpLibraries: [path] })).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining(path),
    });
  });
});
