export { manifestJsonSchema } from './json-schema.js';
export { parseManifest } from './parse.js';
export { type Manifest, manifestSchema } from './schema.js';
