import type { HostModel } from '../wire/messages.js';
import type { HostLifeEnd } from './host-life.js';

/** Stages of a load that run the model to learn of it, and that it can be served without. */
const CAN_DO_WITHOUT: ReadonlySet<string> = new Set(['self-check', 'warm-up']);

/**
 * Remembers which stages of which models ended a process, so that the next one leaves them out: a model that does not
 * survive its self-check may still answer every request that its clients send.
 */
export class RiskyStages {
  /** By model, version and stage: how the process ended. */
  readonly #ends = new Map<string, string>();

  /** What is left out from now on since the process ended in it, for people; `null` where that is nothing new. */
  avoid({ end, detail, position }: HostLifeEnd): string | null {
    if (position === null || end === 'killed' || !CAN_DO_WITHOUT.has(position.stage)) return null;
    const key = keyOf(position.model, position.version, position.stage);
    if (this.#ends.has(key)) return null;
    this.#ends.set(key, detail);
    return `without the ${position.stage} of ${position.model}@${position.version}, in which it ended`;
  }

  /** The model as the next process is asked to load it. */
  leaveOut(model: HostModel): HostModel {
    const selfCheck = this.#ends.get(keyOf(model.name, model.version, 'self-check'));
    const warmUp = this.#ends.get(keyOf(model.name, model.version, 'warm-up'));
    return {
      ...model,
      ...(selfCheck === undefined ? {} : skipped(selfCheck)),
      ...(warmUp === undefined ? {} : { warmUp: false }),
    };
  }
}

const skipped = (detail: string) =>
  ({ selfCheck: 'skip', selfCheckReason: `unbatched: the self-check ended the process ${detail}` }) as const;

const keyOf = (model: string, version: string, stage: string) => `${stage} ${model}@${version}`;
