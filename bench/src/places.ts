import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root folder. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The shipped command. */
export const JITNEY = join(ROOT, 'packages', 'server', 'bin', 'jitney.js');

/** Models that are too large for this repository; it need not be there. */
export const SHARED = process.env.JITNEY_SHARED ?? join(ROOT, '..', 'shared');
