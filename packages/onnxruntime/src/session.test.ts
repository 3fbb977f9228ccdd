import { elementCount, type Tensor } from '@jitney/core';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createSession, type Session, type SessionOptions, type Value } from './index.js';
import {
  addModel,
  bitPatterns,
  doubleAndSquareModel,
  identityModel,
  loopModel,
  NUMERIC_DTYPES,
} from './testing/models.js';
import { buildModel } from './testing/onnx-writer.js';
import { fp32, int64, numbers } from './testing/tensors.js';

const opened: Session[] = [];

async function open(model: Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const session = await createSession(model, { intraOpThreads: 1, ...options });
  opened.push(session);
  return session;
}

afterAll(async () => {
  await Promise.all(opened.map((session) => session.dispose()));
});

describe('the signature of a session', () => {
  it('keeps numbers, symbols, unnamed dimensions, scalars and an unknown rank apart', async () => {
    const session = await open(
      buildModel({
        inputs: [
          { name: 'sized', dtype: 'FP32', shape: [4, 'batch', null] },
          { name: 'scalar', dtype: 'INT64', shape: [] },
          { name: 'any', dtype: 'BYTES', shape: null },
        ],
        outputs: [{ name: 'out', dtype: 'FP32', shape: [4, 'batch', null] }],
        nodes: [{ op: 'Identity', inputs: ['sized'], outputs: ['out'] }],
      }),
    );
    expect(session.inputs).toEqual([
      { name: 'sized', kind: 'tensor', dtype: 'FP32', shape: [4, 'batch', null], optional: false },
      { name: 'scalar', kind: 'tensor', dtype: 'INT64', shape: [], optional: false },
      { name: 'any', kind: 'tensor', dtype: 'BYTES', shape: null, optional: false },
    ]);
    expect(session.outputs).toEqual([
      { name: 'out', kind: 'tensor', dtype: 'FP32', shape: [4, 'batch', null], optional: false },
    ]);
  });

  it('lists initialisers that may be overridden as optional inputs, and uses their values when they are left out', async () => {
    const session = await open(
      buildModel({
        inputs: [
          { name: 'x', dtype: 'FP32', shape: ['n'] },
          { name: 'offset', dtype: 'FP32', shape: [1] },
        ],
        outputs: [{ name: 'y', dtype: 'FP32', shape: ['n'] }],
        initializers: [{ name: 'offset', dtype: 'FP32', shape: [1], data: Float32Array.of(100) }],
        nodes: [{ op: 'Add', inputs: ['x', 'offset'], outputs: ['y'] }],
      }),
    );
    expect(session.inputs.map(({ name, optional }) => ({ name, optional }))).toEqual([
      { name: 'x', optional: false },
      { name: 'offset', optional: true },
    ]);
    const x = fp32('x', [2], 1, 2);
    for (const mode of ['sync', 'async'] as const) {
      expect(numbers((await session.run([x], { mode }))[0])).toEqual([101, 102]);
      expect(numbers((await session.run([x, fp32('offset', [1], 5)], { mode }))[0])).toEqual([6, 7]);
    }
  });

  it('tells what the model says about itself, whatever its properties are called', async () => {
    const session = await open(
      buildModel({
        name: 'the graph',
        description: 'of the graph',
        modelDescription: 'of the model',
        producer: 'a test',
        domain: 'org.example',
        modelVersion: 2n ** 62n,
        properties: [
          ['__proto__', 'safe'],
          ['constructor', ''],
          ['labels', '["a","ü"]'],
        ],
        inputs: [{ name: 'x', dtype: 'FP32', shape: [1] }],
        outputs: [{ name: 'y', dtype: 'FP32', shape: [1] }],
        nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
      }),
    );
    const { properties, ...rest } = session.metadata;
    expect(rest).toEqual({
      producer: 'a test',
      graphName: 'the graph',
      domain: 'org.example',
      description: 'of the model',
      graphDescription: 'of the graph',
      version: 2n ** 62n,
    });
    expect(Object.getPrototypeOf(properties)).toBeNull();
    expect(Object.entries(properties).sort()).toEqual([
      ['__proto__', 'safe'],
      ['constructor', ''],
      ['labels', '["a","ü"]'],
    ]);
  });
});

