export { parseAssignments } from './assignments.js';
export {
  type Config,
  describeSource,
  type LimitsConfig,
  type LogConfig,
  type ModelsConfig,
  type ServerConfig,
  type Source,
  type SupervisionConfig,
} from './config.js';
export { type ConfigFile, readConfigFile } from './config-file.js';
export { isLoopback } from './contradictions.js';
export { type ConfigSources, loadConfig } from './load-config.js';
export { configSchema } from './schema.js';
export { listSettings, type NamedSetting, type SettingName } from './settings.js';
