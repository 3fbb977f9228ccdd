import { realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve, sep, win32 } from 'node:path';
import { quote, type Refuse } from './invalid-model.js';
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
  const root = await realpath(options.root);
  const sizes = new Map<string, number>();
  for (const reference of report.externalData) {
    validateLocation(reference, options, refuse);
    let bytes = sizes.get(reference.location);
    if (bytes === undefined) {
      bytes = await externalFileBytes(reference, { path: options.path, root }, refuse);
      sizes.set(reference.location, bytes);
    }
    validateExtent(reference, bytes, refuse);
  }
}

/** Judges the path as it is written, before the disk is touched. */
function validateLocation(reference: ExternalReference, options: ExternalDataOptions, refuse: Refuse): void {
  const { location } = reference;
  const where = `its weight ${quote(reference.tensor)} lies in ${quote(location)}`;
  const fix = 'put the file beside the model, and save the model with a relative location';
  if (location === '') refuse(`its weight ${quote(reference.tensor)} lies in another file that is not named`, fix);
  if (location.includes('\0') || location.includes(MEMORY_ADDRESS_MARK)) refuse(`${where}, which is no path`, fix);
  if (isAbsolute(location) || win32.isAbsolute(location)) refuse(`${where}, an absolute path`, fix);
  if (!isInside(resolve(options.root), externalPath(options.path, location))) {
    refuse(`${where}, outside the model's folder ${options.root}`, fix);
  }
}

function externalPath(modelPath: string, location: string): string {
  return resolve(dirname(modelPath), location);
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

async function externalFileBytes(
  { tensor, location }: ExternalReference,
  { path, root }: ExternalDataOptions,
  refuse: Refuse,
): Promise<number> {
  const external = externalPath(path, location);
  const where = `its weight ${quote(tensor)} lies in ${quote(location)}`;
  try {
    const real = await realpath(external);
    if (!isInside(root, real)) refuse(`${where}, a link that leaves the model's folder ${root}`, 'copy the file there');
    const stats = await stat(real);
    if (!stats.isFile()) refuse(`${where}, which is not a regular file`, 'put the weights there');
    return stats.size;
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'INVALID_MODEL') throw thrown;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') {
      refuse(`${where}, and ${external} cannot be read (${code})`, 'give this user the right to read it', thrown);
    }
    refuse(`${where}, and ${external} is missing`, `copy ${quote(location)} to the folder of the model`, thrown);
  }
}

function validateExtent(reference: ExternalReference, fileBytes: number, refuse: Refuse): void {
  const { tensor, location, offset, length, declaredBytes } = reference;
  const fix = `copy or download ${quote(location)} again, or export the model anew`;
  const where = `its weight ${quote(tensor)}`;
  if (offset < 0 || (length !== null && length < 0)) {
    refuse(
      `${where} is ${length ?? 'all'} bytes at offset ${offset} of ${quote(location)}, and neither may be negative`,
      fix,
    );
  }
  if (length !== null && declaredBytes !== null && length !== declaredBytes) {
    refuse(`${where} needs ${declaredBytes} bytes by its dimensions, and its external data claims ${length}`, fix);
  }
  const end = offset + (length ?? declaredBytes ?? 0);
  if (end > fileBytes) {
    refuse(`${where} ends at byte ${end} of ${quote(location)}, which has ${fileBytes}`, fix);
  }
}
