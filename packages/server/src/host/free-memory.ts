import type { SystemCalls } from './system-calls.js';

/**
 * Gives memory back to the system that loading took and freed: parsing and optimising a model leave several MB in the
 * C library's free lists, which it keeps for itself otherwise. Only glibc has the call; elsewhere nothing is done.
 */
export function returnFreeMemory(system: SystemCalls): void {
  if (process.platform !== 'linux') return;
  try {
    system.load(null).func('int malloc_trim(size_t)')(0);
  } catch {
    // Another C library (musl): it returns memory by itself.
  }
}
