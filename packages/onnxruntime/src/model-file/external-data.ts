import { realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve, sep, win32 } from 'node:path';
import { quoteText, type Refuse } from './invalid-model.js';
import type { ExternalReference, ModelFileReport } from './report.js';

export interface ExternalDataOptions {
  readonly path: string;
  readonly root: string;
}

/** Marks a location that ONNX Runtime takes for an address in memory. A file must never say so. */
const MEMORY_ADDRESS_MARK = '_ORT_MEM_ADDR_';

/**
 * Checks every reference to another file: it must lie below `root` with its symbolic links followed, exist, and hold
 * the bytes that are claimed.
 */
export async function validateExternalData(
  report: ModelFileReport,
  options: ExternalDataOptions,
  refuse: Refuse,
): Promise<void> {
  if (report.externalData.length === 0) return;
  const folders = await realFolders(options, refuse);
  const sizes = new Map<string, number>();
  for (const reference of report.externalData) {
    let bytes = sizes.get(reference.location);
    if (bytes === undefined) {
      bytes = await externalFileBytes(reference, folders, refuse);
      sizes.set(reference.location, bytes);
    }
    validateExtent(reference, bytes, refuse);
  }
}

/** With links followed, so that a root and a path written differently still compare. */
interface RealFolders {
  /** Of the model file: what locations are relative to. */
  readonly model: string;
  readonly root: string;
}

async function realFolders({ path, root }: ExternalDataOptions, refuse: Refuse): Promise<RealFolders> {
  try {
    return { model: await realpath(dirname(path)), root: await realpath(root) };
  } catch (cause) {
    return refuse(`its folder ${root} cannot be read`, 'check that the folder is still there', cause);
  }
}

async function externalFileBytes(
  { tensor, location }: ExternalReference,
  folders: RealFolders,
  refuse: Refuse,
): Promise<number> {
  const where = `its weight ${quoteText(tensor)} lies in ${quoteText(location)}`;
  const path = resolve(folders.model, location);
  // Judged as it is written first, so that nothing outside the folder is even looked at.
  const problem = locationProblem(location) ?? (isInside(folders.root, path) ? null : outside(folders.root));
  if (problem !== null) refuse(`${where}, ${problem}`, PUT_BESIDE);
  const real = await followLinks(path, where, refuse);
  if (!isInside(folders.root, real)) refuse(`${where}, a link that leaves ${folders.root}`, PUT_BESIDE);
  const stats = await stat(real);
  if (!stats.isFile()) refuse(`${where}, which is not a regular file`, PUT_BESIDE);
  return stats.size;
}

const PUT_BESIDE = 'put the file beside the model, and save the model with a relative location';

function locationProblem(location: string): string | null {
  if (location === '') return 'which is no name';
  if (location.includes('\0') || location.includes(MEMORY_ADDRESS_MARK)) return 'which is no path';
  return isAbsolute(location) || win32.isAbsolute(location) ? 'an absolute path' : null;
}

function outside(root: string): string {
  return `outside the model's folder ${root}`;
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

async function followLinks(path: string, where: string, refuse: Refuse): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return refuse(`${where}, and ${path} is missing`, 'copy the file there', cause);
    }
    return refuse(`${where}, and ${path} cannot be read (${code})`, 'give this user the right to read it', cause);
  }
}

function validateExtent(reference: ExternalReference, fileBytes: number, refuse: Refuse): void {
  const { tensor, location, offset, length, declaredBytes } = reference;
  const fix = `copy or download ${quoteText(location)} again, or export the model anew`;
  const where = `its weight ${quoteText(tensor)}`;
  if (offset < 0 || (length !== null && length < 0)) {
    const extent = `${length ?? 'all'} bytes at offset ${offset} of ${quoteText(location)}`;
    refuse(`${where} is ${extent}, and neither may be negative`, fix);
  }
  if (length !== null && declaredBytes !== null && length !== declaredBytes) {
    refuse(`${where} needs ${declaredBytes} bytes by its dimensions, and its external data claims ${length}`, fix);
  }
  const end = offset + (length ?? declaredBytes ?? 0);
  if (end > fileBytes) refuse(`${where} ends at byte ${end} of ${quoteText(location)}, which has ${fileBytes}`, fix);
}
