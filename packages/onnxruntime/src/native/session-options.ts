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
  for (const [key, value] of Object.entries({ ...defaultEntries(runtime, options), ...options.configEntries })) {
    set(`configEntries["${key}"]`, api.addSessionConfigEntry(handle, cString(key), cString(value)));
  }
  for (const path of options.customOpLibraries) {
    const status = api.registerCustomOpsLibrary(handle, cPath(path));
    check(api, status, 'INVALID_CONFIG', `The custom-operator library ${path} cannot be loaded`);
  }
  for (const provider of options.providers) appendProvider(runtime, handle, provider);
}

/** Entries that a server wants unless it says otherwise. */
function defaultEntries(
  { version }: Runtime,
  { spinUs, configEntries }: ResolvedSessionOptions,
): Record<string, string> {
  return {
    'session.inter_op.allow_spinning': '0',
    // Whoever sets the one entry means the runtime's own defaults of the others.
    ...(INTRA_OP_SPINNING in configEntries ? {} : spinning(version, spinUs)),
    ...(needsInt8Precision() ? { 'session.x64quantprecision': '1' } : {}),
  };
}

const INTRA_OP_SPINNING = 'session.intra_op.allow_spinning';

/** The first release whose spinning may end after a time. Before, an unknown entry would leave it without an end. */
const TIMED_SPINNING_SINCE = 27;

function spinning(version: string, spinUs: number): Record<string, string> {
  const minor = Number(version.split('.')[1]);
  if (spinUs === 0 || minor < TIMED_SPINNING_SINCE) return { [INTRA_OP_SPINNING]: '0' };
  return { [INTRA_OP_SPINNING]: '1', 'session.intra_op.spin_duration_us': String(spinUs) };
}
