import { JitneyError } from '@jitney/core';
import { listSettings, type SettingName } from './settings.js';
import { suggestion } from './unknown-names.js';

/**
 * Flags of the form `--set section.name=value`, by setting; the last of several wins.
 *
 * @throws JitneyError `INVALID_CONFIG` where one has no `=` or names no setting.
 */
export function parseAssignments(written: readonly string[]): Partial<Record<SettingName, string>> {
  return Object.fromEntries(written.map(parseAssignment));
}

function parseAssignment(written: string): [SettingName, string] {
  const equals = written.indexOf('=');
  if (equals < 0) throw new JitneyError('INVALID_CONFIG', `--set ${written}: expected section.name=value.`);
  const name = written.slice(0, equals).trim();
  const names = listSettings().map((setting) => setting.name);
  const known = names.find((each) => each === name);
  if (known !== undefined) return [known, written.slice(equals + 1)];
  throw new JitneyError('INVALID_CONFIG', `--set ${name}: no such setting${suggestion(name, names)}`);
}
