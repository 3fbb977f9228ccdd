import type { ValueSpec } from '../value.js';
import type { Address, FunctionTable, Status } from './function-table.js';
import { Slots } from './memory.js';
import type { Port } from './run-frame.js';
import type { Runtime } from './runtime.js';
import { check } from './status.js';
import { TypeReader } from './type-reader.js';

/** The inputs and outputs of a session; whoever closes it frees the ports' names. */
export interface NativeSignature {
  readonly inputs: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
  readonly inputPorts: readonly Port[];
  readonly outputPorts: readonly Port[];
}

type Count = (session: Address, out: Address) => Status;
type Name = (session: Address, index: number, allocator: Address, out: Address) => Status;
type TypeInfo = (session: Address, index: number, out: Address) => Status;

/** Reads the signature of a session: its inputs, then the initialisers that a caller may override, and its outputs. */
export function readSignature(runtime: Runtime, session: Address): NativeSignature {
  const { api } = runtime;
  const reader = new SideReader(runtime, session);
  const inputs = reader.read(api.sessionGetInputCount, api.sessionGetInputName, api.sessionGetInputTypeInfo, false);
  const defaults = reader.read(...overridable(api), true);
  const outputs = reader.read(api.sessionGetOutputCount, api.sessionGetOutputName, api.sessionGetOutputTypeInfo, false);
  return {
    inputs: [...inputs.specs, ...defaults.specs],
    outputs: outputs.specs,
    inputPorts: [...inputs.ports, ...defaults.ports],
    outputPorts: outputs.ports,
  };
}

function overridable(api: FunctionTable): [Count, Name, TypeInfo] {
  return [
    api.sessionGetOverridableInitializerCount,
    api.sessionGetOverridableInitializerName,
    api.sessionGetOverridableInitializerTypeInfo,
  ];
}

class SideReader {
  readonly #runtime: Runtime;
  readonly #session: Address;
  readonly #types: TypeReader;
  readonly #out: Slots;

  constructor(runtime: Runtime, session: Address) {
    this.#runtime = runtime;
    this.#session = session;
    this.#types = new TypeReader(runtime);
    this.#out = new Slots(runtime.koffi, 1);
  }

  read(count: Count, name: Name, typeInfo: TypeInfo, optional: boolean): { specs: ValueSpec[]; ports: Port[] } {
    this.#done(count(this.#session, this.#out.at(0)));
    const length = this.#out.size(0);
    const specs: ValueSpec[] = [];
    const ports: Port[] = [];
    for (let index = 0; index < length; index++) {
      const nativeName = this.#name(name, index);
      const spec = { name: this.#runtime.koffi.decode.string(nativeName), ...this.#type(typeInfo, index), optional };
      specs.push(spec);
      ports.push({ name: spec.name, nativeName, isTensor: spec.kind === 'tensor' });
    }
    return { specs, ports };
  }

  /** The name stays in memory of the runtime, for the runs. */
  #name(name: Name, index: number): Address {
    this.#done(name(this.#session, index, this.#runtime.allocator, this.#out.at(0)));
    return this.#out.get(0);
  }

  #type(typeInfo: TypeInfo, index: number) {
    this.#done(typeInfo(this.#session, index, this.#out.at(0)));
    const info = this.#out.get(0);
    try {
      return this.#types.read(info);
    } finally {
      this.#runtime.api.releaseTypeInfo(info);
    }
  }

  #done(status: Status): void {
    check(this.#runtime.api, status, 'INVALID_MODEL', 'The signature cannot be read');
  }
}
