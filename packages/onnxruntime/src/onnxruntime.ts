import { JitneyError } from '@jitney/core';
import { Gate, poolCapacity } from './gate.js';
import { mayLoop } from './loops.js';
import { endAll } from './native/in-flight.js';
import { NativeSession } from './native/session.js';
import { NodeSession, type Session } from './session.js';
import { resolveSessionOptions, type SessionOptions } from './session-options.js';

// One gate a JavaScript thread: all sessions share libuv's pool.
const gate = new Gate(poolCapacity());

/**
 * Loads a model off the JavaScript thread.
 *
 * @param source Path of an `.onnx` or `.ort` file (external data is found beside it), or its bytes, which must stay
 * unchanged until the promise settles.
 * @param signal Ends the load early.
 * @throws JitneyError `INVALID_MODEL` with what ONNX Runtime said; `INVALID_CONFIG` for options it does not take or a
 * library that cannot be loaded; `CANCELLED`.
 */
export async function createSession(
  source: string | Uint8Array,
  options: SessionOptions = {},
  signal?: AbortSignal,
): Promise<Session> {
  const resolved = resolveSessionOptions(options);
  checkSource(source);
  if (signal?.aborted) throw new JitneyError('CANCELLED', 'The load was cancelled before it began.');
  const [native, loops] = await Promise.all([
    NativeSession.open(source, resolved, gate, signal),
    resolved.runMode === 'auto' && mayLoop(source),
  ]);
  return new NodeSession(native, loops ? 'async' : resolved.runMode);
}

/**
 * Ends every run and load, running or waiting: their promises reject with `CANCELLED`. A run ends at its next node.
 * Happens by itself when the process exits, since Node waits for native calls then.
 */
export function terminateAll(): void {
  gate.clear(new JitneyError('CANCELLED', 'All runs of this process were ended.'));
  endAll();
}

function checkSource(source: unknown): void {
  if (typeof source === 'string' && source !== '' && !source.includes('\0')) return;
  if (source instanceof Uint8Array && source.byteLength > 0) return;
  const got =
    source instanceof Uint8Array ? 'no bytes' : typeof source === 'string' ? JSON.stringify(source) : typeof source;
  throw new JitneyError('INVALID_MODEL', `A model is the path of a file or its bytes, got ${got}.`);
}
