import { JitneyError } from '@jitney/core';
import { readApiKey } from './api-key.js';
import { type Config, describeSource, type Source } from './config.js';
import type { ConfigFile } from './config-file.js';
import { contradictions } from './contradictions.js';
import { listSettings, type NamedSetting, type SettingName } from './settings.js';
import { unknownInFile, unknownVariables } from './unknown-names.js';

/** What was given, most important first. */
export interface ConfigSources {
  /** By setting, as text or already a value. */
  readonly flags?: Readonly<Partial<Record<SettingName, unknown>>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly file?: ConfigFile | null;
}

interface Given {
  readonly raw: unknown;
  readonly source: Source;
}

/**
 * The configuration: flag, else environment variable, else file, else default.
 *
 * @throws JitneyError `INVALID_CONFIG` that lists everything wrong: setting, source, value, what was expected.
 */
export function loadConfig({ flags = {}, env = {}, file = null }: ConfigSources): Config {
  const complaints: string[] = unknownInFile(file);
  const sources: Record<string, Source> = {};
  const sections: Record<string, Record<string, unknown>> = {};
  for (const setting of listSettings()) {
    const { raw, source } = given(setting, flags, env, file);
    const value = setting.kind.parse(raw);
    if (value === undefined) complaints.push(refusal(setting, raw, source));
    sources[setting.name] = source;
    sections[setting.section] = { ...sections[setting.section], [setting.key]: value ?? setting.byDefault };
  }
  const config = { ...sections, sources, warnings: unknownVariables(env) } as unknown as Config;
  const complete = withApiKey(config, env, (complaint) => complaints.push(complaint));
  complaints.push(...contradictions(complete));
  if (complaints.length > 0) throw new JitneyError('INVALID_CONFIG', complaints.join('\n'));
  return deepFreeze(complete);
}

function given(
  setting: NamedSetting,
  flags: NonNullable<ConfigSources['flags']>,
  env: NonNullable<ConfigSources['env']>,
  file: ConfigFile | null,
): Given {
  const flag = flags[setting.name];
  if (flag !== undefined) return { raw: flag, source: { from: 'flag', name: flagName(setting) } };
  const variable = env[setting.variable];
  if (variable !== undefined) return { raw: variable, source: { from: 'variable', name: setting.variable } };
  const filed = file === null ? undefined : inFile(file, setting);
  if (filed !== undefined) return { raw: filed, source: { from: 'file', path: file?.path ?? '' } };
  return { raw: setting.byDefault, source: { from: 'default' } };
}

function inFile(file: ConfigFile, { section, key }: NamedSetting): unknown {
  const settings = (file.content as Record<string, unknown> | null)?.[section];
  return (settings as Record<string, unknown> | null | undefined)?.[key];
}

function flagName({ flag, name }: NamedSetting): string {
  return flag === null ? `--set ${name}` : `--${flag}`;
}

function refusal({ name, kind }: NamedSetting, raw: unknown, source: Source): string {
  const hint = typeof raw === 'string' && raw.startsWith('tcp://') ? KUBERNETES_HINT : '';
  return `${name} (${describeSource(source)}) is ${JSON.stringify(raw)}; expected ${kind.expected}.${hint}`;
}

/** A Service named `jitney-server` makes Kubernetes set JITNEY_SERVER_PORT in every pod of its namespace. */
const KUBERNETES_HINT = ' Kubernetes sets this for a Service of that name: say `enableServiceLinks: false` in the pod.';

function withApiKey(
  config: Config,
  env: NonNullable<ConfigSources['env']>,
  refuse: (complaint: string) => void,
): Config {
  const { apiKeyFile } = config.server;
  const apiKeySha256 = readApiKey(apiKeyFile, config.sources['server.apiKeyFile'], env, refuse);
  return { ...config, server: { ...config.server, apiKeySha256 } };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) deepFreeze(part);
    Object.freeze(value);
  }
  return value;
}
