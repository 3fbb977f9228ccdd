import { availableParallelism } from 'node:os';
import { JitneyError } from '@jitney/core';

export type LogLevel = 'verbose' | 'info' | 'warning' | 'error' | 'fatal';
export type GraphOptimization = 'disabled' | 'basic' | 'extended' | 'layout' | 'all';

/** An execution provider, with its own options. */
export interface ProviderOptions {
  /** As ONNX Runtime names it (`CUDAExecutionProvider`), or short and in any case (`cuda`). */
  readonly name: string;
  readonly options?: Readonly<Record<string, string>>;
}

/** How a session is made. Everything may be left out; an unknown name is refused. */
export interface SessionOptions {
  /** Threads one operator may use, the calling one included. Default: the CPUs this process may use. */
  readonly intraOpThreads?: number;
  /**
   * Microseconds for which a thread of these looks for its next piece of work before it sleeps; 0: it sleeps at once.
   * Waking one costs more than most operators leave between each other, spinning longer takes the CPU from whoever else
   * needs it. Default 10. Runtimes before 1.27 know only 0 and no end, so theirs sleep.
   */
  readonly spinUs?: number;
  /** Threads that run operators side by side; only used with `executionMode: 'parallel'`. Default 1. */
  readonly interOpThreads?: number;
  /** Default `sequential`. */
  readonly executionMode?: 'sequential' | 'parallel';
  /** Default `all`. */
  readonly graphOptimization?: GraphOptimization;
  /** Tried in this order for each operator; the CPU always comes last by itself. Default: the CPU alone. */
  readonly providers?: readonly (string | ProviderOptions)[];
  /** Keep memory of finished runs for the next. Default true; false saves memory and costs time. */
  readonly memoryArena?: boolean;
  /** Plan the memory of a run from the shapes of an earlier one. Default true. */
  readonly memoryPattern?: boolean;
  /** What the runtime itself writes to standard error. Default `fatal`: errors are thrown, not printed. */
  readonly logLevel?: LogLevel;
  /** Writes the optimised graph to this file. */
  readonly optimizedModelPath?: string;
  /** Writes a Chrome trace to `<prefix>_<time>.json` when the session is disposed. */
  readonly profiling?: string;
  /** Fixes symbolic dimensions by their symbol, which lets the optimiser do more. */
  readonly freeDimensionOverrides?: Readonly<Record<string, number>>;
  /** Session config entries, as `onnxruntime_session_options_config_keys.h` lists them. */
  readonly configEntries?: Readonly<Record<string, string>>;
  /** Paths of custom-operator libraries. They run as code of this process. */
  readonly customOpLibraries?: readonly string[];
  /** How `run` works unless it says otherwise. Default `auto`. */
  readonly runMode?: RunMode;
}

/**
 * - `sync`: on the calling thread; the answer is there when `run` returns.
 * - `async`: on another thread; a promise.
 * - `auto`: `sync` where earlier runs of this size took below about 100 µs, else `async`. For a session whose model has
 *   loops, `async`.
 */
export type RunMode = 'auto' | 'sync' | 'async';

/** {@link SessionOptions} with defaults filled in. */
export interface ResolvedSessionOptions {
  readonly intraOpThreads: number;
  readonly spinUs: number;
  readonly interOpThreads: number;
  readonly executionMode: 'sequential' | 'parallel';
  readonly graphOptimization: GraphOptimization;
  readonly providers: readonly Required<ProviderOptions>[];
  readonly memoryArena: boolean;
  readonly memoryPattern: boolean;
  readonly logLevel: LogLevel;
  readonly optimizedModelPath: string | null;
  readonly profiling: string | null;
  readonly freeDimensionOverrides: Readonly<Record<string, number>>;
  readonly configEntries: Readonly<Record<string, string>>;
  readonly customOpLibraries: readonly string[];
  readonly runMode: RunMode;
}

/**
 * Measured on two CPUs, quiet and with one taken: a sentence encoder's run of 4.0 ms takes 3.0 (no spinning: 4.0), with
 * one CPU taken as long as without; 50 µs gain no more and cost up to a tenth of its CPU time (docs/design/threads.md).
 */
export const DEFAULT_SPIN_US = 10;

type Check = (name: string, value: unknown) => string | null;

const GRAPH_OPTIMIZATIONS: readonly GraphOptimization[] = ['disabled', 'basic', 'extended', 'layout', 'all'];
const LOG_LEVELS: readonly LogLevel[] = ['verbose', 'info', 'warning', 'error', 'fatal'];
const RUN_MODES: readonly RunMode[] = ['auto', 'sync', 'async'];

