import { bursts } from './bursts.js';
import { gateways } from './gateways.js';
import { imageTensor } from './image-tensor.js';
import { loopDelay } from './loop-delay.js';
import { memory } from './memory.js';
import { modelBound } from './model-bound.js';
import { openLoop } from './open-loop.js';
import { overload } from './overload.js';
import { recovery } from './recovery.js';
import type { Scene } from './scene.js';
import { simulator } from './simulator.js';
import { smallJson } from './small-json.js';
import { start } from './start.js';
import { transformer } from './transformer.js';

/** Every scene, in the order in which they are run and stand on the page. */
export const SCENES: readonly Scene[] = [
  smallJson,
  imageTensor,
  modelBound,
  transformer,
  gateways,
  openLoop,
  bursts,
  overload,
  simulator,
  start,
  memory,
  loopDelay,
  recovery,
];
