import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SERVER = 'packages/server/src';

/** File, what it may import, what it may not. The rules themselves are in biome.json. */
const ROOMS: readonly (readonly [file: string, allowed: readonly string[], refused: readonly string[]])[] = [
  [
    'packages/core/src/tensor.ts',
    ['./dtype.js', '../src/dtype.js'],
    ['node:fs', 'zod', 'jitney', '@jitney/onnxruntime'],
  ],
  ['packages/core/src/manifest/schema.ts', ['zod', '../dtype.js'], ['node:fs', 'yaml', 'jitney']],
  [
    'packages/onnxruntime/src/session.ts',
    ['@jitney/core', 'koffi', 'node:fs', 'node:fs/promises', './native/api.js'],
    ['jitney', 'zod', 'pino', '@jitney/core/manifest'],
  ],
  [
    `${SERVER}/wire/frames.ts`,
    ['@jitney/core', 'node:net', './layout.js'],
    ['../host/main.js', '../gateway/call.js', '../fleet/fleet.js', '../config/index.js', '../telemetry/log.js', 'zod'],
  ],
  [`${SERVER}/config/index.ts`, ['yaml', './kind.js'], ['../wire/frames.js', '../gateway/call.js', '../cli/main.js']],
  [`${SERVER}/telemetry/log.ts`, ['pino'], ['../host/main.js', '../fleet/fleet.js', '../wire/frames.js']],
  [
    `${SERVER}/fleet/supervisor.ts`,
    ['../wire/messages.js', '../config/index.js', '../telemetry/log.js', './repository/disk.js'],
    ['../gateway/call.js', '../host/main.js', '../load/index.js', '../cli/main.js', '@jitney/onnxruntime'],
  ],
  [
    `${SERVER}/gateway/protocol/oip/infer.ts`,
    ['../../../wire/frames.js', '../../call.js', 'fastify'],
    [
      '../../../fleet/fleet.js',
      '../../../host/main.js',
      '../../../cli/main.js',
      '@jitney/onnxruntime',
      'koffi',
      'sharp',
    ],
  ],
  [
    `${SERVER}/host/lane/one-shot-lane.ts`,
    ['../../wire/messages.js', '../served-model.js'],
    ['../../fleet/fleet.js', '../../gateway/call.js', '../backend/onnx.js', '@jitney/onnxruntime'],
  ],
  [`${SERVER}/host/load-model.ts`, ['./lane/one-shot-lane.js'], ['./backend/onnx.js']],
  [`${SERVER}/host/main.ts`, ['./backend/onnx.js'], ['../fleet/fleet.js', '../gateway/call.js', '@jitney/onnxruntime']],
  [`${SERVER}/host/backend/onnx.ts`, ['@jitney/onnxruntime', './threads.js'], ['../../gateway/call.js']],
  [
    `${SERVER}/load/open-loop.ts`,
    ['../config/index.js', './histogram.js'],
    ['../gateway/call.js', '../host/main.js', '../fleet/fleet.js', '../cli/main.js', '@jitney/onnxruntime'],
  ],
  [
    `${SERVER}/cli/serve.ts`,
    ['../fleet/fleet.js', '../gateway/main.js', '../host/main.js'],
    ['../host/backend/onnx.js', '@jitney/onnxruntime'],
  ],
];

/** Ways to import something; none is a way around the rule. */
const FORMS: readonly ((specifier: string) => string)[] = [
  (specifier) => `import '${specifier}';`,
  (specifier) => `import type { X } from '${specifier}';`,
  (specifier) => `export * from '${specifier}';`,
  (specifier) => `await import('${specifier}');`,
];

let folder: string;
/** `file:line` of each import that the linter refuses. */
let refused: ReadonlySet<string>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'jitney-imports-'));
  copyFileSync(join(ROOT, 'biome.json'), join(folder, 'biome.json'));
  for (const [file, allowedHere, refusedHere] of ROOMS) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    writeFileSync(join(folder, file), linesFor([...allowedHere, ...refusedHere]).join('\n'));
  }
  refused = lint();
});
afterAll(() => rmSync(folder, { recursive: true }));

function linesFor(specifiers: readonly string[]): string[] {
  return specifiers.flatMap((specifier) => FORMS.map((form) => form(specifier)));
}

interface Report {
  readonly diagnostics: readonly {
    readonly category: string;
    readonly location: { readonly path: string; readonly start: { readonly line: number } };
  }[];
}

function lint(): Set<string> {
  const biome = join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  const args = [
    'lint',
    '.',
    '--only=style/noRestrictedImports',
    '--vcs-enabled=false',
    '--max-diagnostics=none',
    '--reporter=json',
  ];
  const { stdout } = spawnSync(process.execPath, [biome, ...args], { cwd: folder, encoding: 'utf8' });
  return new Set(
    (JSON.parse(stdout) as Report).diagnostics.map(({ location }) => `${location.path}:${location.start.line}`),
  );
}

describe.each(ROOMS)('%s', (file, allowedHere, refusedHere) => {
  const lineOf = (specifier: string, form: number) =>
    [...allowedHere, ...refusedHere].indexOf(specifier) * FORMS.length + form + 1;

  it.each(allowedHere)('may import %s', (specifier) => {
    const found = FORMS.map((_, form) => refused.has(`${file}:${lineOf(specifier, form)}`));
    expect(found).toEqual(FORMS.map(() => false));
  });

  it.each(refusedHere)('may not import %s, in no form', (specifier) => {
    const found = FORMS.map((_, form) => refused.has(`${file}:${lineOf(specifier, form)}`));
    expect(found).toEqual(FORMS.map(() => true));
  });
});
