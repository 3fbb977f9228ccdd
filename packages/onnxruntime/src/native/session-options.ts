import { needsInt8Precision } from '../cpu.js';
import { logSeverity, optimizationLevel, type ResolvedSessionOptions } from '../session-options.js';
import type { Address, Status } from './function-table.js';
import { cPath, cString, Slots } from './memory.js';
import { appendProvider } from './providers.js';
import type { Runtime } from './runtime.js';
import { check } from './status.js';

const SEQUENTIAL = 0;
const PARALLEL = 1;

/**
 * An `OrtSessionOptions` with everything set. The caller releases it, not before the session is made from it.
 * @throws JitneyError `INVALID_CONFIG` that names what the runtime refused.
 */
export function createSessionOptions(runtime: Runtime, options: ResolvedSessionOptions): Address {
  const { api, koffi } = runtime;
  const out = new Slots(koffi, 1);
  check(api, api.createSessionOptions(out.at(0)), 'INTERNAL', 'Session options cannot be made');
  const handle = out.get(0);
  try {
    applyOptions(runtime, handle, options);
  } catch (error) {
    api.releaseSessionOptions(handle);
    throw error;
  }
  return handle;
}

function applyOptions(runtime: Runtime, handle: Address, options: ResolvedSessionOptions): void {
  const { api } = runtime;
  const set = (what: string, status: Status) =>
    check(api, status, 'INVALID_CONFIG', `Session option ${what} was refused`);
  set('intraOpThreads', api.setIntraOpNumThreads(handle, options.intraOpThreads));
  set('interOpThreads', api.setInterOpNumThreads(handle, options.interOpThreads));
  const mode = options.executionMode === 'parallel' ? PARALLEL : SEQUENTIAL;
  set('executionMode', api.setSessionExecutionMode(handle, mode));
  const level = optimizationLevel(options.graphOptimization);
  set('graphOptimization', api.setSessionGraphOptimizationLevel(handle, level));
  set('logLevel', api.setSessionLogSeverityLevel(handle, logSeverity(options.logLevel)));
  if (!options.memoryArena) set('memoryArena', api.disableCpuMemArena(handle));
  if (!options.memoryPattern) set('memoryPattern', api.disableMemPattern(handle));
  if (options.optimizedModelPath !== null) {
    set('optimizedModelPath', api.setOptimizedModelFilePath(handle, cPath(options.optimizedModelPath)));
  }
  if (options.profiling !== null) set('profiling', api.enableProfiling(handle, cPath(options.profiling)));
  for (const [symbol, size] of Object.entries(options.freeDimensionOverrides)) {
    const status = api.addFreeDimensionOverrideByName(handle, cString(symbol), size);
    set(`freeDimensionOverrides["${symbol}"]`, status);
  }
  for (const [key, value] of Object.entries({ ...defaultEntries(), ...options.configEntries })) {
    set(`configEntries["${key}"]`, api.addSessionConfigEntry(handle, cString(key), cString(value)));
  }
  for (const path of options.customOpLibraries) {
    const status = api.registerCustomOpsLibrary(handle, cPath(path));
    check(api, status, 'INVALID_CONFIG', `The custom-operator library ${path} cannot be loaded`);
  }
  for (const provider of options.providers) appendProvider(runtime, handle, provider);
}

/** Entries that a server wants unless it says otherwise. */
function defaultEntries(): Record<string, string> {
  return {
    // Threads that spin between runs take the cores that Node and other sessions need.
    'session.intra_op.allow_spinning': '0',
    'session.inter_op.allow_spinning': '0',
    ...(needsInt8Precision() ? { 'session.x64quantprecision': '1' } : {}),
  };
}
