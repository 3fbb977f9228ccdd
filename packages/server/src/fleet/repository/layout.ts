import { otherFormat } from './formats.js';
import { findModelFile, ONNX_FOLDER, ONNX_NAME, SCRIPT_NAMES } from './model-file.js';
import { type Entry, entryOf, type Folder, filesWith, type Survey } from './survey.js';
import { looksLikeVersion } from './version.js';

/** What only the folder of one model holds. */
const MARKS: ReadonlySet<string> = new Set([...SCRIPT_NAMES, ONNX_NAME, 'model.json', 'config.pbtxt']);

/**
 * Is this the folder of one model, or a folder of models? Told from names: a model's folder has a `model.onnx`, its
 * code or settings, an `onnx/` as on Hugging Face, or folders that are numbered and hold a model.
 */
export async function isModelFolder(folder: Folder, survey: Survey): Promise<boolean> {
  if (folder.entries.some(isMark)) return true;
  if (await isHubFolder(folder, survey)) return true;
  for (const entry of versionLike(folder)) {
    const inside = await survey.read(entry.path);
    if ((await findModelFile(inside, {}, survey)).state !== 'none') return true;
  }
  return false;
}

/** Folders whose names may be meant as versions. */
export function versionLike(folder: Folder): Entry[] {
  return folder.entries.filter(({ name, kind }) => kind === 'folder' && looksLikeVersion(name));
}

function isMark({ name }: Entry): boolean {
  return MARKS.has(name) || (name.startsWith('model.') && otherFormat(name) !== null);
}

async function isHubFolder(folder: Folder, survey: Survey): Promise<boolean> {
  const onnx = entryOf(folder, ONNX_FOLDER);
  const hasConfig = entryOf(folder, 'config.json') !== undefined;
  if (hasConfig) return onnx !== undefined || folder.entries.some(({ name }) => isModelName(name));
  if (onnx?.kind !== 'folder') return false;
  return filesWith(await survey.read(onnx.path), '.onnx').some(({ name }) => name.startsWith('model'));
}

function isModelName(name: string): boolean {
  return name.endsWith('.onnx') || otherFormat(name) !== null;
}
