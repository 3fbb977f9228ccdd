import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendOnce } from '../../load/index.js';
import type { SceneModel } from '../../models/scene-model.js';
import type { Children } from '../../processes/children.js';
import type { Contender, RunningServer } from '../contender.js';
import type { Examination } from '../examination.js';
import { environmentOf, PEERS_FOLDER } from './installation.js';
import type { Peer, Settings } from './peer.js';

export interface PeerPlace {
  readonly children: Children;
  /** Temporary, of the scene. */
  readonly folder: string;
}

/** A peer as it enters a scene, with its settings. */
export function peerContender(place: PeerPlace, peer: Peer, examination: Examination, settings: Settings): Contender {
  const asking = examination.in(peer.dialect);
  const start = () => startPeer(place, { peer, settings, model: examination.model, request: asking.request });
  return { name: peer.title, isOptional: true, ...asking, start };
}

interface Start {
  readonly peer: Peer;
  readonly settings: Settings;
  readonly model: SceneModel;
  readonly request: Uint8Array;
}

/** Resolves once it answers. @throws Error with the end of its log where it does not. */
async function startPeer(
  { children, folder }: PeerPlace,
  { peer, settings, model, request }: Start,
): Promise<RunningServer> {
  const own = mkdtempSync(join(folder, `${peer.name}-`));
  const port = await freePort();
  const { line, env } = peer.command({ model, settings, port, environment: environmentOf(peer), folder: own });
  const log = join(own, 'log');
  const output = openSync(log, 'w');
  const child = children.spawnCareless(line[0], line.slice(1), {
    cwd: join(PEERS_FOLDER, peer.name),
    env: { ...process.env, PYTHONUNBUFFERED: '1', ...env },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const stop = () => children.end(child);
  try {
    await untilAnswered(child, port, request);
    return { port, pid: child.pid!, stop };
  } catch (error) {
    await stop();
    throw new Error(`${(error as Error).message}; its log ends:\n${readFileSync(log, 'utf8').slice(-2_000)}`);
  }
}

const LONGEST_START_MS = 60_000;
const BETWEEN_TRIES_MS = 50;

/** Some listen before they can answer, with whatever status. */
async function untilAnswered(child: ChildProcess, port: number, request: Uint8Array): Promise<void> {
  const startedAtMs = performance.now();
  let last = 'nobody listened';
  while (performance.now() - startedAtMs < LONGEST_START_MS) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('it ended while it started');
    const answer = await sendOnce({ port }, request).catch((error: Error) => error);
    if ('status' in answer && answer.status === 200) return;
    last = 'status' in answer ? `${answer.status} ${answer.body.toString().slice(0, 300)}` : answer.message;
    await sleep(BETWEEN_TRIES_MS);
  }
  throw new Error(`it was not ready within ${LONGEST_START_MS / 1_000} s: ${last}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
