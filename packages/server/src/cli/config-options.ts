import type { Command } from 'commander';
import {
  type Config,
  listSettings,
  loadConfig,
  parseAssignments,
  readConfigFile,
  type SettingName,
} from '../config/index.js';

/** Options as commander gives them: by the flag's name in camel case. */
export interface ConfigOptions {
  readonly config?: string;
  readonly set?: readonly string[];
  readonly [flag: string]: unknown;
}

/** Adds `--config`, `--set` and every setting that has a flag of its own. */
export function addConfigOptions(command: Command): Command {
  for (const { flag, doc, byDefault } of listSettings()) {
    if (flag === null) continue;
    const value = byDefault === false ? '' : ' <value>';
    const shown =
      byDefault === null || byDefault === false || Array.isArray(byDefault) ? '' : ` (default ${byDefault})`;
    command.option(`--${flag}${value}`, doc.replace(/\.$/, '') + shown);
  }
  return command
    .option('--config <file>', 'settings in YAML or JSON')
    .option('--set <section.name=value>', 'any setting; may be repeated', (value: string, all: string[] = []) => [
      ...all,
      value,
    ]);
}

/** @throws JitneyError `INVALID_CONFIG` that lists everything wrong. */
export async function configFrom(options: ConfigOptions): Promise<Config> {
  const flags: Partial<Record<SettingName, unknown>> = parseAssignments(options.set ?? []);
  for (const { flag, name } of listSettings()) {
    const value = flag === null ? undefined : options[camelCase(flag)];
    if (value !== undefined) flags[name] = value;
  }
  const file = options.config === undefined ? null : await readConfigFile(options.config);
  return loadConfig({ flags, env: process.env, file });
}

const camelCase = (flag: string) => flag.replace(/-(\w)/g, (_dash, letter: string) => letter.toUpperCase());
