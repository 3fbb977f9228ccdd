// Writes schemas/model.schema.json from the built manifest schema. Run after a build: node scripts/write-schema.mjs
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { manifestJsonSchema } from '../dist/manifest/index.js';

const file = fileURLToPath(new URL('../schemas/model.schema.json', import.meta.url));
const biome = fileURLToPath(new URL('../../../node_modules/@biomejs/biome/bin/biome', import.meta.url));

writeFileSync(file, JSON.stringify(manifestJsonSchema(), null, 2));
execFileSync(process.execPath, [biome, 'format', '--write', file], { stdio: 'inherit' });
