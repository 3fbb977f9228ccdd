/** What shares this machine's CPUs. */
export interface CpuSharers {
  /** Models that gain by several threads, in whichever host. */
  readonly heavy: number;
  /** Hosts that hold none of these: they use one thread. */
  readonly light: number;
}

/** Below this, handing parts of an operator to other threads costs more than it saves. */
export const LIGHT_MODEL_BYTES = 4 * 1024 * 1024;
