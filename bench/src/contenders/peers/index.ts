import { bentoml } from './bentoml.js';
import { fastapiOnnxruntime, fastapiPytorch } from './fastapi.js';
import { litserve } from './litserve.js';
import type { Peer } from './peer.js';
import { triton } from './triton.js';

/** Every peer, in the order of the tables. */
export const PEERS: readonly Peer[] = [triton, fastapiOnnxruntime, fastapiPytorch, litserve, bentoml];
