import { JitneyError } from '@jitney/core';
import type { ProviderOptions } from '../session-options.js';
import type { Address, Status } from './function-table.js';
import { cString, pinned, Slots } from './memory.js';
import { type Runtime, runtime } from './runtime.js';
import { check, plainMessage, takeError } from './status.js';

/**
 * Execution providers that the library lists, best first, for example `['CPUExecutionProvider']`. One that is listed
 * may still miss files of its own.
 * @throws JitneyError `INVALID_CONFIG` when the library cannot be loaded.
 */
export function listProviders(): string[] {
  return availableProviders(runtime());
}

function availableProviders({ api, koffi }: Runtime): string[] {
  const out = new Slots(koffi, 2);
  check(api, api.getAvailableProviders(out.at(0), out.at(1)), 'INTERNAL', 'The providers cannot be listed');
  const list = out.get(0);
  const count = out.int(1);
  try {
    return Array.from({ length: count }, (_, index) =>
      koffi.decode.string(koffi.decode(list, index * 8, 'void *') as Address),
    );
  } finally {
    api.releaseAvailableProviders(list, count);
  }
}

const CPU = 'CPUExecutionProvider';

/**
 * Adds a provider to session options. The CPU is always there and needs no adding.
 * @throws JitneyError `INVALID_CONFIG` where the library does not have it, or cannot use it here.
 */
export function appendProvider(runtime: Runtime, options: Address, provider: Required<ProviderOptions>): void {
  const { api } = runtime;
  const known = availableProviders(runtime).find((name) => shortName(name) === shortName(provider.name));
  if (known === undefined) throw absent(runtime, provider.name);
  if (known === CPU) return;
  const keys = cStrings(runtime, Object.keys(provider.options));
  const values = cStrings(runtime, Object.values(provider.options));
  const status = pinned([keys, values], () =>
    api.appendExecutionProvider(options, cString(known), keys.at, values.at, keys.strings.length),
  );
  if (status !== null) throw unusable(runtime, known, status);
}

/** Strings and the table of their addresses; must be pinned while native code reads it. */
function cStrings({ koffi }: Runtime, texts: readonly string[]) {
  const strings = texts.map(cString);
  const addresses = new Slots(koffi, strings.length);
  strings.forEach((string, index) => {
    addresses.set(index, koffi.address(string));
  });
  return { strings, addresses, at: addresses.at(0) };
}

function shortName(name: string): string {
  return name.replace(/ExecutionProvider$/i, '').toLowerCase();
}

function absent(runtime: Runtime, name: string): JitneyError {
  return new JitneyError(
    'INVALID_CONFIG',
    `There is no execution provider "${name}" in ${runtime.library.path} (ONNX Runtime ${runtime.version}). ` +
      `It has: ${availableProviders(runtime).join(', ')}. For another, set JITNEY_ORT_LIBRARY to a build that has it.`,
  );
}

/** The list of a library names providers whose own libraries may be missing, or that are set up by calls of their own. */
function unusable({ api }: Runtime, name: string, status: Status): JitneyError {
  const cause = takeError(api, status);
  const reason = cause.message.startsWith('Unknown provider name')
    ? 'it is not set up by names and values, and this package does not know its own calls (CUDA, TensorRT)'
    : plainMessage(cause);
  return new JitneyError('INVALID_CONFIG', `The execution provider ${name} cannot be used: ${reason}.`, { cause });
}
