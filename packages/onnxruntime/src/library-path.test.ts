import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findLibrary, type LibraryLookup } from './library-path.js';

const root = mkdtempSync(join(tmpdir(), 'jitney-ort-'));

afterAll(() => rmSync(root, { recursive: true }));

function place(...path: string[]): string {
  const file = join(root, ...path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '');
  return file;
}

function lookup(change: Partial<LibraryLookup> & { packages?: readonly string[] }): LibraryLookup {
  const { packages = [], ...rest } = change;
  const resolve = (request: string) => {
    if (packages.some((name) => request === `${name}/package.json`)) return join(root, request);
    throw new Error(`Cannot find module ${request}`);
  };
  return { platform: 'linux', arch: 'x64', env: {}, resolve, ...rest };
}

describe('the library', () => {
  const own = place('custom', 'libonnxruntime.so');
  const slice = place('@jitney', 'ort-linux-x64', 'libonnxruntime.so.1');
  const borrowed = place('onnxruntime-node', 'bin', 'napi-v6', 'linux', 'x64', 'libonnxruntime.so.1');
  const packages = ['@jitney/ort-linux-x64', 'onnxruntime-node'];

  it('is the one that JITNEY_ORT_LIBRARY names, before all others', () => {
    expect(findLibrary(lookup({ packages, env: { JITNEY_ORT_LIBRARY: own } }))).toEqual({
      path: own,
      source: 'JITNEY_ORT_LIBRARY',
    });
  });

  it("is else the one of the platform's own package", () => {
    expect(findLibrary(lookup({ packages }))).toEqual({ path: slice, source: '@jitney/ort' });
  });

  it('is else the one inside onnxruntime-node', () => {
    expect(findLibrary(lookup({ packages: ['onnxruntime-node'], env: { JITNEY_ORT_LIBRARY: '' } }))).toEqual({
      path: borrowed,
      source: 'onnxruntime-node',
    });
  });

  it('has the name that its platform gives it', () => {
    const mac = place('onnxruntime-node', 'bin', 'napi-v6', 'darwin', 'arm64', 'libonnxruntime.1.30.0.dylib');
    const windows = place('onnxruntime-node', 'bin', 'napi-v6', 'win32', 'x64', 'onnxruntime.dll');
    place('onnxruntime-node', 'bin', 'napi-v6', 'win32', 'x64', 'onnxruntime_binding.node');
    const found = (platform: string, arch: string) =>
      findLibrary(lookup({ packages: ['onnxruntime-node'], platform, arch })).path;
    expect(found('darwin', 'arm64')).toBe(mac);
    expect(found('win32', 'x64')).toBe(windows);
  });
});

describe('a library that is not there', () => {
  it('named by JITNEY_ORT_LIBRARY is an error, not a reason to take another', () => {
    const find = () =>
      findLibrary(lookup({ packages: ['onnxruntime-node'], env: { JITNEY_ORT_LIBRARY: '/no/lib.so' } }));
    expect(find).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }));
    expect(find).toThrow(/JITNEY_ORT_LIBRARY names \/no\/lib\.so/);
  });

  it('on a platform without one says where it was looked for and what to do', () => {
    const find = () => findLibrary(lookup({ packages: ['onnxruntime-node'], platform: 'darwin', arch: 'x64' }));
    expect(find).toThrow(/No ONNX Runtime library for darwin-x64.*@jitney\/ort-darwin-x64.*Install/s);
  });
});