const CHECKS: { readonly [K in keyof Required<SessionOptions>]: Check } = {
  intraOpThreads: threadCount,
  spinUs: microseconds,
  interOpThreads: threadCount,
  executionMode: oneOf(['sequential', 'parallel']),
  graphOptimization: oneOf(GRAPH_OPTIMIZATIONS),
  providers: providerList,
  memoryArena: isBoolean,
  memoryPattern: isBoolean,
  logLevel: oneOf(LOG_LEVELS),
  optimizedModelPath: isText,
  profiling: isText,
  freeDimensionOverrides: recordOf(
    'a size of 0 or more',
    (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  ),
  configEntries: recordOf('a string', isCText),
  customOpLibraries: pathList,
  runMode: oneOf(RUN_MODES),
};

/**
 * Checks the options and fills in what is missing.
 * @throws JitneyError `INVALID_CONFIG` that names the option, what it must be and what it is.
 */
export function resolveSessionOptions(options: SessionOptions = {}): ResolvedSessionOptions {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined) checkOption(name, value);
  }
  return {
    intraOpThreads: options.intraOpThreads ?? availableParallelism(),
    spinUs: options.spinUs ?? DEFAULT_SPIN_US,
    interOpThreads: options.interOpThreads ?? 1,
    executionMode: options.executionMode ?? 'sequential',
    graphOptimization: options.graphOptimization ?? 'all',
    providers: (options.providers ?? []).map((provider) =>
      typeof provider === 'string' ? { name: provider, options: {} } : { options: {}, ...provider },
    ),
    memoryArena: options.memoryArena ?? true,
    memoryPattern: options.memoryPattern ?? true,
    logLevel: options.logLevel ?? 'fatal',
    optimizedModelPath: options.optimizedModelPath ?? null,
    profiling: options.profiling ?? null,
    freeDimensionOverrides: options.freeDimensionOverrides ?? {},
    configEntries: options.configEntries ?? {},
    customOpLibraries: options.customOpLibraries ?? [],
    runMode: options.runMode ?? 'auto',
  };
}

/** The number ONNX Runtime's own headers give to each level. */
export function logSeverity(level: LogLevel): number {
  return LOG_LEVELS.indexOf(level);
}

/** `GraphOptimizationLevel` of `onnxruntime_c_api.h`. */
export function optimizationLevel(level: GraphOptimization): number {
  return { disabled: 0, basic: 1, extended: 2, layout: 3, all: 99 }[level];
}

function checkOption(name: string, value: unknown): void {
  if (!Object.hasOwn(CHECKS, name)) {
    throw new JitneyError(
      'INVALID_CONFIG',
      `Unknown session option "${name}". Known: ${Object.keys(CHECKS).join(', ')}. ` +
        "ONNX Runtime's own settings go into configEntries.",
    );
  }
  const problem = CHECKS[name as keyof SessionOptions](name, value);
  if (problem !== null)
    throw new JitneyError('INVALID_CONFIG', `Session option ${name} ${problem}, got ${shown(value)}.`);
}

function shown(value: unknown): string {
  const text = typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? String(value));
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** C reads a string up to its first NUL, so one inside would silently cut it. */
function isCText(value: unknown): boolean {
  return typeof value === 'string' && !value.includes('\0');
}

function isBoolean(_name: string, value: unknown): string | null {
  return typeof value === 'boolean' ? null : 'must be true or false';
}

function isText(_name: string, value: unknown): string | null {
  return isCText(value) && value !== '' ? null : 'must be a string that is not empty and has no NUL';
}

function threadCount(_name: string, value: unknown): string | null {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 1024
    ? null
    : 'must be a whole number from 1 to 1024';
}

/** The runtime's own bound is a second. */
function microseconds(_name: string, value: unknown): string | null {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 1_000_000
    ? null
    : 'must be a whole number from 0 to 1000000';
}

function oneOf(values: readonly string[]): Check {
  return (_name, value) => (values.includes(value as string) ? null : `must be one of ${values.join(', ')}`);
}

function recordOf(what: string, fits: (value: unknown) => boolean): Check {
  return (_name, value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'must be an object';
    for (const [key, entry] of Object.entries(value)) {
      if (!isCText(key) || key === '') return 'must have keys that are not empty and have no NUL';
      if (!fits(entry)) return `must hold ${what} for ${key}`;
    }
    return null;
  };
}

function pathList(_name: string, value: unknown): string | null {
  return Array.isArray(value) && value.every((path) => isText('', path) === null) ? null : 'must be a list of paths';
}

function providerList(_name: string, value: unknown): string | null {
  const fits = (entry: unknown): boolean => {
    if (typeof entry === 'string') return isText('', entry) === null;
    if (typeof entry !== 'object' || entry === null) return false;
    const { name, options = {}, ...rest } = entry as Record<string, unknown>;
    return (
      isText('', name) === null && recordOf('a string', isCText)('', options) === null && Object.keys(rest).length === 0
    );
  };
  return Array.isArray(value) && value.every(fits) ? null : 'must be a list of names or { name, options }';
}
