import { createRequire } from 'node:module';
import { JitneyError } from '@jitney/core';

export type Koffi = typeof import('koffi');

/**
 * Stack of native calls. koffi's own 128 KiB for asynchronous calls end in SIGSEGV at some 12 nested `If`s or
 * 50 nested local functions; the pages are only taken when they are used.
 */
const STACK_BYTES = 8 << 20;

/** Stacks kept for the next calls (koffi's most): making one anew for a call costs more than a short run. */
const KEPT_STACKS = 32;

/** Calls that koffi holds at once. The gate lets in fewer: libuv's pool has at most 1024 threads. */
const MAX_CALLS = 4096;

/**
 * koffi with the stacks that runs need, loaded on first use: a process that never opens a model does not pay for it.
 * Whatever else in the process calls native functions gets koffi from here, since its first user sets it up for all.
 */
export function loadKoffi(): Koffi {
  const koffi = requireKoffi();
  try {
    koffi.config({
      sync_stack_size: STACK_BYTES,
      async_stack_size: STACK_BYTES,
      resident_async_pools: KEPT_STACKS,
      max_async_calls: MAX_CALLS,
    });
  } catch (cause) {
    // koffi refuses once anything else in the process has loaded a library with it: what is set must then do.
    const { async_stack_size: bytes = 0 } = koffi.config();
    if (bytes < STACK_BYTES) throw stackTooSmall(bytes, cause);
  }
  return koffi;
}

function requireKoffi(): Koffi {
  try {
    return createRequire(import.meta.url)('koffi') as Koffi;
  } catch (cause) {
    throw new JitneyError(
      'INVALID_CONFIG',
      `The native part of koffi for ${process.platform}-${process.arch} cannot be loaded. It is an optional dependency ` +
        `of koffi: install without --omit=optional (--no-optional). ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
}

function stackTooSmall(bytes: number, cause: unknown): JitneyError {
  return new JitneyError(
    'INVALID_CONFIG',
    `Another part of this process uses koffi with an asynchronous stack of ${bytes} bytes; deep models need ` +
      `${STACK_BYTES}. Call koffi.config({ async_stack_size: ${STACK_BYTES} }) before its first koffi.load().`,
    { cause },
  );
}
