import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Tensor } from '@jitney/core';
import { describe, expect, it } from 'vitest';
import { createSession, isTensor, type MapValue, type SequenceValue, type Session, type Value } from './index.js';
import { bitPatterns } from './testing/models.js';
import { fp32, numbers } from './testing/tensors.js';

const shared = process.env.JITNEY_SHARED ?? fileURLToPath(new URL('../../../../shared', import.meta.url));
const folder = join(shared, 'models', 'odd');
const present = existsSync(folder);
const files = present ? readdirSync(folder).filter((name) => name.endsWith('.onnx')) : [];

async function withSession<T>(file: string, use: (session: Session) => Promise<T>): Promise<T> {
  const session = await createSession(join(folder, file), { intraOpThreads: 1 });
  try {
    return await use(session);
  } finally {
    await session.dispose();
  }
}

async function run(file: string, feeds: readonly Value[], outputs?: readonly string[]): Promise<Value[]> {
  return withSession(file, async (session) => session.run(feeds, outputs === undefined ? {} : { outputs }));
}

describe.skipIf(!present)(
  `odd and hostile model files (${present ? 'present' : 'skipped: no shared models here'})`,
  () => {
    it.each(files)('%s opens, or is refused as INVALID_MODEL', async (file) => {
      const path = join(folder, file);
      const result = await createSession(path, { intraOpThreads: 1 }).catch((error: unknown) => error);
      if (result instanceof Error) {
        expect(result).toMatchObject({ code: 'INVALID_MODEL', message: expect.stringContaining(path) });
        expect(result.message).not.toContain('/onnxruntime_src/');
        return;
      }
      const session = result as Session;
      expect(session.outputs.length).toBeGreaterThan(0);
      await session.dispose();
    });

    it('many-dtypes.onnx gives fourteen dtypes back bit for bit', async () => {
      await withSession('many-dtypes.onnx', async (session) => {
        expect(session.inputs).toHaveLength(14);
        const feeds = session.inputs.map((spec, seed): Tensor => {
          if (spec.kind !== 'tensor') throw new Error(`${spec.name} is a ${spec.kind}`);
          const { name, dtype } = spec;
          const words = [Uint8Array.of(0, 255), new Uint8Array(), Uint8Array.of(7), Uint8Array.of(8)];
          return { name, dtype, shape: [2, 2], data: dtype === 'BYTES' ? words : bitPatterns(dtype, 4, seed) };
        });
        for (const mode of ['sync', 'async'] as const) {
          const results = (await session.run(feeds, { mode })) as Tensor[];
          expect(results.map(({ dtype, shape, data }) => ({ dtype, shape, data }))).toEqual(
            feeds.map(({ dtype, shape, data }) => ({ dtype, shape, data })),
          );
        }
      });
    });

    it('tensor-names.onnx serves each tensor by its exact name', async () => {
      await withSession('tensor-names.onnx', async (session) => {
        const feeds = session.inputs.map(({ name }, index) => fp32(name, [1, 3], index, index, index));
        const results = await session.run(feeds);
        expect(results.map(({ name }) => name)).toEqual(session.outputs.map(({ name }) => name));
        expect(results.every(isTensor)).toBe(true);
      });
    });

    it('map-output.onnx gives a map for each row', async () => {
      const [result] = (await run('map-output.onnx', [fp32('x', [2, 3], 1, 2, 3, 4, 5, 6)])) as [SequenceValue];
      const rows = result.items as MapValue[];
      expect(rows).toHaveLength(2);
      for (const { values } of rows) expect(numbers(values).reduce((sum, value) => sum + value)).toBeCloseTo(1);
    });

    it('dims-lie.onnx answers with the true shape', async () => {
      expect(await run('dims-lie.onnx', [fp32('x', [1, 3], 1, 2, 3)])).toMatchObject([{ shape: [1, 3] }]);
    });

    it('many-outputs.onnx gives the three that were asked for', async () => {
      const results = await run('many-outputs.onnx', [fp32('x', [1, 3], 1, 2, 3)], ['y150', 'y003', 'y199']);
      expect(results).toEqual([
        fp32('y150', [1, 3], 150, 300, 450),
        fp32('y003', [1, 3], 3, 6, 9),
        fp32('y199', [1, 3], 199, 398, 597),
      ]);
    });

    it('huge-output.onnx is a clear error', async () => {
      const s: Tensor = { name: 's', dtype: 'INT64', shape: [2], data: BigInt64Array.of(1_000_000n, 1_000_000n) };
      await expect(run('huge-output.onnx', [s])).rejects.toMatchObject({
        code: 'MODEL_ERROR',
        message: expect.stringMatching(/Failed to allocate memory for requested buffer of size 4000000000000/),
      });
    });

    it('slow.onnx ends when it is cancelled', async () => {
      await withSession('slow.onnx', async (session) => {
        const abort = new AbortController();
        const k: Tensor = { name: 'k', dtype: 'INT64', shape: [], data: BigInt64Array.of(10n ** 12n) };
        const x: Tensor = { name: 'x', dtype: 'FP32', shape: [64, 64], data: new Float32Array(4096) };
        const endless = session.run([k, x], { signal: abort.signal });
        await new Promise(setImmediate);
        abort.abort();
        await expect(endless).rejects.toMatchObject({ code: 'CANCELLED' });
      });
    });
  },
);
