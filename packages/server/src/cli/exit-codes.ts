/** Exit codes of the command, as its help lists them. */
export const EXIT = { done: 0, failed: 1, usage: 2, config: 3, model: 5, interrupted: 130 } as const;
