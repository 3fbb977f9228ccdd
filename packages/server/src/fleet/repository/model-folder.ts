import { basename } from 'node:path';
import { type ModelArtefact, refusedBy } from './artefact.js';
import { type ModelFacts, NO_MODEL, onlyArtefact, withWarnings } from './model-facts.js';
import { findModelFile, type ModelFile } from './model-file.js';
import { type ModelJson, readModelJson, warnOfNoEffect } from './model-json.js';
import { nameFault } from './name.js';
import { entryOf, type Folder, type Survey } from './survey.js';
import { readVersionFolders, versionArtefacts } from './version-folder.js';

/** Lists the versions of the model that lies in `folder`; one that cannot be served is listed as refused. */
export async function readModelFolder(folder: Folder, survey: Survey): Promise<ModelArtefact[]> {
  const json = await readModelJson(folder);
  const model = describeModel(folder, json);
  const fault = json.state === 'wrong' ? json.error : nameFault(model.name, folder.path);
  if (fault !== null) {
    const path = json.state === 'wrong' ? json.path : folder.path;
    return [{ ...onlyArtefact(model, { state: 'none' }), path, state: refusedBy(fault) }];
  }
  const own = await findModelFile(folder, model.manifest, survey);
  const versions = await readVersionFolders(folder, model.manifest, survey);
  const hasVersions = versions.some(({ file }) => file.state !== 'none');
  if (!hasVersions) return [onlyArtefact(model, own.state === 'none' ? nothingIn(folder, json) : own)];
  if (own.state !== 'found') return versionArtefacts(folder, model, versions);
  if (own.kind === 'script') {
    const unused = `the version folders of ${folder.path} are not served, since ${basename(own.path)} is beside them`;
    return [onlyArtefact(withWarnings(model, unused), own)];
  }
  const unused = `${own.path} is not served, since version folders are beside it`;
  return versionArtefacts(folder, withWarnings(model, unused), versions);
}

function describeModel(folder: Folder, json: ModelJson): ModelFacts {
  const manifest = json.state === 'read' ? json.manifest : {};
  const warnings = json.state === 'read' ? warnOfNoEffect(json) : [];
  if (json.state === 'foreign') warnings.push(`${json.path} is ${json.format.what} and not read as settings`);
  const pbtxt = entryOf(folder, 'config.pbtxt');
  if (pbtxt !== undefined) {
    warnings.push(
      `${pbtxt.path} is not read by this release: inputs, outputs, types and shapes are taken from the model itself, ` +
        'and whether rows may be batched is found by a trial when it is loaded; a model.json sets the rest',
    );
  }
  return { name: manifest.name ?? basename(folder.path), root: folder.path, manifest, warnings };
}

function nothingIn(folder: Folder, json: ModelJson): ModelFile {
  if (json.state !== 'foreign') return { state: 'refused', path: folder.path, ...NO_MODEL };
  return { state: 'refused', path: json.path, problem: `it is ${json.format.what}`, fix: json.format.fix };
}
