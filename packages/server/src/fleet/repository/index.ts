export type { ModelArtefact, Repository } from './artefact.js';
export { discover } from './discover.js';
export { modelOverrides, toHostModel } from './host-model.js';
