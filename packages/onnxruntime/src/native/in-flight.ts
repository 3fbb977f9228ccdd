/** A native call that is running on another thread and can be asked to end early. */
export interface Endable {
  end(): void;
}

/**
 * What runs on other threads now. Holding it here also keeps its buffers alive until the callback came.
 * Per JavaScript thread, like the calls themselves.
 */
const inFlight = new Set<Endable>();

let guarded = false;

export function begin(call: Endable): void {
  guardExit();
  inFlight.add(call);
}

export function finish(call: Endable): void {
  inFlight.delete(call);
}

/** Asks everything that runs to end. It does so at the next node of its graph. */
export function endAll(): void {
  for (const call of inFlight) call.end();
}

/** Node waits for native calls before it exits, and an endless run would hang it. */
function guardExit(): void {
  if (guarded) return;
  guarded = true;
  process.on('exit', endAll);
}
