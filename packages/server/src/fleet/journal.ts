import type { Log } from '../telemetry/logs.js';
import type { Condemned, HostEnded, HostFacts } from '../wire/messages.js';
import type { ChildEnd } from './child.js';
import type { Aftermath } from './supervised-host.js';

/** What happens to the processes, for the log: one line an event, which says who, why, and what came instead. */
export class Journal {
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  hostReady({ hostId, pid, models }: HostFacts, tookMs: number, afterEnd: boolean): void {
    const line = `host ${hostId} ${afterEnd ? 'serves in its place' : 'serves'}, after ${Math.round(tookMs)} ms`;
    this.#log[afterEnd ? 'info' : 'debug']({ hostId, pid, models, tookMs: Math.round(tookMs) }, line);
  }

  hostEnded({ hostId, end, detail }: HostEnded, { pid, models }: HostFacts, aftermath: Aftermath): void {
    const fields = { hostId, pid, models, end };
    const line = `host ${hostId} (process ${pid}) ended ${detail}`;
    switch (aftermath.state) {
      case 'none':
        return this.#log.debug(fields, line);
      case 'give-up':
        return this.#log.error(fields, `${line}; it is given up`);
      case 'restart':
        return this.#log[end === 'killed' ? 'warn' : 'error'](fields, `${line}; another is starting${how(aftermath)}`);
    }
  }

  gatewayReady(id: number, pid: number, tookMs: number): void {
    this.#log.info(
      { gateway: id, pid, tookMs: Math.round(tookMs) },
      `gateway ${id} serves again, after ${Math.round(tookMs)} ms`,
    );
  }

  gatewayEnded(id: number, pid: number, { end, detail }: ChildEnd, afterMs: number | null): void {
    const next = afterMs === null ? 'given up' : `another is starting${afterMs === 0 ? '' : ` in ${afterMs} ms`}`;
    this.#log.error({ gateway: id, pid, end }, `gateway ${id} (process ${pid}) ended ${detail}; ${next}`);
  }

  condemned(condemned: Condemned): void {
    const { model, version, detail } = condemned;
    this.#log.error(
      { ...condemned },
      `a request of ${model}@${version} ended its host ${detail} while alone in it: it is refused from now on`,
    );
  }
}

function how({ afterMs, because }: Extract<Aftermath, { state: 'restart' }>): string {
  return `${afterMs === 0 ? '' : ` in ${afterMs} ms`}${because === null ? '' : `, ${because}`}`;
}
