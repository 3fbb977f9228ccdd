import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { JitneyError } from '@jitney/core';
import { type ModelArtefact, type Repository, refusedBy } from './artefact.js';
import { type FoundModel, findModels } from './collection.js';
import { modelInGivenFile } from './model-in-file.js';
import { Survey } from './survey.js';
import { compareVersions } from './version.js';

/**
 * Finds the models at `paths` on the local disk and says which versions would be served. Loads nothing.
 *
 * Each path is a model file, the folder of a model, or a folder with models. A model that cannot be served is listed as
 * refused; the others are not affected.
 *
 * @throws JitneyError `INVALID_CONFIG` for a path that is not there, or when there is no model at all; the reason of
 *   `signal` once that is aborted.
 */
export async function discover(paths: readonly string[], signal?: AbortSignal): Promise<Repository> {
  const survey = new Survey(signal);
  const found: FoundModel[] = [];
  for (const path of paths) found.push(...(await findAt(path, survey)));
  if (found.length === 0) throw noModels(paths, survey);
  const artefacts = refuseDuplicates(await distinct(found)).flatMap((model) => model.artefacts);
  const noted = await Promise.all(artefacts.map(noteLinks));
  return { artefacts: noted.sort(compareArtefacts), warnings: survey.warnings };
}

async function findAt(given: string, survey: Survey): Promise<FoundModel[]> {
  if (/^(hf|s3|gs|https?):/.test(given)) {
    throw new JitneyError(
      'INVALID_CONFIG',
      `${given}: expected a path on this disk; other sources come with a later release`,
    );
  }
  const path = resolve(given);
  if (await isFolder(path)) return findModels(path, survey);
  return [{ origin: path, artefacts: [await modelInGivenFile(path, survey)] }];
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    const isLink = await lstat(path).then(
      (found) => found.isSymbolicLink(),
      () => false,
    );
    const what =
      code === 'ENOENT'
        ? isLink
          ? 'is a link that leads nowhere'
          : 'no such file or folder'
        : `cannot be read (${code})`;
    throw new JitneyError('INVALID_CONFIG', `${path}: expected a model or a folder with models: ${what}`, {
      cause: thrown,
    });
  }
}

function noModels(paths: readonly string[], survey: Survey): JitneyError {
  const where = paths.length === 0 ? 'no path was given' : paths.map((path) => resolve(path)).join(', ');
  const expected =
    'expected an .onnx file, a folder with a model.onnx or a model.ts, or a folder with such files or folders';
  return new JitneyError('INVALID_CONFIG', [`no model found: ${where}: ${expected}`, ...survey.warnings].join('\n'));
}

/** Without what two of the paths lead to. A model under two names, by a link, stays two. */
async function distinct(found: readonly FoundModel[]): Promise<FoundModel[]> {
  const models = new Map<string, FoundModel>();
  for (const model of found) {
    const real = await realpath(model.origin).catch(() => model.origin);
    const key = JSON.stringify([model.artefacts[0]?.name, real]);
    if (!models.has(key)) models.set(key, model);
  }
  return [...models.values()];
}

function refuseDuplicates(models: readonly FoundModel[]): FoundModel[] {
  const nameOf = ({ artefacts }: FoundModel) => artefacts[0]?.name;
  return models.map((model) => {
    const others = models.filter((other) => other !== model && nameOf(other) === nameOf(model));
    if (others.length === 0) return model;
    const places = [model, ...others].map(({ origin }) => origin).sort();
    const fix = 'rename one, or set another "name" in its model.json';
    const message = `several models are called ${nameOf(model)}: ${places.join(' and ')}. Fix: ${fix}.`;
    const state = refusedBy(new JitneyError('INVALID_CONFIG', message));
    return { ...model, artefacts: model.artefacts.map((artefact) => ({ ...artefact, state })) };
  });
}

/** Says where the model's file and folder really lie, where links led to them. */
async function noteLinks(artefact: ModelArtefact): Promise<ModelArtefact> {
  if (artefact.kind === null) return artefact;
  const targets = await Promise.all([artefact.root, artefact.path].map(linkNote));
  return { ...artefact, notes: [...artefact.notes, ...targets.filter((note) => note !== null)] };
}

async function linkNote(path: string): Promise<string | null> {
  const real = await realpath(path);
  const isLink = real !== join(await realpath(dirname(path)), basename(path));
  return isLink ? `${path} is a link to ${real}` : null;
}

function compareArtefacts(a: ModelArtefact, b: ModelArtefact): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return compareVersions(a.version, b.version);
}
