import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PEERS } from './index.js';
import { PEERS_FOLDER, readInstallation } from './installation.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jitney-peers-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** @param path Where it finds programs. */
async function install(names: readonly string[], path = process.env.PATH): Promise<string> {
  const env = { PATH: path, JITNEY_PEERS: folder };
  const { stdout } = await promisify(execFile)('/bin/sh', [join(PEERS_FOLDER, 'install'), ...names], { env });
  return stdout;
}

describe.runIf(process.platform === 'linux')('the script that installs peers', () => {
  it('says of a peer that it does not know that it is skipped', async () => {
    expect(await install(['nobody'])).toBe('nobody skipped: there is no peer of this name\n');
  });

  it('says so where there is no Python', async () => {
    const bin = join(folder, 'bin');
    await mkdir(bin);
    for (const program of ['dirname', 'mkdir', 'cmp']) await symlink(join('/usr/bin', program), join(bin, program));
    expect(await install(['litserve', 'bentoml'], bin)).toBe(
      'litserve skipped: there is no Python that it runs on\nbentoml skipped: there is no Python that it runs on\n',
    );
  });

  it('leaves alone what is there for the same requirements', async () => {
    await mkdir(join(folder, 'litserve'));
    const requirements = join(PEERS_FOLDER, 'litserve', 'requirements.txt');
    await symlink(requirements, join(folder, 'litserve', 'installed.txt'));
    expect(await install(['litserve'], '/usr/bin:/bin')).toBe('litserve ready\n');
  });

  it('tells where the log is when a package cannot be had', async () => {
    const python = join(folder, 'python3');
    await writeFile(python, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    expect(await install(['bentoml'], `${folder}:${process.env.PATH}`)).toBe(
      `bentoml skipped: pip failed, see ${folder}/bentoml.log\n`,
    );
  });
});

describe('what it says', () => {
  const peers = PEERS.filter(({ name }) => name === 'triton' || name === 'bentoml');

  it('is read as peers that are ready, and reasons for the others', () => {
    const { ready, skipped } = readInstallation(peers, 'triton skipped: no wheel\nbentoml ready\n');
    expect(ready.map(({ name }) => name)).toEqual(['bentoml']);
    expect(skipped).toEqual(['Triton (Python backend) was skipped: no wheel']);
  });

  it('may be nothing', () => {
    expect(readInstallation(peers, '').skipped).toEqual([
      'Triton (Python backend) was skipped: its installation said nothing of it',
      'BentoML was skipped: its installation said nothing of it',
    ]);
  });
});
