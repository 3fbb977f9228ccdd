import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const BEAT_MS = 500;
const POLL_MS = 100;

/**
 * Runs `work` while no other process holds `file`.
 *
 * The holder touches the file twice a second; one that was not touched for `staleMs` belongs to a process that is gone,
 * and is taken over. Process ids would not do: they are used again, and a container has its own.
 *
 * @template T
 * @param {string} file
 * @param {{ staleMs?: number, onWait?: () => void }} options `onWait` is called once if somebody else holds it
 * @param {() => T | Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(file, { staleMs = 5_000, onWait = () => {} }, work) {
  mkdirSync(dirname(file), { recursive: true });
  const id = randomUUID();
  await acquire(file, id, staleMs, onWait);
  const beat = setInterval(() => touch(file), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    if (holder(file)?.id === id) rmSync(file, { force: true });
  }
}

/**
 * @param {string} file
 * @param {string} id
 * @param {number} staleMs
 * @param {() => void} onWait
 */
async function acquire(file, id, staleMs, onWait) {
  let seen = { mark: '', sinceMs: 0 };
  while (!create(file, id)) {
    const current = holder(file);
    if (current === null) continue;
    // Judged by this process's own clock: file times may be another machine's.
    if (seen.mark === '') onWait();
    if (seen.mark !== current.mark) seen = { mark: current.mark, sinceMs: performance.now() };
    if (performance.now() - seen.sinceMs > staleMs && takeOver(file, id, current.id)) return;
    await delay(POLL_MS);
  }
}

/**
 * Replaces a dead holder. Only who holds the claim on that very holder may, and ids are never used twice, so of
 * several that noticed at once one wins, and one that noticed late finds another holder and leaves it alone.
 *
 * @param {string} file
 * @param {string} id
 * @param {string} dead
 */
function takeOver(file, id, dead) {
  const claim = `${file}.${dead}`;
  if (!create(claim, id)) return false;
  if (holder(file)?.id === dead) {
    renameSync(claim, file);
    return true;
  }
  rmSync(claim, { force: true });
  return false;
}

/**
 * @param {string} file
 * @param {string} id
 */
function create(file, id) {
  try {
    writeFileSync(file, id, { flag: 'wx' });
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/**
 * Who holds it, and a mark that changes with each of its beats.
 *
 * @param {string} file
 */
function holder(file) {
  try {
    const id = readFileSync(file, 'utf8');
    return { id, mark: `${id} ${statSync(file).mtimeMs}` };
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    throw error;
  }
}

/** @param {string} file */
function touch(file) {
  const now = new Date();
  try {
    utimesSync(file, now, now);
  } catch (error) {
    // Gone: this process slept so long that it was taken for dead.
    if (!isCode(error, 'ENOENT')) throw error;
  }
}

/**
 * @param {unknown} error
 * @param {string} code
 */
function isCode(error, code) {
  return error instanceof Error && 'code' in error && error.code === code;
}
