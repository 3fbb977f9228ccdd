import type { ModelMetadata } from '../metadata.js';
import type { Address, Status } from './function-table.js';
import { cString, Slots } from './memory.js';
import type { Runtime } from './runtime.js';
import { check } from './status.js';

/** Reads what a model says about itself. */
export function readMetadata(runtime: Runtime, session: Address): ModelMetadata {
  const { api } = runtime;
  const out = new Slots(runtime.koffi, 1);
  check(api, api.sessionGetModelMetadata(session, out.at(0)), 'INVALID_MODEL', 'The metadata cannot be read');
  const reader = new MetadataReader(runtime, out.get(0));
  try {
    return {
      producer: reader.text(api.metadataGetProducerName),
      graphName: reader.text(api.metadataGetGraphName),
      domain: reader.text(api.metadataGetDomain),
      description: reader.text(api.metadataGetDescription),
      graphDescription: reader.text(api.metadataGetGraphDescription),
      version: reader.version(),
      properties: reader.properties(),
    };
  } finally {
    api.releaseModelMetadata(out.get(0));
  }
}

class MetadataReader {
  readonly #runtime: Runtime;
  readonly #metadata: Address;
  readonly #out: Slots;

  constructor(runtime: Runtime, metadata: Address) {
    this.#runtime = runtime;
    this.#metadata = metadata;
    this.#out = new Slots(runtime.koffi, 2);
  }

  text(get: (metadata: Address, allocator: Address, out: Address) => Status): string {
    this.#done(get(this.#metadata, this.#runtime.allocator, this.#out.at(0)));
    return this.#take();
  }

  version(): number | bigint {
    this.#done(this.#runtime.api.metadataGetVersion(this.#metadata, this.#out.at(0)));
    const version = BigInt.asIntN(64, this.#out.get(0));
    return Number.isSafeInteger(Number(version)) ? Number(version) : version;
  }

  properties(): Record<string, string> {
    // No prototype: a property may be called __proto__.
    const properties: Record<string, string> = Object.create(null);
    for (const key of this.#keys()) {
      const { api, allocator } = this.#runtime;
      this.#done(api.metadataLookup(this.#metadata, allocator, cString(key), this.#out.at(0)));
      if (this.#out.get(0) !== 0n) properties[key] = this.#take();
    }
    return properties;
  }

  #keys(): string[] {
    const { api, allocator, koffi } = this.#runtime;
    this.#done(api.metadataGetKeys(this.#metadata, allocator, this.#out.at(0), this.#out.at(1)));
    const list = this.#out.get(0);
    const count = this.#out.size(1);
    // A model without properties gets NULL.
    if (list === 0n) return [];
    const keys: string[] = [];
    for (let index = 0; index < count; index++) {
      const key = koffi.decode(list, index * 8, 'void *') as Address;
      keys.push(koffi.decode.string(key));
      this.#free(key);
    }
    this.#free(list);
    return keys;
  }

  /** The string the runtime allocated, freed. */
  #take(): string {
    const address = this.#out.get(0);
    const text = this.#runtime.koffi.decode.string(address);
    this.#free(address);
    return text;
  }

  #free(address: Address): void {
    this.#done(this.#runtime.api.allocatorFree(this.#runtime.allocator, address));
  }

  #done(status: Status): void {
    check(this.#runtime.api, status, 'INVALID_MODEL', 'The metadata cannot be read');
  }
}
