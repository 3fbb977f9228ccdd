import { isLoopback } from '../config/index.js';
import type { Log } from '../telemetry/logs.js';
import type { LoadedModel, ModelRoute, RoutingTable } from '../wire/messages.js';
import { describeModel, paint, plain } from './output.js';

/** Says what a person, or a log, should know of what is served. */
export interface Announcer {
  starts(version: string, warnings: readonly string[]): void;
  /** Each model once it loaded, failed or was unloaded, and again when that changes. */
  routes(table: RoutingTable): void;
  ready(facts: { readonly host: string; readonly url: string; readonly tookMs: number }, table: RoutingTable): void;
  ends(signal: string): void;
  failed(error: Error): void;
}

type Level = 'info' | 'warn' | 'error';
type Say = (level: Level, text: string, fields: Readonly<Record<string, unknown>>) => void;

const MARKS: Readonly<Record<Level, string>> = {
  info: paint.green('✓'),
  warn: paint.yellow('!'),
  error: paint.red('✗'),
};

const REACHABLE = 'other machines can reach this server';

/** For a terminal: a line a model, and requests to try. */
export function createTerminalAnnouncer(write: (line: string) => void): Announcer {
  const say: Say = (level, text, { runtime }) => {
    write(`  ${MARKS[level]} ${text}`);
    if (typeof runtime === 'string') write(`    ${paint.dim(runtime)}`);
  };
  const news = new ModelNews(say, paint);
  return {
    starts(version, warnings) {
      write(`\n  ${paint.bold('jitney')} ${version}\n`);
      for (const warning of warnings) say('warn', warning, {});
    },
    routes: (table) => news.tell(table),
    ready({ host, url, tookMs }, table) {
      write(`\n  ${readyText(paint.cyan(url), tookMs, table)}\n`);
      if (!isLoopback(host)) write(`  ${MARKS.warn} ${REACHABLE}\n`);
      for (const { state, loaded } of table.models) {
        const command = state === 'ready' && loaded !== null ? requestToTry(loaded, url) : null;
        if (command !== null) write(`  try  ${command}`);
      }
    },
    ends: (signal) => write(`\n  ${signal}: answering what runs, then ending (again to end at once)`),
    failed: (error) => write(`jitney: ${error.message}`),
  };
}

/** For whatever collects logs: each as a line of the log. */
export function createLogAnnouncer(log: Log): Announcer {
  const say: Say = (level, text, fields) => log[level](fields, text);
  const news = new ModelNews(say, plain);
  return {
    starts(version, warnings) {
      log.info({ version }, `jitney ${version} starts`);
      for (const warning of warnings) log.warn(warning);
    },
    routes: (table) => news.tell(table),
    ready({ host, url, tookMs }, table) {
      log.info({ url, tookMs: Math.round(tookMs) }, readyText(url, tookMs, table));
      if (!isLoopback(host)) log.warn({ host }, REACHABLE);
    },
    ends: (signal) => log.info({ signal }, `${signal}: answering what runs, then ending (again to end at once)`),
    failed: (error) => log.fatal({ err: error }, error.message),
  };
}

/** What is new of each model, told once. A host that is replaced is the supervisor's news. */
class ModelNews {
  readonly #say: Say;
  readonly #colours: typeof paint;
  readonly #told = new Map<string, ModelRoute['state']>();

  constructor(say: Say, colours: typeof paint) {
    this.#say = say;
    this.#colours = colours;
  }

  tell({ models }: RoutingTable): void {
    for (const route of models) {
      const key = `${route.name}@${route.version}`;
      if (this.#told.get(key) === route.state || route.state === 'loading' || route.state === 'restarting') continue;
      this.#told.set(key, route.state);
      this.#tell(key, route);
    }
  }

  #tell(key: string, { name, version, state, reason, loaded }: ModelRoute): void {
    const fields = { model: name, version };
    if (state === 'failed') return this.#say('error', reason.includes(key) ? reason : `${key}: ${reason}`, fields);
    if (state === 'unloaded') return this.#say('info', `${key}: not loaded (${reason})`, fields);
    if (loaded === null) return;
    const { loadMs, memory, batching, runtime } = loaded;
    this.#say('info', describeModel(loaded, this.#colours), {
      ...fields,
      loadMs: Math.round(loadMs),
      ...memory,
      batching,
      runtime,
    });
    for (const warning of loaded.warnings) this.#say('warn', `${key}: ${warning}`, fields);
  }
}

function readyText(url: string, tookMs: number, { models }: RoutingTable): string {
  const wanted = models.filter((route) => route.state !== 'unloaded').length;
  const serving = models.filter((route) => route.state === 'ready').length;
  const took = `${(tookMs / 1_000).toFixed(2)} s`;
  return `ready in ${took}: ${serving} of ${wanted} models at ${url} (process ${process.pid})`;
}

/** Longest example that still reads well in a terminal. */
const MAX_EXAMPLE_CHARACTERS = 400;

/** A request that works, for a model that says what it takes. */
function requestToTry({ name, example }: LoadedModel, url: string): string | null {
  if (example === null) return null;
  const body = JSON.stringify({ inputs: example });
  if (body.length > MAX_EXAMPLE_CHARACTERS) return null;
  return `curl -s ${url}/predict/${name} -H 'content-type: application/json' -d '${body.replaceAll("'", "'\\''")}'`;
}
