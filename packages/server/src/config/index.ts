export { parseAssignments } from './assignments.js';
export type { Config, LimitsConfig, ModelsConfig, ServerConfig } from './config.js';
export { readConfigFile } from './config-file.js';
export { isLoopback } from './contradictions.js';
export { loadConfig } from './load-config.js';
export { configSchema } from './schema.js';
export { listSettings, type SettingName } from './settings.js';
