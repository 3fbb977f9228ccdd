import { existsSync, readFileSync } from 'node:fs';
import { JitneyError } from '@jitney/core';
import type { Supervisor } from '../fleet/supervisor.js';
import type { BenchOptions } from './bench-options.js';
import { configFrom } from './config-options.js';
import { discover, launch } from './launch.js';

/** A server to send requests to. */
export interface BenchTarget {
  readonly url: string;
  /** What clients of it send; `null`: it asks for none, as far as is known. */
  readonly apiKey: string | null;
  /** Fires when it cannot serve any more. */
  readonly failed: Promise<Error>;
  /** Ends it, where it was started for this. */
  stop(): Promise<void>;
}

/**
 * The server at an address, or one that is started for the models at a path.
 * @throws JitneyError where there is nothing at the path, or a model of it does not load.
 */
export async function openTarget(target: string, options: BenchOptions): Promise<BenchTarget> {
  const apiKey = readKey(options.apiKeyFile);
  if (/^https?:\/\//.test(target)) return { url: target, apiKey, failed: new Promise(() => {}), stop: async () => {} };
  if (!existsSync(target) && /^[\w.-]+:\d+(?:\/|$)/.test(target)) {
    throw new JitneyError('INVALID_ARGUMENT', `there is no file or folder ${target}; an address begins with http://`);
  }
  const supervisor = await serve(target, options);
  const url = `http://127.0.0.1:${supervisor.port}`;
  return { url, apiKey, failed: supervisor.failed, stop: () => supervisor.stop() };
}

/** As `jitney serve` would, on a free port of this machine, saying no more than what goes wrong. */
async function serve(path: string, { config: file, set, apiKeyFile }: BenchOptions): Promise<Supervisor> {
  const config = await configFrom({
    ...(file !== undefined && { config: file }),
    ...(set !== undefined && { set }),
    ...(apiKeyFile !== undefined && { apiKeyFile }),
  });
  const { server, log } = config;
  const repository = await discover([path]);
  const supervisor = await launch({
    config: {
      ...config,
      server: { ...server, host: '127.0.0.1', port: 0 },
      log: { ...log, level: log.level === 'info' ? 'error' : log.level },
    },
    repository,
  });
  try {
    await supervisor.settled();
    refuseFailed(supervisor);
    return supervisor;
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
}

function refuseFailed({ fleet }: Supervisor): void {
  const failed = fleet.table().models.find(({ state }) => state === 'failed');
  if (failed !== undefined)
    throw new JitneyError('MODEL_FAILED', `${failed.name}@${failed.version} cannot be served: ${failed.reason}`);
}

function readKey(file: string | undefined): string | null {
  if (file === undefined) return process.env.JITNEY_API_KEY ?? null;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new JitneyError('INVALID_CONFIG', `--api-key-file ${file} cannot be read: ${(error as Error).message}`);
  }
}
