import type { SystemCalls } from './system-calls.js';

const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;

/**
 * Ends this process when the supervisor is gone, by whatever cause. SIGTERM and SIGINT are left to the supervisor:
 * a terminal or a service manager sends them to every process of the group, and what runs must still be answered.
 *
 * SIGKILL is used, since an orderly exit waits for runs in flight. The channel's end is noticed only by a loop that
 * turns; on Linux the kernel is asked to do it too, for a model's own code that never returns.
 */
export function endWithParent(system: SystemCalls): void {
  process.on('disconnect', endNow);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  if (process.platform === 'linux') {
    const prctl = system.load(null).func('int prctl(int option, unsigned long argument)');
    prctl(PR_SET_PDEATHSIG, SIGKILL);
  }
  // The supervisor may have ended before any of this was in place.
  if (!process.connected) endNow();
}

function endNow(): void {
  process.kill(process.pid, 'SIGKILL');
}
