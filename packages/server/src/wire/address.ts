import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JitneyError } from '@jitney/core';

/** Socket paths end before this many bytes: macOS takes 103, Linux 107, some libraries less. */
export const MAX_SOCKET_PATH_BYTES = 100;

/** What the folder and the names in it may need of that. */
const FOLDER_NAME_BYTES = '/jitney-XXXXXX'.length;
const SOCKET_NAME_BYTES = 24;

/** Where the sockets of one supervisor are: a folder that only its user may enter, or on Windows a prefix for pipes. */
export interface RuntimeFolder {
  readonly path: string;
  /** A fresh address for a socket or pipe; `name` is for whoever looks into the folder. */
  socketPath(name: string): string;
  /** Removes the socket that a killed process left behind. */
  release(socketPath: string): void;
  /** Removes the folder with all that is in it. */
  remove(): void;
}

/** @throws JitneyError INVALID_CONFIG when no folder for temporary files can be written. */
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

/** mkdtemp gives mode 0700. The system's own /tmp is taken where a longer TMPDIR leaves no room for a name. */
function makePrivateFolder(): string {
  const longest = MAX_SOCKET_PATH_BYTES - FOLDER_NAME_BYTES - SOCKET_NAME_BYTES;
  const own = tmpdir();
  const parent = Buffer.byteLength(own) <= longest ? own : '/tmp';
  try {
    return mkdtempSync(join(parent, 'jitney-'));
  } catch (cause) {
    const message = `no folder for sockets can be made in ${parent}: set TMPDIR to a folder this user may write to`;
    throw new JitneyError('INVALID_CONFIG', message, { cause });
  }
}

function createPipePrefix(): RuntimeFolder {
  const path = `\\\\.\\pipe\\jitney-${randomBytes(12).toString('hex')}`;
  let count = 0;
  return {
    path,
    socketPath(name) {
      count += 1;
      return `${path}-${count}-${plain(name)}`;
    },
    release: () => {},
    remove: () => {},
  };
}

/** Letters, digits and `-._@` only, so that the name is one path segment of as many bytes as characters. */
function plain(name: string): string {
  return name.replace(/[^A-Za-z0-9._@-]/g, '_');
}