describe('tensors of each dtype', () => {
  it.each(NUMERIC_DTYPES)('%s come back bit for bit, on this thread and on another', async (dtype) => {
    const session = await open(identityModel(dtype, null));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 5 }),
        fc.integer(),
        fc.constantFrom('sync' as const, 'async' as const),
        async (shape, seed, mode) => {
          const data = bitPatterns(dtype, elementCount(shape), seed);
          const [y] = await session.run([{ name: 'x', dtype, shape, data }], { mode });
          expect(y).toEqual({ name: 'y', dtype, shape, data });
        },
      ),
      { numRuns: 25 },
    );
  });

  it('BYTES come back as they were: NUL bytes, invalid UTF-8, empty strings, no elements', async () => {
    const session = await open(identityModel('BYTES', null));
    const element = fc.uint8Array({ maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.array(element, { maxLength: 20 }), fc.constantFrom('sync', 'async'), async (data, mode) => {
        const x = { name: 'x', dtype: 'BYTES', shape: [data.length], data } as const;
        expect(await session.run([x], { mode })).toEqual([{ ...x, name: 'y' }]);
      }),
      { numRuns: 50 },
    );
  });

  it('may have more dimensions than most', async () => {
    const session = await open(identityModel('FP32', null));
    const shape = new Array<number>(20).fill(1);
    expect(session.run([fp32('x', shape, 7)], { mode: 'sync' })).toEqual([fp32('y', shape, 7)]);
  });
});

describe('memory that is not an array of its own', () => {
  it('may be a view into a larger buffer', async () => {
    const session = await open(addModel());
    const all = Float32Array.of(0, 1, 2, 3, 4, 5);
    const a = { name: 'a', dtype: 'FP32', shape: [1, 2], data: all.subarray(1, 3) } as const;
    const b = { name: 'b', dtype: 'FP32', shape: [1, 2], data: all.subarray(4, 6) } as const;
    for (const mode of ['sync', 'async'] as const) {
      expect(await session.run([a, b], { mode })).toEqual([fp32('sum', [1, 2], 5, 7)]);
    }
  });

  it('may be a SharedArrayBuffer, as input and as output', async () => {
    const session = await open(doubleAndSquareModel());
    const shared = (...values: number[]) => {
      const data = new Float32Array(new SharedArrayBuffer(values.length * 4));
      data.set(values);
      return data;
    };
    for (const mode of ['sync', 'async'] as const) {
      const into = { name: 'double', dtype: 'FP32', shape: [3], data: shared(0, 0, 0) } as const;
      const x = { name: 'x', dtype: 'FP32', shape: [3], data: shared(1, 2, 3) } as const;
      const results = await session.run([x], { mode, into: [into] });
      expect(results[0]).toBe(into);
      expect(numbers(into)).toEqual([2, 4, 6]);
      expect(numbers(results[1])).toEqual([1, 4, 9]);
    }
  });
});

describe('outputs', () => {
  it('come in the order they were asked for, and no others', async () => {
    const session = await open(doubleAndSquareModel());
    const x = fp32('x', [1], 3);
    for (const mode of ['sync', 'async'] as const) {
      expect(await session.run([x], { mode, outputs: ['square', 'double'] })).toEqual([
        fp32('square', [1], 9),
        fp32('double', [1], 6),
      ]);
      expect(await session.run([x], { mode, outputs: ['square'] })).toEqual([fp32('square', [1], 9)]);
    }
  });

  it('are written into given memory, and only where the shape is what the run gives', async () => {
    const session = await open(doubleAndSquareModel());
    const square = fp32('square', [2], 0, 0);
    await session.run([fp32('x', [2], 3, 4)], { mode: 'async', into: [square], outputs: ['square'] });
    expect(numbers(square)).toEqual([9, 16]);
    for (const mode of ['sync', 'async'] as const) {
      const run = async () => session.run([fp32('x', [3], 1, 2, 3)], { mode, into: [square] });
      await expect(run()).rejects.toMatchObject({ code: 'MODEL_ERROR' });
    }
    expect(numbers((await session.run([fp32('x', [1], 5)]))[1])).toEqual([25]);
  });

  it('lie in the memory that is allocated for them, where any is', async () => {
    const session = await open(doubleAndSquareModel());
    const x = fp32('x', [2], 3, 4);
    for (const mode of ['sync', 'async'] as const) {
      const given: Uint8Array[] = [];
      const allocate = (byteLength: number) => {
        if (given.length > 0) return null;
        given.push(new Uint8Array(new ArrayBuffer(64), 16, byteLength));
        return given[0] as Uint8Array;
      };
      const [double, square] = (await session.run([x], { mode, allocate })) as [Tensor, Tensor];
      expect([numbers(double), numbers(square)]).toEqual([
        [6, 8],
        [9, 16],
      ]);
      expect((double.data as Float32Array).buffer).toBe(given[0]?.buffer);
      expect((square.data as Float32Array).buffer).not.toBe(given[0]?.buffer);
      const tooSmall = async () =>
        session.run([x], { mode, allocate: () => new Uint8Array(new ArrayBuffer(64), 0, 4) });
      await expect(tooSmall()).rejects.toThrow('allocate gave 4 of 8 bytes');
    }
  });

  it('above a mebibyte are filled on another thread, whole', async () => {
    const session = await open(doubleAndSquareModel());
    const data = Float32Array.from({ length: 600_000 }, (_, index) => index % 1000);
    const x = { name: 'x', dtype: 'FP32', shape: [600, 1000], data } as const;
    const [double, square] = await session.run([x], { mode: 'async' });
    const bytesOf = (value: Value | undefined) => Buffer.from(((value as Tensor).data as Float32Array).buffer);
    expect(bytesOf(double).equals(Buffer.from(data.map((value) => value * 2).buffer))).toBe(true);
    expect(bytesOf(square).equals(Buffer.from(data.map((value) => value * value).buffer))).toBe(true);
  });

  it('have the shape that the run gave, not the one the model claims', async () => {
    const session = await open(
      buildModel({
        inputs: [{ name: 'x', dtype: 'FP32', shape: ['n'] }],
        outputs: [{ name: 'where', dtype: 'INT64', shape: [1, 'k'] }],
        nodes: [{ op: 'NonZero', inputs: ['x'], outputs: ['where'] }],
      }),
    );
    expect(await session.run([fp32('x', [4], 0, 5, 0, 6)])).toEqual([int64('where', [1, 2], 1, 3)]);
    expect(await session.run([fp32('x', [2], 0, 0)])).toEqual([int64('where', [1, 0])]);
  });
});

