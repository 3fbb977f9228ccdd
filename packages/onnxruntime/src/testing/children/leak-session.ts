import { createSession } from '../../index.js';
import { addModel } from '../models.js';

/** Drops one session without dispose() and disposes another; ends when it was warned. Needs --expose-gc. */

const collect = (globalThis as { gc?: () => void }).gc;
if (collect === undefined) throw new Error('needs --expose-gc');

async function drop(): Promise<void> {
  await createSession(addModel());
  await (await createSession(addModel())).dispose();
}

let warnings = 0;
process.on('warning', ({ name, message }) => {
  warnings++;
  process.stdout.write(`${name}: ${message}\n`);
});

await drop();
while (warnings === 0) {
  collect();
  await new Promise(setImmediate);
}
// A second warning, for the one that was disposed, would come now.
for (let round = 0; round < 10; round++) {
  collect();
  await new Promise(setImmediate);
}
