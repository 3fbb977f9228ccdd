import type { SceneModel } from '../models/scene-model.js';
import { checkAnswer, trueAnswers } from '../models/true-answers.js';
import type { Asking } from './contender.js';
import type { Dialect } from './dialect.js';

/** A model's questions, and what the right answers are. */
export class Examination {
  readonly model: SceneModel;
  readonly #truths: readonly Float32Array[];

  private constructor(model: SceneModel, truths: readonly Float32Array[]) {
    this.model = model;
    this.#truths = truths;
  }

  static async of(model: SceneModel): Promise<Examination> {
    return new Examination(model, await trueAnswers(model));
  }

  /** The same in a server's form. */
  in(dialect: Dialect): Asking {
    const requests = this.model.questions.map((question) => dialect.write(this.model, question));
    return {
      request: requests[0]!,
      requests,
      check: (body, at) => checkAnswer(dialect.read(this.model, body), this.#truths[at]!),
    };
  }
}
