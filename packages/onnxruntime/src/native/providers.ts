import type { Address } from './function-table.js';
import { Slots } from './memory.js';
import type { Runtime } from './runtime.js';
import { check } from './status.js';

/** Execution providers built into the library, best first, as it names them. */
export function availableProviders({ api, koffi }: Runtime): string[] {
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
