import { JitneyError } from '@jitney/core';
import { findLibrary, type LibraryPath } from '../library-path.js';
import { type Address, API_VERSION, type FunctionTable, readFunctionTable } from './function-table.js';
import { type Koffi, loadKoffi } from './koffi.js';
import { Slots } from './memory.js';

/** The loaded library and the objects of it that every session shares. They live as long as the process. */
export interface Runtime {
  readonly koffi: Koffi;
  readonly api: FunctionTable;
  /** koffi unloads a library whose handle is collected, although functions read from its table are still in use. */
  readonly handle: LibraryHandle;
  readonly library: LibraryPath;
  /** Of the library, for example `1.30.0`. */
  readonly version: string;
  readonly environment: Address;
  readonly cpuMemory: Address;
  readonly allocator: Address;
  /** Copies `bytes` from one place to another. */
  readonly copy: MemoryCopy;
}

type LibraryHandle = ReturnType<Koffi['load']>;

export interface MemoryCopy {
  (to: Address | ArrayBufferView, from: Address | ArrayBufferView, bytes: number): void;
  async(to: ArrayBufferView, from: Address, bytes: number, done: (error: Error | null) => void): void;
}

/** Messages of the library below this severity are dropped: it writes to standard error, and errors are thrown anyway. */
const FATAL = 4;
const ARENA_ALLOCATOR = 1;
const DEFAULT_MEMORY = 0;

// One library a process: its own environment object is process-wide too.
let loaded: Runtime | undefined;

/**
 * The runtime, loaded on first use.
 * @throws JitneyError `INVALID_CONFIG` when the library is missing, broken or too old.
 */
export function runtime(): Runtime {
  loaded ??= load();
  return loaded;
}

/**
 * Version of the ONNX Runtime library, for example `1.30.0`.
 * @throws JitneyError `INVALID_CONFIG` when the library cannot be loaded.
 */
export function runtimeVersion(): string {
  return runtime().version;
}

function load(): Runtime {
  const library = findLibrary();
  const koffi = loadKoffi();
  if (process.platform !== 'win32') disableTelemetry(koffi);
  const handle = openLibrary(koffi, library);
  const base = handle.func('OrtGetApiBase', 'void *', [])() as Address;
  const version = readVersion(koffi, base);
  requireVersion(version, library);
  const api = readFunctionTable(koffi, readApi(koffi, base));
  return { koffi, api, handle, library, version, copy: memoryCopy(koffi), ...createShared(koffi, api) };
}

/**
 * The library reads this when it is loaded: without it, a device id and a database appear in the user's cache folder.
 * Setting `process.env` is not enough, since in a worker thread (and in test runners) that is a copy.
 */
function disableTelemetry(koffi: Koffi): void {
  const setenv = koffi.load(null).func('setenv', 'int', ['str', 'str', 'int']);
  setenv('ORT_DISABLE_TELEMETRY', process.env.ORT_DISABLE_TELEMETRY ?? '1', 1);
}

function openLibrary(koffi: Koffi, library: LibraryPath): LibraryHandle {
  try {
    return koffi.load(library.path);
  } catch (cause) {
    throw new JitneyError(
      'INVALID_CONFIG',
      `The ONNX Runtime library ${library.path} (found by ${library.source}) cannot be loaded: ` +
        `${cause instanceof Error ? cause.message : cause}. It must be a build for ${process.platform}-${process.arch}` +
        `${process.platform === 'linux' ? '; the ones of onnxruntime-node need glibc 2.28 or later' : ''}.`,
      { cause },
    );
  }
}

// OrtApiBase is two functions: GetApi(version) and GetVersionString().
function readVersion(koffi: Koffi, base: Address): string {
  return koffi.decode(koffi.decode(base, 8, 'void *'), koffi.proto('const char *', []))() as string;
}

function readApi(koffi: Koffi, base: Address): Address {
  return koffi.decode(koffi.decode(base, 0, 'void *'), koffi.proto('void *', ['uint32_t']))(API_VERSION) as Address;
}

function requireVersion(version: string, library: LibraryPath): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major === 1 && minor >= API_VERSION) return;
  throw new JitneyError(
    'INVALID_CONFIG',
    `${library.path} is ONNX Runtime ${version}; this package needs 1.${API_VERSION} or a later 1.x. ` +
      'Point JITNEY_ORT_LIBRARY at one, or update onnxruntime-node.',
  );
}

function memoryCopy(koffi: Koffi): MemoryCopy {
  const standardLibrary = koffi.load(process.platform === 'win32' ? 'ntdll.dll' : null);
  return standardLibrary.func('memcpy', 'void', ['void *', 'void *', 'size_t']) as unknown as MemoryCopy;
}

function createShared(koffi: Koffi, api: FunctionTable) {
  const out = new Slots(koffi, 1);
  const made = (status: Address | null): Address => {
    if (status === null) return out.get(0);
    throw new JitneyError('INTERNAL', `ONNX Runtime cannot start: ${api.getErrorMessage(status)}`);
  };
  const name = Buffer.from('jitney\0');
  return {
    environment: made(api.createEnv(FATAL, name, out.at(0))),
    cpuMemory: made(api.createCpuMemoryInfo(ARENA_ALLOCATOR, DEFAULT_MEMORY, out.at(0))),
    allocator: made(api.getAllocatorWithDefaultOptions(out.at(0))),
  };
}
