import type { Manifest } from '@jitney/core/manifest';
import { type ModelArtefact, refuse, refusedBy } from './artefact.js';
import { versionLike } from './layout.js';
import { artefactOf, type ModelFacts, NO_MODEL, type UndecidedArtefact, withWarnings } from './model-facts.js';
import { findModelFile, type ModelFile } from './model-file.js';
import { type ModelJson, readModelJson, warnOfNoEffect } from './model-json.js';
import type { Folder, Survey } from './survey.js';
import { chooseVersions, compareVersions, versionFault } from './version.js';

/** Folders of a Triton repository that are no versions and not meant as such. */
const COMPANIONS: ReadonlySet<string> = new Set(['configs', 'warmup']);

/** A numbered folder in a model's folder. */
export interface VersionFolder {
  readonly name: string;
  readonly path: string;
  /** Why its name is no version, as a clause; `null` where it is one. */
  readonly fault: string | null;
  readonly json: ModelJson;
  readonly file: ModelFile;
}

/** Highest first. */
export async function readVersionFolders(folder: Folder, manifest: Manifest, survey: Survey): Promise<VersionFolder[]> {
  const folders: VersionFolder[] = [];
  for (const { name, path } of versionLike(folder)) {
    const inside = await survey.read(path);
    const json = await readModelJson(inside);
    const own = json.state === 'read' ? json.manifest : {};
    const file = await findModelFile(inside, { ...manifest, ...own }, survey);
    folders.push({ name, path, fault: versionFault(name), json, file });
  }
  return folders.sort((a, b) => compareVersions(a.name, b.name));
}

/** The versions of a model, at least one of which has a model file; the policy of its model.json says which are served. */
export function versionArtefacts(
  folder: Folder,
  facts: ModelFacts,
  versions: readonly VersionFolder[],
): ModelArtefact[] {
  const model = withWarnings(facts, ...oddFolders(folder, versions));
  const real = versions.filter(({ fault, file }) => fault === null && file.state !== 'none');
  if (real.length === 0) return markDefault(versions.map((version) => misnamed(model, version)));
  const found = real.map((version) => versionArtefact(model, version));
  const servable = found.filter(({ state }) => state.state === 'servable').map(({ version }) => version);
  const choice = chooseVersions(model.manifest.versions, servable);
  const listed = found.map((artefact): UndecidedArtefact => {
    const isLeftOut = artefact.state.state === 'servable' && !choice.chosen.has(artefact.version);
    return isLeftOut ? { ...artefact, state: { state: 'left-out', reason: choice.reason } } : artefact;
  });
  const absent = choice.missing.filter((version) => !found.some((artefact) => artefact.version === version));
  return markDefault([...listed, ...absent.map((version) => missing(model, version, servable))]);
}

/** What lies in a model's folder as if it were a version and is not served. */
function oddFolders(folder: Folder, versions: readonly VersionFolder[]): string[] {
  const isKnown = (name: string) => COMPANIONS.has(name) || versions.some((version) => version.name === name);
  const others = folder.entries.filter(({ name, kind }) => kind === 'folder' && !isKnown(name));
  const empty = versions.filter(({ fault, file }) => fault === null && file.state === 'none');
  return [
    ...empty.map(({ path }) => `${path} is not served: it holds no model`),
    ...[...versions.filter(({ fault }) => fault !== null), ...others].map(
      ({ name, path }) => `${path} is not served: the name ${name} is not a version, since ${versionFault(name)}`,
    ),
  ];
}

/** A version's own model.json goes over that of the model, setting by setting. */
function versionArtefact(model: ModelFacts, { name, json, file }: VersionFolder): UndecidedArtefact {
  if (json.state === 'wrong') {
    return { ...artefactOf(model, name, file), path: json.path, state: refusedBy(json.error) };
  }
  if (json.state !== 'read') return artefactOf(model, name, file);
  const { name: ownName, versions: ownVersions, ...own } = json.manifest;
  const warnings = [...model.warnings, ...warnOfNoEffect(json)];
  if (ownName !== undefined || ownVersions !== undefined) {
    warnings.push(`${json.path}: "name" and "versions" have no effect in the folder of one version`);
  }
  return artefactOf({ ...model, manifest: { ...model.manifest, ...own }, warnings }, name, file);
}

function misnamed(model: ModelFacts, { name, path, fault, file }: VersionFolder): UndecidedArtefact {
  const problem =
    fault === null
      ? { path, ...NO_MODEL }
      : {
          path,
          problem: `the name ${name} is not a version, since ${fault}`,
          fix: 'rename the folder to a whole number from 1, without a zero before it',
        };
  return { ...artefactOf(model, name, file), path, state: refuse(model.name, problem) };
}

function missing(model: ModelFacts, version: string, servable: readonly string[]): UndecidedArtefact {
  const there = servable.length === 0 ? 'none' : servable.join(', ');
  return artefactOf(model, version, {
    state: 'refused',
    path: model.root,
    problem: `model.json asks for version ${version}, which is not there (there is ${there})`,
    fix: 'correct "versions" in model.json',
  });
}

/** Highest first; the highest that is served is the default, else the highest there is. */
function markDefault(artefacts: readonly UndecidedArtefact[]): ModelArtefact[] {
  const sorted = [...artefacts].sort((a, b) => compareVersions(a.version, b.version));
  const first = sorted.find(({ state }) => state.state === 'servable') ?? sorted[0];
  return sorted.map((artefact) => ({ ...artefact, isDefault: artefact === first }));
}
