import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { echo } from '../dist/contenders/echo.js';
import { startIdleLoop } from '../dist/contenders/idle-loop.js';
import { runRawLoop } from '../dist/contenders/raw-loop.js';
import { Children } from '../dist/processes/children.js';
import { sendOnce } from './load/index.js';
import { plantMlp } from './models/mlp.js';
import { ROOT } from './places.js';

const MAIN = join(ROOT, 'bench', 'dist', 'main.js');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jitney-bench-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe.runIf(process.platform === 'linux')('a quick run of the bench', () => {
  it('starts the shipped command, prints its section and keeps its runs', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'start', '--quick', '--out', folder]);
    expect(stdout).toMatch(/^\| ready, warm \| ≤ 1.50 s \| \d+\.\d\d s \| /m);
    const [file] = await readdir(join(folder, 'raw'));
    const { runs } = JSON.parse(await readFile(join(folder, 'raw', file!), 'utf8')) as { runs: { cache: string }[] };
    expect(runs.map(({ cache }) => cache)).toEqual(['cold', 'warm']);
  });

  it('ends with a message where it cannot do what is asked', async () => {
    const run = promisify(execFile)(process.execPath, [MAIN, 'stort']);
    await expect(run).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/^There is no scene stort/) });
  });
});

describe('the programs of the bench', () => {
  const children = new Children();

  it('answer as Jitney would, in the shape of it', async () => {
    const { request } = await plantMlp(folder);
    const server = await echo(children, request).start();
    const { status, body } = await sendOnce(server.port, request);
    await server.stop();
    expect(status).toBe(200);
    expect(JSON.parse(body.toString())).toEqual({
      model_name: 'mlp',
      model_version: '1',
      outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 2], data: [expect.any(Number), expect.any(Number)] }],
    });
  });

  it('run the model alone', async () => {
    const { file } = await plantMlp(folder);
    const { runUs, cpuUs } = await runRawLoop(children, { model: file, rows: 3, ms: 20 });
    expect(Math.min(runUs, cpuUs)).toBeGreaterThan(0);
  });

  it('watch an idle loop', async () => {
    const idle = startIdleLoop(children);
    const { p50Ms, p99Ms } = await idle.take();
    await idle.stop();
    expect(p99Ms).toBeGreaterThanOrEqual(p50Ms);
  });
});
