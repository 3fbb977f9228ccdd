import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Something in a folder. Links are followed: `kind` is what they lead to. */
export interface Entry {
  readonly name: string;
  readonly path: string;
  /** `broken`: a link that leads nowhere, or in a circle. `other`: a socket, a device. */
  readonly kind: 'file' | 'folder' | 'broken' | 'other';
}

/** A folder and what is in it, hidden things left out. */
export interface Folder {
  readonly path: string;
  readonly entries: readonly Entry[];
}

/** Most files and folders that one discovery looks at. */
const MAX_ENTRIES = 20_000;

/** Folders that tools leave behind and that hold no models. */
const SKIPPED = new Set(['node_modules', '__pycache__', '__MACOSX']);

/** One look at the disk: reads folders within bounds and keeps what is worth a warning. */
export class Survey {
  readonly #signal: AbortSignal | undefined;
  readonly #maxEntries: number;
  readonly #warnings = new Set<string>();
  #seen = 0;

  constructor(signal?: AbortSignal, maxEntries: number = MAX_ENTRIES) {
    this.#signal = signal;
    this.#maxEntries = maxEntries;
  }

  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  warn(text: string): void {
    this.#warnings.add(text);
  }

  /** @throws a Node system error where the folder cannot be read; the signal's reason once it is aborted. */
  async read(path: string): Promise<Folder> {
    const entries: Entry[] = [];
    for await (const { name } of await opendir(path)) {
      this.#signal?.throwIfAborted();
      if (name.startsWith('.') || SKIPPED.has(name)) continue;
      if (this.#seen === this.#maxEntries) {
        this.warn(`not all files were looked at, since there are more than ${this.#maxEntries}; give narrower paths`);
        break;
      }
      this.#seen += 1;
      entries.push(await readEntry(path, name));
    }
    return { path, entries: entries.sort((a, b) => (a.name < b.name ? -1 : 1)) };
  }
}

async function readEntry(folder: string, name: string): Promise<Entry> {
  const path = join(folder, name);
  try {
    const found = await stat(path);
    return { name, path, kind: found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other' };
  } catch {
    return { name, path, kind: 'broken' };
  }
}

export function entryOf(folder: Folder, name: string): Entry | undefined {
  return folder.entries.find((entry) => entry.name === name);
}

export function filesWith(folder: Folder, extension: string): Entry[] {
  return folder.entries.filter(({ name, kind }) => name.endsWith(extension) && (kind === 'file' || kind === 'broken'));
}
