import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Survey } from './survey.js';

export interface SettledOptions {
  /** Time between the two looks, in ms. Default 2000. */
  readonly settleMs?: number;
  readonly signal?: AbortSignal;
  /** Waits between the looks instead. */
  readonly wait?: () => Promise<unknown>;
}

const DEFAULT_SETTLE_MS = 2_000;

/**
 * Whether a file, or everything in a folder, stays as it is for a while: false while it is being copied, when its size,
 * time of change or list of files differ between two looks, and where it is not there. A copy that pauses for longer
 * than `settleMs` looks settled: what is loaded then must still be checked.
 */
export async function isSettled(path: string, options: SettledOptions = {}): Promise<boolean> {
  const { settleMs = DEFAULT_SETTLE_MS, signal } = options;
  const { wait = () => sleep(settleMs, undefined, signal === undefined ? {} : { signal }) } = options;
  const before = await fingerprint(path, signal);
  if (before === null) return false;
  await wait();
  return before === (await fingerprint(path, signal));
}

/** A text that changes when a file at or below `path` changes; `null` where there is none. */
async function fingerprint(path: string, signal?: AbortSignal): Promise<string | null> {
  try {
    return JSON.stringify(await marksOf(path, new Survey(signal)));
  } catch (thrown) {
    if (thrown instanceof Error && 'syscall' in thrown) return null;
    throw thrown;
  }
}

async function marksOf(path: string, survey: Survey): Promise<unknown[]> {
  const found = await stat(path);
  const mark = [path, found.size, found.mtimeMs, found.ino];
  const folder = found.isDirectory() ? await survey.read(path) : null;
  const inside: unknown[] = [];
  for (const entry of folder?.entries ?? []) {
    inside.push(...(entry.kind === 'broken' ? [[entry.path]] : await marksOf(entry.path, survey)));
  }
  return [mark, ...inside];
}
