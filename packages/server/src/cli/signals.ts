/** Under npm one Ctrl-C comes twice: from the terminal and from npm, which passes it on. */
const SAME_SIGNAL_MS = 500;

/** SIGHUP is not among them: whoever has it ignored (nohup) keeps a server whose terminal closes. */
const ENDING = ['SIGINT', 'SIGTERM'] as const;

/** The first signal that asks the command to end. From now on none ends it by itself; a second one calls `again`. */
export function firstSignal(again: () => void): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstAtMs: number | null = null;
    for (const name of ENDING) {
      process.on(name, () => {
        if (firstAtMs === null) {
          firstAtMs = performance.now();
          resolve(name);
        } else if (performance.now() - firstAtMs > SAME_SIGNAL_MS) {
          again();
        }
      });
    }
  });
}
