import { createSession } from '../../index.js';
import { heavyModel, loopModel } from '../models.js';
import { fp32, int64 } from '../tensors.js';

/** Ends its process in the way `argv[2]` says, while runs that never end by themselves, or a load, are in flight. */

const ends: Readonly<Record<string, () => void>> = {
  exit: () => process.exit(7),
  throw: () => {
    setImmediate(() => {
      throw new Error('uncaught, on purpose');
    });
  },
  sigterm: () => {
    process.once('SIGTERM', () => process.exit(7));
    process.kill(process.pid, 'SIGTERM');
  },
  loading: () => {
    createSession(heavyModel(512, 24)).catch(() => {});
    setImmediate(() => process.exit(7));
  },
};

const session = await createSession(loopModel(), { intraOpThreads: 1 });
const endless = [int64('k', [], 10 ** 12), fp32('x', [2], 1, 2)];
for (let run = 0; run < 10; run++) Promise.resolve(session.run(endless)).catch(() => {});
setImmediate(() => ends[process.argv[2] ?? 'exit']?.());
