import { JitneyError } from '@jitney/core';
import type { Body } from '../../wire/frames.js';
import type { Condemned, ModelRoute } from '../../wire/messages.js';
import { fingerprintOf } from './fingerprint.js';
import type { Flight } from './flight.js';

/** Remembered for each model version: the oldest is forgotten first. */
const KEPT = 64;

/** Requests that, alone in it, ended a host: refused at once when they come again. */
export class CondemnedRequests {
  readonly #byModel = new Map<string, Map<string, Condemned>>();

  add(condemned: Condemned): void {
    const key = keyOf({ name: condemned.model, version: condemned.version });
    const known = this.#byModel.get(key) ?? new Map<string, Condemned>();
    known.set(condemned.fingerprint, condemned);
    if (known.size > KEPT) known.delete(known.keys().next().value as string);
    this.#byModel.set(key, known);
  }

  forget(model: string, version: string): void {
    this.#byModel.delete(keyOf({ name: model, version }));
  }

  condemn(flight: Flight, detail: string): Condemned {
    const { model, version, call } = flight;
    const condemned = { model, version, fingerprint: fingerprintOf(call.body), detail };
    this.add(condemned);
    return condemned;
  }

  /** Hashes only where the model has ever lost a host to a request. @throws JitneyError `REQUEST_CONDEMNED` */
  refuse(route: ModelRoute, body: Body): void {
    const known = this.#byModel.size === 0 ? undefined : this.#byModel.get(keyOf(route));
    const condemned = known?.get(fingerprintOf(body));
    if (condemned !== undefined) throw this.errorFor(condemned);
  }

  errorFor(condemned: Condemned): JitneyError {
    return new JitneyError(
      'REQUEST_CONDEMNED',
      `this request, run alone, ended the process of '${condemned.model}' ${condemned.detail}; it will not be run again`,
    );
  }
}

const keyOf = (route: Pick<ModelRoute, 'name' | 'version'>) => `${route.name}@${route.version}`;
