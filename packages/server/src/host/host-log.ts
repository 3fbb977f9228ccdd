import type { LogSettings } from '../wire/messages.js';

type Level = 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/**
 * A host's log, loaded with its first line: most hosts never write one, and the library takes 3 MB and 20 ms of each.
 * Lines keep their order.
 */
export class HostLog {
  readonly #settings: LogSettings;
  readonly #name: string;
  #log: Promise<import('../telemetry/logs.js').Log> | null = null;

  constructor(settings: LogSettings, name: string) {
    this.#settings = settings;
    this.#name = name;
  }

  /** Answers once the line is written, for whoever ends the process after it. */
  async write(level: Level, fields: Readonly<Record<string, unknown>>, text: string): Promise<void> {
    if (level === 'debug' && !/debug|trace/.test(this.#settings.level)) return;
    this.#log ??= this.#load();
    const log = await this.#log;
    log[level](fields, text);
  }

  async #load() {
    const { createLog } = await import('../telemetry/logs.js');
    return createLog({ ...this.#settings, name: this.#name });
  }
}
