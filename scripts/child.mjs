import { spawn } from 'node:child_process';

const FORWARDED = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/** This process was asked to end while a child ran; the child has ended by now. */
export class Interrupted extends Error {
  /** @param {NodeJS.Signals} signal */
  constructor(signal) {
    super(`ended by ${signal}`);
    this.signal = signal;
  }
}

/**
 * Runs a program to its end, its output on stderr; passes signals on to it.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @returns {Promise<number>} its exit code, or 1 where a signal ended it
 * @throws {Interrupted} once the child has ended, where a signal came meanwhile
 */
export async function run(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 2, 2], ...options });
  /** @type {NodeJS.Signals | null} */
  let received = null;
  const forward = (/** @type {NodeJS.Signals} */ signal) => {
    received = signal;
    child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  try {
    const code = await ended(child);
    if (received !== null) throw new Interrupted(received);
    return code;
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward);
  }
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number>}
 */
function ended(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/**
 * Runs `work`; where it fails, ends this process: with its message and code 1, or, where a signal interrupted it, as
 * that signal would have ended it.
 *
 * @param {() => Promise<void>} work
 */
export async function orExit(work) {
  try {
    await work();
  } catch (error) {
    if (error instanceof Interrupted) endBy(error.signal);
    else process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exit(1);
  }
}

/** @param {NodeJS.Signals} signal */
function endBy(signal) {
  process.kill(process.pid, signal);
  // The signal ends the process while this waits.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
}
