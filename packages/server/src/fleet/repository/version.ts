import type { Manifest } from '@jitney/core/manifest';

/** Why a folder's name is no version, as a clause; `null` where it is one: a whole number from 1, as Triton reads it. */
export function versionFault(name: string): string | null {
  if (/^[1-9]\d{0,17}$/.test(name)) return null;
  if (/^0+$/.test(name)) return 'versions count from 1';
  if (/^0\d+$/.test(name)) return `it begins with a zero; version ${name.replace(/^0+/, '')} would be read`;
  if (/^\d+$/.test(name)) return 'it has more than 18 digits';
  if (/^[-+]\d+$/.test(name)) return 'it has a sign';
  return 'it is not a whole number';
}

/** Whether somebody may have meant a version by it: digits, with a sign or without. */
export function looksLikeVersion(name: string): boolean {
  return /^[-+]?\d+$/.test(name);
}

/** Highest first. Names that are no versions come last. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [versionFault(a), versionFault(b)].map((fault) => fault === null);
  if (left !== right) return left ? -1 : 1;
  if (a.length !== b.length) return b.length - a.length;
  return a < b ? 1 : a > b ? -1 : 0;
}

export interface VersionChoice {
  readonly chosen: ReadonlySet<string>;
  /** Why the others are not, as a clause. */
  readonly reason: string;
  /** Versions the policy names that are not there. */
  readonly missing: readonly string[];
}

/** Applies the versions policy of a model.json; without one, the highest version is served. */
export function chooseVersions(policy: Manifest['versions'], versions: readonly string[]): VersionChoice {
  if (policy === 'all') return { chosen: new Set(versions), reason: '', missing: [] };
  if (policy !== undefined && 'specific' in policy) {
    const wanted = policy.specific.map(String);
    const reason = `model.json names the versions ${wanted.join(', ')}`;
    return { chosen: new Set(wanted), reason, missing: wanted.filter((version) => !versions.includes(version)) };
  }
  const latest = policy?.latest ?? 1;
  const chosen = [...versions].sort(compareVersions).slice(0, latest);
  const which = latest === 1 ? 'the highest version' : `the ${latest} highest versions`;
  const reason = `${which} of the model is served (${chosen.join(', ')}); "versions" in model.json chooses others`;
  return { chosen: new Set(chosen), reason, missing: [] };
}
