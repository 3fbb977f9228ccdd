export { type JsonPath, type JsonPlaces, locateJson, type Place, placeAt } from './json-places.js';
export { manifestJsonSchema } from './json-schema.js';
export { type Checked, checkSettings, type Mistake } from './mistakes.js';
export { parseManifest } from './parse.js';
export { type Manifest, manifestSchema } from './schema.js';
