import type { Section, Setting, SettingName, Settings } from './settings.js';

type Values<S extends Section> = {
  readonly [K in keyof Settings[S]]: Settings[S][K] extends Setting<infer T> ? T : never;
};

export interface ServerConfig extends Values<'server'> {
  /** SHA-256 of the key in hex, `null` where none is asked for. The key itself is kept nowhere. */
  readonly apiKeySha256: string | null;
}
export interface LimitsConfig extends Values<'limits'> {}
export interface ModelsConfig extends Values<'models'> {}
export interface SupervisionConfig extends Values<'supervision'> {}
export interface LogConfig extends Values<'log'> {}

/** The whole configuration: plain data, deeply frozen. Parts take the slice they need. */
export interface Config {
  readonly server: ServerConfig;
  readonly limits: LimitsConfig;
  readonly models: ModelsConfig;
  readonly supervision: SupervisionConfig;
  readonly log: LogConfig;
  readonly sources: Readonly<Record<SettingName, Source>>;
  /** Things worth a warning: a variable that looks like a setting and is none. */
  readonly warnings: readonly string[];
}

/** Where a value came from. The order is the order of precedence. */
export type Source =
  | { readonly from: 'flag'; readonly name: string }
  | { readonly from: 'variable'; readonly name: string }
  | { readonly from: 'file'; readonly path: string }
  | { readonly from: 'default' };

/** A source as a message names it. */
export function describeSource(source: Source): string {
  switch (source.from) {
    case 'flag':
      return `flag ${source.name}`;
    case 'variable':
      return `environment variable ${source.name}`;
    case 'file':
      return `file ${source.path}`;
    case 'default':
      return 'default';
  }
}
