import { JitneyError } from '@jitney/core';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/index.js';
import type { ModelArtefact } from './artefact.js';
import { modelOverrides, toHostModel } from './host-model.js';

const artefact: ModelArtefact = {
  name: 'fraud',
  version: '3',
  isDefault: true,
  path: '/models/fraud/3/model.onnx',
  root: '/models/fraud',
  kind: 'onnx',
  manifest: {},
  state: { state: 'servable' },
  warnings: [],
  notes: [],
};

const defaults = { maxRows: 64, instances: 1, maxDelayMs: 0, queueMaxEntries: 1024, queueMaxBytes: 1_000_000 };

describe('what a host is asked to load', () => {
  it('follows the defaults where nobody says anything', () => {
    expect(toHostModel(artefact, defaults)).toEqual({
      name: 'fraud',
      version: '3',
      path: '/models/fraud/3/model.onnx',
      root: '/models/fraud',
      kind: 'onnx',
      batching: { enabled: true, maxRows: 64, maxDelayMs: 0 },
      latencyMs: null,
      requestTimeoutMs: null,
      instances: 1,
      backendOptions: {},
      queue: { maxEntries: 1024, maxBytes: 1_000_000 },
      warmUp: true,
      warmUpRows: null,
      selfCheck: 'run',
      selfCheckReason: '',
    });
  });

  it('follows model.json over the defaults', () => {
    const manifest = {
      batching: { enabled: false, maxRows: 8, maxDelayMs: 3 },
      slo: { latencyMs: 25.5 },
      timeouts: { requestMs: 700 },
      warmup: { rows: [1, 8] },
      instances: 2,
      queue: { maxEntries: 5, maxBytes: 6 },
      backend: { options: { intraOpThreads: 2 } },
    };
    expect(toHostModel({ ...artefact, manifest }, defaults)).toMatchObject({
      batching: { enabled: false, maxRows: 8, maxDelayMs: 3 },
      latencyMs: 25.5,
      requestTimeoutMs: 700,
      warmUpRows: [1, 8],
      instances: 2,
      backendOptions: { intraOpThreads: 2 },
      queue: { maxEntries: 5, maxBytes: 6 },
    });
  });

  it('follows flag, variable and config file over model.json', () => {
    const manifest = { batching: { maxRows: 8 }, instances: 2 };
    const host = toHostModel({ ...artefact, manifest }, defaults, { maxRows: 32 });
    expect(host.batching.maxRows).toBe(32);
    expect(host.instances).toBe(2);
  });

  it('may be a version that the policy leaves out, never one that is refused', () => {
    expect(toHostModel({ ...artefact, state: { state: 'left-out', reason: 'r' } }, defaults).version).toBe('3');
    const error = new JitneyError('INVALID_MODEL', 'it is a GGUF model');
    const refused: ModelArtefact = {
      ...artefact,
      kind: null,
      state: { state: 'refused', reason: error.message, error },
    };
    expect(() => toHostModel(refused, defaults)).toThrow(error);
  });

  it('counts as set what a flag, a variable or the config file says, not what is so by default', () => {
    const config = loadConfig({
      flags: { 'models.maxRows': '32' },
      env: { JITNEY_MODELS_INSTANCES: '3' },
      file: { path: 'jitney.yaml', content: { models: { queueMaxEntries: 7 } } },
    });
    expect(modelOverrides(config)).toEqual({ maxRows: 32, instances: 3, queueMaxEntries: 7 });
    expect(modelOverrides(loadConfig({}))).toEqual({});
  });
});
