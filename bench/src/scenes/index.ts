import { loopDelay } from './loop-delay.js';
import { memory } from './memory.js';
import { recovery } from './recovery.js';
import type { Scene } from './scene.js';
import { smallJson } from './small-json.js';
import { start } from './start.js';

/** Every scene, in the order in which they are run and stand on the page. */
export const SCENES: readonly Scene[] = [smallJson, start, memory, loopDelay, recovery];
