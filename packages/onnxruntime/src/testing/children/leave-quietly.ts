import { createSession } from '../../index.js';
import { addModel } from '../models.js';
import { fp32 } from '../tensors.js';

/** Runs a model, has one run fail, disposes, and ends by itself. Writes nothing. */

const session = await createSession(addModel());
await session.run([fp32('a', [1, 2], 1, 2), fp32('b', [1, 2], 1, 2)], { mode: 'async' });
await Promise.resolve()
  .then(() => session.run([fp32('a', [2, 2], 1, 2, 3, 4), fp32('b', [3, 2], 1, 2, 3, 4, 5, 6)], { mode: 'sync' }))
  .catch(() => {});
await createSession(Uint8Array.of(1)).catch(() => {});
await session.dispose();
