import type { RunPlan } from '../run-plan.js';
import type { Value } from '../value.js';
import type { Address, Status } from './function-table.js';
import type { Endable } from './in-flight.js';
import { cString, Slots } from './memory.js';
import type { Runtime } from './runtime.js';
import { check } from './status.js';
import type { ValueReader } from './value-reader.js';
import type { ValueWriter } from './value-writer.js';

/** An input or output as the runtime knows it. */
export interface Port {
  readonly name: string;
  /** The name in memory of the runtime. */
  readonly nativeName: Address;
  /** Outputs of plain tensors are read without asking what they are. */
  readonly isTensor: boolean;
}

/**
 * Owner of all that a run hands to native code: the tables of names and values, the `OrtValue`s, the run options, and
 * through the plan the tensors' own data. One run uses a frame at a time; frames are used again.
 */
export class RunFrame implements Endable {
  readonly #runtime: Runtime;
  readonly #session: Address;
  readonly #inputs: readonly Port[];
  readonly #outputs: readonly Port[];
  readonly #inputNames: Slots;
  readonly #inputValues: Slots;
  readonly #outputNames: Slots;
  readonly #outputValues: Slots;
  #plan: RunPlan | null = null;
  #inputCount = 0;
  #options: Address | null = null;
  #ended = false;

  constructor(runtime: Runtime, session: Address, inputs: readonly Port[], outputs: readonly Port[]) {
    this.#runtime = runtime;
    this.#session = session;
    this.#inputs = inputs;
    this.#outputs = outputs;
    this.#inputNames = new Slots(runtime.koffi, inputs.length);
    this.#inputValues = new Slots(runtime.koffi, inputs.length);
    this.#outputNames = new Slots(runtime.koffi, outputs.length);
    this.#outputValues = new Slots(runtime.koffi, outputs.length);
  }

  /** True once {@link end} was called for this run. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Takes the plan's tensors. Whatever happens, {@link clear} must follow. */
  fill(plan: RunPlan, writer: ValueWriter): void {
    this.#plan = plan;
    for (let position = 0; position < plan.inputs.length; position++) {
      const value = plan.inputs[position] as Value | null;
      if (value === null) continue;
      const place = this.#inputCount++;
      this.#inputNames.set(place, (this.#inputs[position] as Port).nativeName);
      writer.write(value, this.#inputValues.at(place));
    }
    for (let place = 0; place < plan.outputs.length; place++) {
      this.#outputNames.set(place, this.#port(plan, place).nativeName);
      const into = plan.into?.[place];
      if (into) writer.tensor(into, this.#outputValues.at(place));
    }
    if (plan.tag !== null) this.#done(this.#runtime.api.runOptionsSetRunTag(this.#runOptions(), cString(plan.tag)));
  }

  /** Runs on the calling thread. */
  run(): Status {
    return this.#runtime.api.run(
      this.#session,
      this.#plan?.tag == null ? null : this.#options,
      this.#inputNames.at(0),
      this.#inputValues.at(0),
      this.#inputCount,
      this.#outputNames.at(0),
      this.#plan?.outputs.length ?? 0,
      this.#outputValues.at(0),
    );
  }

  /** Runs on another thread; the frame must be held until `done`. */
  runAsync(done: (error: Error | null, status: Status) => void): void {
    this.#runtime.api.run.async(
      this.#session,
      this.#runOptions(),
      this.#inputNames.at(0),
      this.#inputValues.at(0),
      this.#inputCount,
      this.#outputNames.at(0),
      this.#plan?.outputs.length ?? 0,
      this.#outputValues.at(0),
      done,
    );
  }

  /** Asks the run to end at the next node of its graph. */
  end(): void {
    this.#ended = true;
    this.#done(this.#runtime.api.runOptionsSetTerminate(this.#runOptions()));
  }

  /** What the run gave. Large ones are filled on other threads where `copies` takes the promises of that. */
  results(reader: ValueReader, copies?: Promise<void>[]): Value[] {
    const plan = this.#plan as RunPlan;
    const results = new Array<Value>(plan.outputs.length);
    const memory = { allocate: plan.allocate, copies: copies ?? null };
    for (let place = 0; place < plan.outputs.length; place++) {
      const { name, isTensor } = this.#port(plan, place);
      const value = this.#outputValues.get(place);
      results[place] = plan.into?.[place] ?? (isTensor ? reader.tensor(value, name, memory) : reader.read(value, name));
    }
    return results;
  }

  /** Lets go of the run's tensors, so that the frame can serve another. */
  clear(): void {
    const { api } = this.#runtime;
    releaseAll(api.releaseValue, this.#inputValues, this.#inputCount);
    // A run that failed may have given some of its outputs.
    releaseAll(api.releaseValue, this.#outputValues, this.#plan?.outputs.length ?? 0);
    this.#inputCount = 0;
    if (this.#ended) this.#done(api.runOptionsUnsetTerminate(this.#runOptions()));
    this.#ended = false;
    if (this.#plan?.tag != null) this.#done(api.runOptionsSetRunTag(this.#runOptions(), cString('')));
    this.#plan = null;
  }

  /** Frees what outlives a run. The frame must not be used after. */
  release(): void {
    if (this.#options !== null) this.#runtime.api.releaseRunOptions(this.#options);
    this.#options = null;
  }

  #port(plan: RunPlan, place: number): Port {
    return this.#outputs[plan.outputs[place] as number] as Port;
  }

  #runOptions(): Address {
    if (this.#options === null) {
      const out = new Slots(this.#runtime.koffi, 1);
      this.#done(this.#runtime.api.createRunOptions(out.at(0)));
      this.#options = out.get(0);
    }
    return this.#options;
  }

  #done(status: Status): void {
    check(this.#runtime.api, status, 'INTERNAL', 'A run cannot be set up');
  }
}

function releaseAll(release: (value: Address) => void, values: Slots, count: number): void {
  for (let index = 0; index < count; index++) {
    const value = values.get(index);
    if (value !== 0n) release(value);
    values.set(index, 0n);
  }
}
