import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config/index.js';
import { discover, type Repository } from '../fleet/repository/index.js';
import { type Supervisor, type SupervisorOptions, startSupervisor } from '../fleet/supervisor.js';
import { wantedModels } from '../fleet/wanted-models.js';
import { createLog } from '../telemetry/logs.js';
import { realClock } from '../wire/clock.js';
import type { LogSettings, ModelRoute } from '../wire/messages.js';

/** This release, as its package says. */
export const VERSION: string = createRequire(import.meta.url)('../../package.json').version;

const MODULES = {
  gateway: fileURLToPath(new URL('../gateway/main.js', import.meta.url)),
  host: fileURLToPath(new URL('../host/main.js', import.meta.url)),
};

export interface Launch extends Pick<SupervisorOptions, 'onRoutes'> {
  readonly config: Config;
  readonly repository: Repository;
}

/** Starts the server's processes for what the repository holds. */
export async function launch({ config, repository, ...watching }: Launch): Promise<Supervisor> {
  const logSettings = logSettingsOf(config);
  return startSupervisor({
    config,
    models: wantedModels(repository, config),
    version: VERSION,
    clock: realClock,
    log: createLog({ ...logSettings, name: 'supervisor' }),
    logSettings,
    modules: MODULES,
    ...watching,
  });
}

/** How every process logs: readable on a terminal, JSON otherwise, unless the settings say. */
export function logSettingsOf({ log: { level, format } }: Config): LogSettings {
  const byTerminal = process.stderr.isTTY ? 'pretty' : 'json';
  return { level, format: format === 'auto' ? byTerminal : format };
}

/** Loads what can be served, with nobody listening, and answers how each load ended. */
export async function loadAll(repository: Repository, config: Config): Promise<readonly ModelRoute[]> {
  const supervisor = await launch({
    config: { ...config, server: { ...config.server, host: '127.0.0.1', port: 0, gateways: 0 } },
    repository,
  });
  try {
    await supervisor.settled();
    return supervisor.fleet.table().models;
  } finally {
    await supervisor.stop();
  }
}

export { discover };
