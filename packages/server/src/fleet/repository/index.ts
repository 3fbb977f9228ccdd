export type { ArtefactKind, ArtefactState, ModelArtefact, Repository } from './artefact.js';
export { discover } from './discover.js';
export { modelOverrides, toHostModel } from './host-model.js';
export { fingerprint, isSettled, type SettledOptions } from './settled.js';
