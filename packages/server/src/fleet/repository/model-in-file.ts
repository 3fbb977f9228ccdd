import { basename, dirname, extname } from 'node:path';
import { JitneyError } from '@jitney/core';
import { type ModelArtefact, refusedBy } from './artefact.js';
import { otherFormat } from './formats.js';
import { type ModelFacts, onlyArtefact, withWarnings } from './model-facts.js';
import { type ModelFile, ONNX_NAME, SCRIPT_NAMES } from './model-file.js';
import { readModelJson, warnOfNoEffect } from './model-json.js';
import { nameFault } from './name.js';
import { entryOf, type Survey } from './survey.js';

const SCRIPT_EXTENSIONS: ReadonlySet<string> = new Set(['.ts', '.mts', '.js', '.mjs']);

/** The model in a file of a folder of files: called as the file is. `null` where it is no model. */
export function modelInFile(path: string): ModelArtefact | null {
  const name = basename(path);
  const format = otherFormat(name);
  if (!name.endsWith('.onnx') && format === null) return null;
  const facts = factsOf(path);
  if (format !== null)
    return named(facts, { state: 'refused', path, problem: `it is ${format.what}`, fix: format.fix });
  return named(facts, { state: 'found', path, kind: 'onnx', warnings: [], notes: [] });
}

/**
 * The model in a file that was given as such. `model.onnx` and `model.ts` take the settings of a `model.json` beside.
 * @throws JitneyError `INVALID_CONFIG` where it is no model.
 */
export async function modelInGivenFile(path: string, survey: Survey): Promise<ModelArtefact> {
  const isScript = SCRIPT_EXTENSIONS.has(extname(path));
  const plain = isScript
    ? named(factsOf(path), { state: 'found', path, kind: 'script', warnings: [], notes: [] })
    : modelInFile(path);
  if (plain === null) {
    const expected = 'expected a model (an .onnx file, or a model.ts around one) or a folder with models';
    throw new JitneyError('INVALID_CONFIG', `${path}: ${expected}, got neither`);
  }
  if (plain.kind === null || !isCalledModel(path)) return plain;
  return withModelJson(path, plain.kind, survey);
}

async function withModelJson(path: string, kind: 'onnx' | 'script', survey: Survey): Promise<ModelArtefact> {
  const folder = await survey.read(dirname(path));
  const file: ModelFile = { state: 'found', path, kind, warnings: [], notes: [] };
  const json = await readModelJson(folder);
  const script = kind === 'onnx' ? SCRIPT_NAMES.find((name) => entryOf(folder, name) !== undefined) : undefined;
  const unused =
    script === undefined ? [] : [`${script} beside it is not used; give the folder ${folder.path} instead`];
  const facts = withWarnings(factsOf(path), ...unused);
  if (json.state === 'wrong') return { ...named(facts, file), path: json.path, state: refusedBy(json.error) };
  if (json.state !== 'read') return named(facts, file);
  const { manifest } = json;
  return named({ ...withWarnings(facts, ...warnOfNoEffect(json)), manifest, name: manifest.name ?? facts.name }, file);
}

function isCalledModel(path: string): boolean {
  const name = basename(path);
  return name === ONNX_NAME || SCRIPT_NAMES.some((script) => script === name);
}

function factsOf(path: string): ModelFacts {
  return { name: basename(path, extname(path)), root: dirname(path), manifest: {}, warnings: [] };
}

function named(facts: ModelFacts, file: ModelFile): ModelArtefact {
  const artefact = onlyArtefact(facts, file);
  const fault = nameFault(facts.name, artefact.path);
  return fault === null ? artefact : { ...artefact, state: refusedBy(fault) };
}
