import {
  type Batch,
  type Batching,
  type Clock,
  type Entry,
  JitneyError,
  joinRows,
  type Lane,
  type Outcome,
  sliceRows,
  type Tensor,
} from '@jitney/core';
export interface Executor {
  run(batch: Batch, signal?: AbortSignal): Tensor[] | Promise<Tensor[]>;
  beforeRun(entryIds: readonly number[]): void;
}
export function createOneShotLane(o: {
  batching: Batching;
  instances: number;
  limits: { maxEntries: number; maxBytes: number };
  clock: Clock;
  executor: Executor;
}): Lane {
  type Q = { entry: Entry; settle: (outcome: Outcome) => void };
  let queue: Q[] = [];
  let running = 0;
  let scheduled = false;
  const pump = () => {
    scheduled = false;
    while (running < o.instances && queue.length > 0) {
      const head = queue.shift() as Q;
      const batch = [head];
      let rows = head.entry.rows;
      if (o.batching.mode === 'rows' && !head.entry.alone) {
        const max = o.batching.maxRows;
        queue = queue.filter((q) => {
          if (q.entry.alone || q.entry.compatibility !== head.entry.compatibility || rows + q.entry.rows > max)
            return true;
          rows += q.entry.rows;
          batch.push(q);
          return false;
        });
      }
      void execute(batch, rows);
    }
  };
  const execute = async (batch: Q[], rows: number) => {
    running += 1;
    const startedAtMs = o.clock.now();
    try {
      const first = batch[0]?.entry as Entry;
      const tensors =
        batch.length === 1
          ? first.tensors
          : first.tensors.map((_, i) => joinRows(batch.map((q) => q.entry.tensors[i] as Tensor)));
      if (first.alone) o.executor.beforeRun(batch.map((q) => q.entry.id));
      const result = o.executor.run({ tensors, outputs: batch.length === 1 ? first.outputs : null });
      const outputs = result instanceof Promise ? await result : result;
      const finishedAtMs = o.clock.now();
      let at = 0;
      for (const { entry, settle } of batch) {
        const own = batch.length === 1 ? outputs : outputs.map((t) => sliceRows(t, at, at + entry.rows));
        at += entry.rows;
        settle({
          state: 'done',
          outputs: own,
          timing: { enqueuedAtMs: entry.arrivedAtMs, startedAtMs, finishedAtMs, batchRows: rows },
        });
      }
    } catch (thrown) {
      for (const { settle } of batch) settle({ state: 'failed', error: JitneyError.from(thrown, 'MODEL_ERROR') });
    }
    running -= 1;
    pump();
  };
  return {
    submit: (entry, settle) => {
      queue.push({ entry, settle });
      if (!scheduled) {
        scheduled = true;
        o.clock.soon(pump);
      }
    },
    cancel: () => {},
    stats: () => ({
      queuedEntries: queue.length,
      queuedRows: 0,
      queuedBytes: 0,
      runningRows: running,
      oldestRunMs: 0,
      expectedWaitMs: 0,
    }),
    drain: async () => {},
  };
}
