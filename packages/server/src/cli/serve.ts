import { isLoopback } from '../config/index.js';
import type { Supervisor } from '../fleet/supervisor.js';
import type { LoadedModel, ModelRoute, RoutingTable } from '../wire/messages.js';
import { type ConfigOptions, configFrom } from './config-options.js';
import { EXIT } from './exit-codes.js';
import { discover, launch, VERSION } from './launch.js';
import { describeModel, paint } from './output.js';

/** `jitney serve PATH…`: serves until it is told to end. */
export async function serveCommand(paths: readonly string[], options: ConfigOptions): Promise<number> {
  const startedAtMs = performance.now();
  const config = await configFrom(options);
  const repository = await discover(paths);
  const out = (line: string) => process.stderr.write(`${line}\n`);
  out(`\n  ${paint.bold('jitney')} ${VERSION}\n`);
  // Versions of one model share what was found in its folder.
  const ofModels = new Set(repository.artefacts.flatMap((artefact) => artefact.warnings));
  for (const warning of [...config.warnings, ...repository.warnings, ...ofModels]) {
    out(`  ${paint.yellow('!')} ${warning}`);
  }
  const progress = new LoadProgress(out);
  const supervisor = await launch({ config, repository, onRoutes: (table) => progress.update(table) });
  const ended = endOf(supervisor);
  const early = await Promise.race([supervisor.settled().then(() => null), ended]);
  if (early !== null) return early;
  announce(supervisor, performance.now() - startedAtMs, out);
  return ended;
}

/** Says once for each model how its load ended, and again whenever it is replaced or given up. */
class LoadProgress {
  readonly #out: (line: string) => void;
  readonly #said = new Map<string, string>();

  constructor(out: (line: string) => void) {
    this.#out = out;
  }

  update(table: RoutingTable): void {
    for (const route of table.models) {
      const key = `${route.name}@${route.version}`;
      if (this.#said.get(key) === route.state) continue;
      const before = this.#said.get(key);
      this.#said.set(key, route.state);
      this.#say(route, before);
    }
  }

  #say(route: ModelRoute, before: string | undefined): void {
    const name = `${route.name}@${route.version}`;
    switch (route.state) {
      case 'ready':
        if (before === 'restarting') this.#out(`  ${paint.green('✓')} ${name} serves again`);
        else if (route.loaded !== null) this.#out(`  ${paint.green('✓')} ${describeModel(route.loaded)}`);
        for (const warning of before === 'restarting' ? [] : (route.loaded?.warnings ?? []))
          this.#out(`    ${paint.yellow('!')} ${warning}`);
        return;
      case 'failed':
        return this.#out(`  ${paint.red('✗')} ${name}: ${route.reason}`);
      case 'unloaded':
        return this.#out(`  ${paint.dim('–')} ${name}: not loaded (${route.reason})`);
      case 'restarting':
        return this.#out(`  ${paint.yellow('…')} ${name} is being replaced: ${route.reason}`);
      case 'loading':
        return;
    }
  }
}

function announce(supervisor: Supervisor, tookMs: number, out: (line: string) => void): void {
  const url = `http://${supervisor.host.includes(':') ? `[${supervisor.host}]` : supervisor.host}:${supervisor.port}`;
  const { models } = supervisor.fleet.table();
  const serving = models.filter((route) => route.state === 'ready');
  const count = `${serving.length} of ${models.filter((route) => route.state !== 'unloaded').length} models`;
  out(`\n  ready in ${(tookMs / 1_000).toFixed(2)} s: ${count} at ${paint.cyan(url)}\n`);
  if (!isLoopback(supervisor.host)) out(`  ${paint.yellow('!')} other machines can reach this server\n`);
  for (const { loaded } of serving) if (loaded !== null) suggest(loaded, url, out);
}

/** A request that works, for each model that says what it takes. */
function suggest(model: LoadedModel, url: string, out: (line: string) => void): void {
  if (model.example === null) return;
  const body = JSON.stringify({ inputs: model.example });
  if (body.length > 400) return;
  out(
    `  try  curl -s ${url}/predict/${model.name} -H 'content-type: application/json' -d '${body.replaceAll("'", "'\\''")}'`,
  );
}

/** Under npm one Ctrl-C comes twice: from the terminal and from npm, which passes it on. */
const SAME_SIGNAL_MS = 500;

/** The command's end: a signal, or nothing left that serves. A second signal ends at once. */
function endOf(supervisor: Supervisor): Promise<number> {
  return new Promise((resolve) => {
    const endWith = (code: number) =>
      supervisor.stop().then(
        () => resolve(code),
        () => resolve(EXIT.failed),
      );
    let firstAtMs: number | null = null;
    const onSignal = (signal: NodeJS.Signals) => {
      if (firstAtMs !== null) {
        if (performance.now() - firstAtMs > SAME_SIGNAL_MS) process.exit(EXIT.interrupted);
        return;
      }
      firstAtMs = performance.now();
      void endWith(EXIT.done);
      process.stderr.write(`\n  ${signal}: answering what runs, then ending (again to end at once)\n`);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    void supervisor.failed.then((error) => {
      process.stderr.write(`jitney: ${error.message}\n`);
      void endWith(EXIT.failed);
    });
  });
}
