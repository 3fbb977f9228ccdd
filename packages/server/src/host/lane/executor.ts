import type { Batch, Tensor } from '@jitney/core';

/** What makes the runs: a model in a server, a virtual one in the simulator. */
export interface Executor {
  /**
   * Told which entries are in a run that is about to begin and may end the process: what others must know of that by
   * then has to be written when this returns. Not called for short runs where no other could be in flight: should the
   * process end, whatever was in it is suspect.
   */
  beforeRun(entryIds: readonly number[]): void;
  /**
   * Answers at once (no promise) where the run was short. The outputs are the lane's, which gives them on. `signal` is
   * aborted when nobody waits for the answer any more; the instance stays taken until the run has ended. Runs that answer
   * at once leave nothing on it: the next run gets the same.
   * @throws JitneyError `INVALID_ARGUMENT` or `MODEL_ERROR` where rows may be to blame: the entries of a shared run then
   * run again one by one. Any other error ends all of them.
   */
  run(batch: Batch, signal: AbortSignal): Tensor[] | Promise<Tensor[]>;
}
