import { describe, expect, it } from 'vitest';
import { createSession, runtimeVersion } from '../index.js';
import { ORT_1_30_LIMITS, runtimeLimits } from './runtime-limits.js';
import { onnxFile } from './testing/onnx-file.js';

const loads = async (file: Uint8Array) => (await createSession(file)).dispose();

describe('the limits of ONNX Runtime 1.30', () => {
  const isTheOne = runtimeVersion().startsWith('1.30.');

  it.skipIf(!isTheOne)('are what the library itself accepts of IR versions', async () => {
    const { irVersion } = ORT_1_30_LIMITS;
    await expect(loads(onnxFile({ irVersion }))).resolves.toBeUndefined();
    await expect(loads(onnxFile({ irVersion: irVersion + 1 }))).rejects.toThrow(
      `max supported IR version: ${irVersion}`,
    );
  });

  it.skipIf(!isTheOne).each(Object.entries(ORT_1_30_LIMITS.opsets))(
    'are what the library itself accepts of %s',
    async (domain, highest) => {
      const imports = (version: number): [string, number][] =>
        domain === 'ai.onnx'
          ? [['', version]]
          : [
              ['', 17],
              [domain, version],
            ];
      await expect(loads(onnxFile({ opsets: imports(highest) }))).resolves.toBeUndefined();
      const refused = loads(onnxFile({ opsets: imports(highest + 1) }));
      await expect(refused).rejects.toThrow(`domain ${domain} is till opset ${highest}`);
    },
  );

  it('are not claimed for another version', () => {
    expect(runtimeLimits('1.30.4')).toBe(ORT_1_30_LIMITS);
    expect(runtimeLimits('1.31.0')).toMatchObject({
      runtime: 'ONNX Runtime 1.31.0',
      irVersion: Number.POSITIVE_INFINITY,
    });
  });
});
