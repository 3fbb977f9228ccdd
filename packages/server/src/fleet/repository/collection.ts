import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { type ModelArtefact, type Problem, refusedBy } from './artefact.js';
import { otherFormat } from './formats.js';
import { isModelFolder } from './layout.js';
import { onlyArtefact } from './model-facts.js';
import { readModelFolder } from './model-folder.js';
import { modelInFile } from './model-in-file.js';
import { nameFault } from './name.js';
import type { Entry, Survey } from './survey.js';

/** The versions of one model, and the folder or file it was found in. */
export interface FoundModel {
  readonly origin: string;
  readonly artefacts: readonly ModelArtefact[];
}

/** Folders inside each other that are looked into, from the given one. */
const MAX_DEPTH = 6;

/**
 * The models at and below a folder: the folder of one model, or a folder with models in files and folders.
 * What cannot be read is a refused model, called as the folder is.
 *
 * @param above Real paths of the folders it lies in, from the given one.
 */
export async function findModels(path: string, survey: Survey, above: readonly string[] = []): Promise<FoundModel[]> {
  try {
    const folder = await survey.read(path);
    if (await isModelFolder(folder, survey)) {
      return [{ origin: path, artefacts: await readModelFolder(folder, survey) }];
    }
    const chain = [...above, await realpath(path)];
    const found: FoundModel[] = [];
    for (const entry of folder.entries) found.push(...(await findInEntry(entry, survey, chain)));
    return found;
  } catch (thrown) {
    return [refusedFolder(path, unreadable(path, thrown))];
  }
}

async function findInEntry(entry: Entry, survey: Survey, chain: readonly string[]): Promise<FoundModel[]> {
  const { path, kind, name } = entry;
  switch (kind) {
    case 'folder':
      return (await isWorthEntering(path, survey, chain)) ? findModels(path, survey, chain) : [];
    case 'broken':
      return findInBroken(entry);
    case 'file':
      return findInFile(path, name, survey);
    case 'other':
      return [];
  }
}

async function isWorthEntering(path: string, survey: Survey, chain: readonly string[]): Promise<boolean> {
  const real = await realpath(path);
  if (chain.includes(real)) {
    survey.warn(`${path} is a link to ${real}, which it lies in; it is not followed`);
    return false;
  }
  if (chain.length < MAX_DEPTH) return true;
  survey.warn(`${path} is not looked into: it lies more than ${MAX_DEPTH} folders below what was given`);
  return false;
}

function findInFile(path: string, name: string, survey: Survey): FoundModel[] {
  const format = otherFormat(name);
  // A stray checkpoint beside models is none that was asked for; a GGUF is a model whole in itself.
  if (format !== null && !name.toLowerCase().endsWith('.gguf')) {
    survey.warn(`${path} is not served: it is ${format.what}. To serve it, ${format.fix}`);
    return [];
  }
  const artefact = modelInFile(path);
  return artefact === null ? [] : [{ origin: path, artefacts: [artefact] }];
}

/** A link that leads nowhere was meant as a model where it is called like one, or like a folder. */
function findInBroken({ name, path }: Entry): FoundModel[] {
  const problem = { path, problem: 'it is a link that leads nowhere', fix: 'restore what it points to, or remove it' };
  const isModel = name.endsWith('.onnx') || !name.includes('.');
  return isModel ? [refusedFolder(path, problem, basename(name, '.onnx'))] : [];
}

function refusedFolder(path: string, problem: Problem, name: string = basename(path)): FoundModel {
  const artefact = onlyArtefact({ name, root: path, manifest: {}, warnings: [] }, { state: 'refused', ...problem });
  const fault = nameFault(name, path);
  return { origin: path, artefacts: [fault === null ? artefact : { ...artefact, state: refusedBy(fault) }] };
}

/** @throws what is no error of the file system, such as the reason of an aborted signal. */
function unreadable(path: string, thrown: unknown): Problem {
  if (!(thrown instanceof Error) || !('syscall' in thrown)) throw thrown;
  const { code, path: where = path } = thrown as NodeJS.ErrnoException;
  return {
    path: where,
    problem: `it cannot be read (${code})`,
    fix: 'let this user read it, or give another path',
    cause: thrown,
  };
}
