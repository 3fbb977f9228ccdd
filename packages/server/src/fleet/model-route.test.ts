import { describe, expect, it } from 'vitest';
import type { HostModel, LoadedModel } from '../wire/messages.js';
import type { FleetModel } from './fleet-model.js';
import { modelRoute } from './model-route.js';
import type { HostState } from './supervised-host.js';

const hostModel = { name: 'model', version: '1' } as HostModel;
const model: FleetModel = {
  name: 'model',
  version: '1',
  isDefault: true,
  host: null,
  wanted: { state: 'load', hostModel },
};
const loaded = { name: 'model', version: '1', target: 2 } as LoadedModel;
const failure = {
  model: 'model',
  version: '1',
  stage: 'read',
  error: { code: 'INVALID_MODEL', message: 'it is no model' },
} as const;
const ready = (models: readonly LoadedModel[], failures: readonly (typeof failure)[] = []): HostState => ({
  state: 'ready',
  hostId: 'shared#1',
  socketPath: '/tmp/socket',
  models,
  failures,
});

const standing = (host: HostState | null, wasLoaded: LoadedModel | null = null) => {
  const { state, reason, hosts } = modelRoute(model, host, wasLoaded);
  return [state, reason, hosts];
};

describe('the route of a version that is to be loaded', () => {
  it('leads to its place in the host that is ready', () => {
    expect(standing(ready([loaded]))).toEqual([
      'ready',
      '',
      [{ hostId: 'shared#1', socketPath: '/tmp/socket', target: 2 }],
    ]);
  });
  it('is loading where its host is, or comes with the one that replaces it', () => {
    const starting = { state: 'starting', position: { model: 'model', version: '1', stage: 'session' } } as const;
    expect(standing(starting)).toEqual(['loading', "in stage 'session'", []]);
    expect(standing(ready([]))).toEqual(['loading', 'its host is coming up', []]);
  });
  it('is restarting once it was loaded, so that requests wait', () => {
    expect(standing({ state: 'restarting', why: 'its process ended by SIGKILL' }, loaded)).toEqual([
      'restarting',
      'its process ended by SIGKILL',
      [],
    ]);
    expect(standing({ state: 'starting', position: null }, loaded)).toEqual(['restarting', "in stage 'start'", []]);
  });
  it('has failed with its own reason, also where others of its host serve', () => {
    expect(standing({ state: 'failed', failures: [failure] })).toEqual(['failed', 'it is no model', []]);
    expect(standing(ready([], [failure]))).toEqual(['failed', 'it is no model', []]);
  });
  it('is unloaded without a host', () => {
    expect(standing(null)).toEqual(['unloaded', 'unloaded', []]);
    expect(standing({ state: 'stopped' })).toEqual(['unloaded', 'unloaded', []]);
  });
});

describe('the route of a version that is to be left', () => {
  it('says why, whatever its host does', () => {
    const left: FleetModel = { ...model, wanted: { state: 'leave', as: 'failed', reason: 'it is refused' } };
    expect(modelRoute(left, ready([loaded]), loaded)).toMatchObject({
      state: 'failed',
      reason: 'it is refused',
      hosts: [],
    });
  });
});
