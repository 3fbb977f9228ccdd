import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JitneyError } from '@jitney/core';
import { ownFolderPrefix, removeAbandonedFolders } from './abandoned-folders.js';

/** Longest path of a socket: macOS takes 103 bytes, Linux 107; longer ones are cut off or refused. */
export const MAX_SOCKET_PATH_BYTES = 100;

/** Name of a socket in its folder, with the slash before it. */
const SOCKET_NAME_BYTES = 20;

/** What mkdtemp appends. */
const RANDOM_BYTES = 6;

/** Where the sockets of one supervisor are: a folder that only its user may enter, or on Windows a prefix of pipes. */
export interface RuntimeFolder {
  readonly path: string;
  /** A fresh address for a socket or pipe; `name` is for whoever looks into the folder. */
  socketPath(name: string): string;
  /** Removes a socket that a killed process left behind. */
  release(socketPath: string): void;
  /** Removes the folder with all that is in it. */
  remove(): void;
}

/**
 * Makes the folder, with mode 0700, and removes those that killed supervisors of this user left.
 *
 * @throws JitneyError INVALID_CONFIG when there is no place for it.
 */
export function createRuntimeFolder(): RuntimeFolder {
  return process.platform === 'win32' ? createPipePrefix() : createFolder();
}

function createFolder(): RuntimeFolder {
  const path = makePrivateFolder();
  let count = 0;
  return {
    path,
    socketPath(name) {
      count += 1;
      return join(path, `${count}-${plain(name)}`.slice(0, SOCKET_NAME_BYTES - 1));
    },
    release: (socketPath) => rmSync(socketPath, { force: true }),
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

function makePrivateFolder(): string {
  const prefix = ownFolderPrefix();
  const parent = parentFolder(prefix.length + RANDOM_BYTES);
  try {
    removeAbandonedFolders(parent);
    return mkdtempSync(join(parent, prefix));
  } catch (cause) {
    const message = `no folder for sockets can be made in ${parent}: set TMPDIR to a folder this user may write to`;
    throw new JitneyError('INVALID_CONFIG', message, { cause });
  }
}

/** TMPDIR, or the system's own folder where a long TMPDIR leaves no room for a socket's name. */
function parentFolder(nameBytes: number): string {
  const longest = MAX_SOCKET_PATH_BYTES - '/'.length - nameBytes - SOCKET_NAME_BYTES;
  return Buffer.byteLength(tmpdir()) <= longest ? tmpdir() : '/tmp';
}

/** Pipes vanish with the process that made them; nobody guesses this prefix. */
function createPipePrefix(): RuntimeFolder {
  const path = `\\\\.\\pipe\\jitney-${randomBytes(12).toString('hex')}`;
  let count = 0;
  return {
    path,
    socketPath(name) {
      count += 1;
      return `${path}-${count}-${plain(name).slice(0, SOCKET_NAME_BYTES)}`;
    },
    release: () => {},
    remove: () => {},
  };
}

/** One path segment, of as many bytes as characters. */
function plain(name: string): string {
  return name.replace(/[^A-Za-z0-9._@-]/g, '_');
}
