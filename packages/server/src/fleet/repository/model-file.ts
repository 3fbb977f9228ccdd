import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '@jitney/core/manifest';
import type { ArtefactKind, Problem } from './artefact.js';
import { otherFormat } from './formats.js';
import { type Entry, entryOf, type Folder, filesWith, type Survey } from './survey.js';

/** Which of a folder's files is the model. */
export type ModelFile =
  | {
      readonly state: 'found';
      readonly path: string;
      readonly kind: ArtefactKind;
      readonly warnings: readonly string[];
      readonly notes: readonly string[];
    }
  | ({ readonly state: 'refused' } & Problem)
  | { readonly state: 'none' };

/** Code around a model, the first that is there. */
export const SCRIPT_NAMES = ['model.ts', 'model.mts', 'model.js', 'model.mjs'] as const;
export const ONNX_NAME = 'model.onnx';
/** Where Hugging Face folders keep their ONNX files. */
export const ONNX_FOLDER = 'onnx';

const NONE: ModelFile = { state: 'none' };

/**
 * Finds the model in one folder (of a model, or of one of its versions). In order: what model.json says; own code;
 * `model.onnx`, which may be a folder that holds it with its weights, as Triton allows; `onnx/model.onnx` as on
 * Hugging Face; the only ONNX file there is.
 */
export async function findModelFile(folder: Folder, manifest: Manifest, survey: Survey): Promise<ModelFile> {
  if (manifest.file !== undefined) return findNamedFile(folder, manifest.file);
  const script = manifest.task === 'tensor' ? NONE : findScript(folder);
  if (script.state !== 'none') return script;
  const plain = await findPlainOnnx(folder, survey);
  if (plain.state !== 'none') return plain;
  const nested = await findNestedOnnx(folder, survey);
  if (nested.state !== 'none') return nested;
  const only = findOnlyOnnx(folder, filesWith(folder, '.onnx'));
  return only.state === 'none' ? findOtherFormat(folder) : only;
}

async function findNamedFile(folder: Folder, file: string): Promise<ModelFile> {
  const path = join(folder.path, file);
  try {
    if ((await stat(path)).isFile()) return found({ path, kind: 'file' });
  } catch {
    // Told below, whatever the cause.
  }
  const problem = `model.json names the file "${file}", which is not there`;
  return { state: 'refused', path, problem, fix: 'correct "file" in model.json or leave it out' };
}

function findScript(folder: Folder): ModelFile {
  const scripts = SCRIPT_NAMES.map((name) => entryOf(folder, name)).filter((entry) => entry !== undefined);
  const [first, ...others] = scripts;
  if (first === undefined) return NONE;
  return found(first, { warnings: others.map(({ path }) => `${path} is not used, since ${first.name} is beside it`) });
}

async function findPlainOnnx(folder: Folder, survey: Survey): Promise<ModelFile> {
  const entry = entryOf(folder, ONNX_NAME);
  if (entry === undefined) return NONE;
  if (entry.kind === 'folder') return findPlainOnnx(await survey.read(entry.path), survey);
  const others = filesWith(folder, '.onnx').filter(({ name }) => name !== ONNX_NAME);
  return found(entry, { warnings: others.map(({ path }) => `${path} is not served, since ${ONNX_NAME} is beside it`) });
}

async function findNestedOnnx(folder: Folder, survey: Survey): Promise<ModelFile> {
  const entry = entryOf(folder, ONNX_FOLDER);
  if (entry?.kind !== 'folder') return NONE;
  const nested = await survey.read(entry.path);
  const files = filesWith(nested, '.onnx');
  const plain = files.find(({ name }) => name === ONNX_NAME);
  if (plain === undefined) return findOnlyOnnx(nested, files);
  const others = files.filter((file) => file !== plain).map(({ name }) => `onnx/${name}`);
  if (others.length === 0) return found(plain);
  return found(plain, {
    notes: [`onnx/${ONNX_NAME} is served, not ${others.join(', ')}; "file" in model.json chooses another`],
  });
}

function findOnlyOnnx(folder: Folder, files: readonly Entry[]): ModelFile {
  const [first, ...others] = files;
  if (first === undefined) return NONE;
  if (others.length === 0) return found(first, { notes: [`${first.name} is the only ONNX file in ${folder.path}`] });
  return {
    state: 'refused',
    path: folder.path,
    problem: `it has several ONNX files and none is called ${ONNX_NAME}: ${files.map(({ name }) => name).join(', ')}`,
    fix: `say which by "file" in a model.json, or call it ${ONNX_NAME}`,
  };
}

function findOtherFormat(folder: Folder): ModelFile {
  for (const { name, path } of folder.entries) {
    const format = otherFormat(name);
    if (format !== null) return { state: 'refused', path, problem: `it is ${format.what}`, fix: format.fix };
  }
  return NONE;
}

/** The one place where a found file becomes a result: a link that leads nowhere is refused. */
function found(
  { path, kind }: Pick<Entry, 'path' | 'kind'>,
  said: { readonly warnings?: readonly string[]; readonly notes?: readonly string[] } = {},
): ModelFile {
  if (kind === 'broken') {
    return { state: 'refused', path, problem: 'it is a link that leads nowhere', fix: 'restore what it points to' };
  }
  const is = path.endsWith('.onnx') ? 'onnx' : 'script';
  return { state: 'found', path, kind: is, warnings: said.warnings ?? [], notes: said.notes ?? [] };
}
