import type { Config } from '../config/index.js';
import type { Supervisor } from '../fleet/supervisor.js';
import { createLog } from '../telemetry/logs.js';
import { openStderr } from '../telemetry/stderr.js';
import { type Announcer, createLogAnnouncer, createTerminalAnnouncer } from './announcer.js';
import { type ConfigOptions, configFrom } from './config-options.js';
import { EXIT } from './exit-codes.js';
import { discover, launch, logSettingsOf, VERSION } from './launch.js';
import { firstSignal } from './signals.js';

/** `jitney serve PATH…`: serves until it is told to end. */
export async function serveCommand(paths: readonly string[], options: ConfigOptions): Promise<number> {
  const startedAtMs = performance.now();
  // Children end with this process, and what it left in the temporary folder is removed as it exits.
  const signalled = firstSignal(() => process.exit(EXIT.interrupted));
  const config = await configFrom(options);
  const repository = await discover(paths);
  const announcer = createAnnouncer(config);
  // Versions of one model share what was found in its folder.
  const ofModels = new Set(repository.artefacts.flatMap((artefact) => artefact.warnings));
  announcer.starts(VERSION, [...config.warnings, ...repository.warnings, ...ofModels]);
  let isEnding = false;
  const supervisor = await launch({
    config,
    repository,
    onRoutes: (table) => {
      if (!isEnding) announcer.routes(table);
    },
  });
  void supervisor.settled().then(() => {
    if (!isEnding) announceReady(announcer, supervisor, performance.now() - startedAtMs);
  });
  const cause = await Promise.race([signalled, supervisor.failed]);
  isEnding = true;
  if (cause instanceof Error) announcer.failed(cause);
  else announcer.ends(cause);
  await supervisor.stop();
  return cause instanceof Error ? EXIT.failed : EXIT.done;
}

function createAnnouncer(config: Config): Announcer {
  const { format } = logSettingsOf(config);
  // The command's own words, whatever the level of the log.
  if (format === 'json') return createLogAnnouncer(createLog({ format, level: 'info', name: 'supervisor' }));
  // Nothing waits for a terminal on hold, and one that is gone ends nothing.
  const stderr = openStderr((lines) => `${lines} lines were lost: nobody read them\n`);
  return createTerminalAnnouncer((line) => stderr.write(`${line}\n`));
}

function announceReady(announcer: Announcer, { fleet, host, port }: Supervisor, tookMs: number): void {
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  announcer.ready({ host, url, tookMs }, fleet.table());
}
