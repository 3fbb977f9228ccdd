import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { JitneyError } from '@jitney/core';

/** Where the library was found, and by which rule. */
export interface LibraryPath {
  readonly path: string;
  readonly source: 'JITNEY_ORT_LIBRARY' | '@jitney/ort' | 'onnxruntime-node';
}

/** What the look-up depends on; the process's own unless a test says otherwise. */
export interface LibraryLookup {
  readonly platform: string;
  readonly arch: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Resolves a module's file without running it; throws when there is none. */
  readonly resolve: (request: string) => string;
}

const FILE_NAMES: Readonly<Record<string, RegExp>> = {
  win32: /^onnxruntime\.dll$/,
  darwin: /^libonnxruntime(\.[\d.]+)?\.dylib$/,
};

const LINUX_FILE_NAME = /^libonnxruntime\.so(\.[\d.]+)?$/;

/**
 * The ONNX Runtime library to load: `JITNEY_ORT_LIBRARY`, else the package `@jitney/ort-<platform>-<arch>`, else the
 * one inside onnxruntime-node (whose code is never run).
 * @throws JitneyError `INVALID_CONFIG` that lists where it was looked for.
 */
export function findLibrary(lookup: LibraryLookup = ownLookup()): LibraryPath {
  const chosen = lookup.env.JITNEY_ORT_LIBRARY;
  if (chosen !== undefined && chosen !== '') return chosenLibrary(chosen);
  const target = `${lookup.platform}-${lookup.arch}`;
  const own = libraryOfPackage(lookup, `@jitney/ort-${target}`, '');
  if (own !== null) return { path: own, source: '@jitney/ort' };
  const borrowed = libraryOfPackage(lookup, 'onnxruntime-node', join('bin', 'napi-v6', lookup.platform, lookup.arch));
  if (borrowed !== null) return { path: borrowed, source: 'onnxruntime-node' };
  throw new JitneyError(
    'INVALID_CONFIG',
    `No ONNX Runtime library for ${target}. Looked for: JITNEY_ORT_LIBRARY (not set), the package ` +
      `@jitney/ort-${target}, and onnxruntime-node (which has linux x64 and arm64 for glibc, macOS arm64, Windows x64 ` +
      'and arm64). Install one of them, or set JITNEY_ORT_LIBRARY to the path of a libonnxruntime 1.24 or later.',
  );
}

function ownLookup(): LibraryLookup {
  const require = createRequire(import.meta.url);
  return { platform: process.platform, arch: process.arch, env: process.env, resolve: (name) => require.resolve(name) };
}

function chosenLibrary(path: string): LibraryPath {
  if (existsSync(path)) return { path, source: 'JITNEY_ORT_LIBRARY' };
  throw new JitneyError(
    'INVALID_CONFIG',
    `JITNEY_ORT_LIBRARY names ${path}, which does not exist. Set it to the file of an ONNX Runtime library, or unset it.`,
  );
}

function libraryOfPackage(lookup: LibraryLookup, name: string, folder: string): string | null {
  let root: string;
  try {
    root = dirname(lookup.resolve(`${name}/package.json`));
  } catch {
    return null;
  }
  return libraryInFolder(join(root, folder), FILE_NAMES[lookup.platform] ?? LINUX_FILE_NAME);
}

function libraryInFolder(folder: string, fileName: RegExp): string | null {
  if (!existsSync(folder)) return null;
  const file = readdirSync(folder).find((entry) => fileName.test(entry));
  return file === undefined ? null : join(folder, file);
}
