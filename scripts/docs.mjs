// `npm run docs`: writes the pages that are made from the code. With `--check`: says which are not as it would write them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { orExit } from './child.mjs';
import { ROOT, setup } from './setup.mjs';

const NOTICE = '<!-- Made by `npm run docs`; do not edit. -->';

await orExit(() => setup());
const { ERROR_CATALOGUE } = await import('@jitney/core');
const { manifestJsonSchema } = await import('@jitney/core/manifest');
const { httpStatus } = await import('../packages/server/dist/gateway/protocol/http/status.js');
const { configSchema, listSettings } = await import('../packages/server/dist/config/index.js');

/** @type {readonly (readonly [path: string, content: string])[]} */
const PAGES = [
  ['docs/errors.md', errorsPage()],
  ['docs/configuration.md', configurationPage()],
  ['packages/core/schemas/model.schema.json', json(manifestJsonSchema())],
  ['packages/server/schemas/config.schema.json', json(configSchema())],
];

const differ = PAGES.filter(([path, content]) => read(path) !== content);
if (process.argv.includes('--check')) {
  for (const [path] of differ) process.stderr.write(`${path} does not fit the code: run "npm run docs".\n`);
  process.exitCode = differ.length === 0 ? 0 : 1;
} else {
  for (const [path, content] of differ) write(path, content);
}

/** @param {unknown} schema */
function json(schema) {
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(join(ROOT, path), 'utf8');
  } catch {
    return null;
  }
}

/**
 * @param {string} path
 * @param {string} content
 */
function write(path, content) {
  mkdirSync(dirname(join(ROOT, path)), { recursive: true });
  writeFileSync(join(ROOT, path), content);
  process.stdout.write(`wrote ${path}\n`);
}

function errorsPage() {
  const codes = /** @type {(keyof typeof ERROR_CATALOGUE)[]} */ (Object.keys(ERROR_CATALOGUE));
  const sections = codes.map((code) => {
    const { meaning, remedy, retryable } = ERROR_CATALOGUE[code];
    const again = retryable ? 'yes' : 'no';
    return `## ${code}\n\n${meaning}\n\n- HTTP status: ${httpStatus(code)}\n- Worth sending again unchanged: ${again}\n- What to do: ${remedy}\n`;
  });
  return `# Errors

${NOTICE}

Everything that goes wrong in Jitney has one of these codes, whatever protocol carries it. The message says what is
wrong and where; the cause stays in the log, found by the request id.

${sections.join('\n')}`;
}

function configurationPage() {
  /** @type {Map<string, string[]>} */
  const rows = new Map();
  for (const { section, key, flag, variable, kind, byDefault, doc } of listSettings()) {
    const names = [`\`${key}\``, flag === null ? '' : `\`--${flag}\``, `\`${variable}\``].filter((name) => name !== '');
    const row = `| ${names.join('<br>')} | ${written(kind, byDefault)} | ${kind.expected} | ${doc} |`;
    rows.set(section, [...(rows.get(section) ?? []), row]);
  }
  const sections = [...rows].map(
    ([section, lines]) =>
      `## ${section}\n\n| setting | default | takes | |\n| --- | --- | --- | --- |\n${lines.join('\n')}\n`,
  );
  return `# Configuration

${NOTICE}

A value is taken from, in this order: its flag, its environment variable, the file given with \`--config\`, the default.
Settings without a flag of their own are given as \`--set section.name=value\`. The file is YAML or JSON:

\`\`\`yaml
# yaml-language-server: $schema=./node_modules/jitney/schemas/config.schema.json
server:
  port: 9000
limits:
  maxBodyBytes: 16MiB
\`\`\`

The key that clients must send is never a setting: the variable \`JITNEY_API_KEY\` holds it, or the file that
\`server.apiKeyFile\` names. Jitney keeps only its hash.

${sections.join('\n')}`;
}

/**
 * @param {{ write?(value: unknown): string }} kind
 * @param {unknown} value
 */
function written(kind, value) {
  if (value === null || (Array.isArray(value) && value.length === 0)) return '';
  return `\`${kind.write?.(value) ?? value}\``;
}