describe('a run that the model fails', () => {
  it('is a MODEL_ERROR with what the runtime said, and the next run works', async () => {
    const session = await open(addModel());
    for (const mode of ['sync', 'async'] as const) {
      const run = async () =>
        session.run([fp32('a', [2, 2], 1, 2, 3, 4), fp32('b', [3, 2], 1, 2, 3, 4, 5, 6)], { mode });
      await expect(run()).rejects.toMatchObject({
        code: 'MODEL_ERROR',
        message: expect.stringContaining('Add node'),
        cause: expect.objectContaining({ name: 'OrtError' }),
      });
      expect(await session.run([fp32('a', [1, 2], 1, 2), fp32('b', [1, 2], 1, 1)], { mode })).toEqual([
        fp32('sum', [1, 2], 2, 3),
      ]);
    }
  });
});

describe('the thread that a run is made on', () => {
  it('is another one at first, and this one once runs of that size proved short', async () => {
    const session = await open(addModel());
    const feeds = [fp32('a', [1, 2], 1, 2), fp32('b', [1, 2], 1, 1)];
    const first = session.run(feeds);
    expect(first).toBeInstanceOf(Promise);
    await first;
    let runs = 0;
    while (session.run(feeds) instanceof Promise && runs < 100_000) {
      runs++;
      await new Promise(setImmediate);
    }
    expect(runs).toBeLessThan(100_000);
  });

  it('is always another one for a model with loops, which the next value may make endless', async () => {
    const session = await open(loopModel());
    for (let run = 0; run < 50; run++) {
      const result = session.run([int64('k', [], 3), fp32('x', [2], 1, 2)]);
      expect(result).toBeInstanceOf(Promise);
      expect(numbers((await result)[0])).toEqual([4, 5]);
    }
  });

  it("is what the session's runMode says, and what the run's mode says before it", async () => {
    const session = await open(addModel(), { runMode: 'sync' });
    const feeds = [fp32('a', [1, 2], 1, 2), fp32('b', [1, 2], 1, 1)];
    expect(session.run(feeds)).toBeInstanceOf(Array);
    const run = session.run(feeds, { mode: 'async' });
    expect(run).toBeInstanceOf(Promise);
    await run;
  });
});

describe('a model from a file or from bytes', () => {
  it('is refused with what it is, when it is none', async () => {
    await expect(createSession('')).rejects.toMatchObject({ code: 'INVALID_MODEL' });
    await expect(createSession(new Uint8Array())).rejects.toMatchObject({ code: 'INVALID_MODEL' });
    await expect(createSession(7 as never)).rejects.toMatchObject({ code: 'INVALID_MODEL' });
    await expect(createSession('/no/such/model.onnx')).rejects.toMatchObject({
      code: 'INVALID_MODEL',
      message: expect.stringContaining('/no/such/model.onnx'),
    });
    await expect(createSession(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({
      code: 'INVALID_MODEL',
      message: expect.stringContaining('3 bytes'),
    });
  });
});
