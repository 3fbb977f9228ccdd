import { nearestName } from '@jitney/core';
import type { ConfigFile } from './config-file.js';
import { listSettings, SETTINGS } from './settings.js';

/** Everything in the file that is no setting: an error, since it was written to have an effect. */
export function unknownInFile(file: ConfigFile | null): string[] {
  if (file === null || file.content === null || file.content === undefined) return [];
  if (!isRecord(file.content)) return [`Configuration file ${file.path}: expected sections such as "server:".`];
  const sections = Object.keys(SETTINGS);
  return Object.entries(file.content).flatMap(([section, content]) => {
    if (section === '$schema') return [];
    if (!sections.includes(section)) return [unknown(section, sections, file.path)];
    return unknownInSection(section, content, file.path);
  });
}

function unknownInSection(section: string, content: unknown, path: string): string[] {
  if (content === null) return [];
  if (!isRecord(content)) return [`${section} (file ${path}) is ${JSON.stringify(content)}; expected settings.`];
  const names = listSettings().map(({ name }) => name as string);
  return Object.keys(content)
    .map((key) => `${section}.${key}`)
    .filter((name) => !names.includes(name))
    .map((name) => unknown(name, names, path));
}

function unknown(name: string, known: readonly string[], path: string): string {
  return `${name} (file ${path}) is no setting${suggestion(name, known)}`;
}

/**
 * Variables that look like settings and are none: a warning only, since others set variables too (Kubernetes does, for
 * each Service).
 */
export function unknownVariables(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = listSettings().map(({ variable }) => variable);
  const prefixes = Object.keys(SETTINGS).map((section) => `JITNEY_${section.toUpperCase()}_`);
  return Object.keys(env)
    .filter((name) => prefixes.some((prefix) => name.startsWith(prefix)) && !known.includes(name))
    .map((name) => `Environment variable ${name} is no setting${suggestion(name, known)}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What somebody who wrote an unknown name most likely meant, as a message ends. */
export function suggestion(name: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  return near === null ? '.' : `; did you mean ${near}?`;
}
