import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ROOT } from '../../places.js';
import type { Peer } from './peer.js';

export const PEERS_FOLDER = join(ROOT, 'bench', 'peers');

const ENVIRONMENTS = process.env.JITNEY_PEERS ?? join(ROOT, 'bench', '.cache', 'peers');

/** A peer's Python virtual environment. */
export const environmentOf = ({ name }: Peer) => join(ENVIRONMENTS, name);

export interface Installation {
  readonly ready: readonly Peer[];
  /** Why each of the others is not: one line. */
  readonly skipped: readonly string[];
}

/** Runs `bench/peers/install`, which leaves alone what is there already. */
export async function installPeers(peers: readonly Peer[]): Promise<Installation> {
  if (peers.length === 0) return { ready: [], skipped: [] };
  const names = peers.map(({ name }) => name);
  const child = spawn(join(PEERS_FOLDER, 'install'), names, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [printed] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return readInstallation(peers, printed);
}

/** @param printed `NAME ready` or `NAME skipped: WHY`, a line each. */
export function readInstallation(peers: readonly Peer[], printed: string): Installation {
  const lines = printed.split('\n');
  const ready = peers.filter(({ name }) => lines.includes(`${name} ready`));
  const skipped = peers
    .filter((peer) => !ready.includes(peer))
    .map((peer) => {
      const [, why] = lines.map((line) => new RegExp(`^${peer.name} skipped: (.*)`).exec(line)).find(Boolean) ?? [];
      return `${peer.title} was skipped: ${why ?? 'its installation said nothing of it'}`;
    });
  return { ready, skipped };
}
