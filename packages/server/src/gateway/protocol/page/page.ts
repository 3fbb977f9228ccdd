import { createHash } from 'node:crypto';
import { protocolShape, type TensorSpec } from '@jitney/core';
import type { FastifyInstance } from 'fastify';
import type { ModelRoute } from '../../../wire/messages.js';
import type { Gateway } from '../../gateway.js';
import { SCRIPT } from './page-script.js';
import { STYLE } from './page-style.js';

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Nothing runs on the page but what is written here; it talks to its own server alone. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `script-src ${hashOf(SCRIPT)}`,
  `style-src ${hashOf(STYLE)}`,
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** `/`: what is served, in which state, and a place to try it. */
export function registerPage(app: FastifyInstance, gateway: Gateway): void {
  app.get('/', (request, reply) => {
    gateway.authorise(request.headers);
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', CONTENT_SECURITY_POLICY)
      .header('cache-control', 'no-store')
      .send(renderPage(gateway.dataPlane.routes.all));
  });
}

/** The page as HTML. Everything a model file or a client says is escaped. */
function renderPage(routes: readonly ModelRoute[]): string {
  const ready = routes.filter((route) => route.state === 'ready').length;
  const known = routes.filter((route) => route.state !== 'unloaded').length;
  const cards = routes.map(card).join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Jitney</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>Jitney</h1>
<p>${ready} of ${known} models serve.</p>
<nav><a href="openapi.json">API description</a> <a href="metrics">Metrics</a> <a href="readyz">Readiness</a></nav>
</header>
<main>
${cards || '<p>No model is known to this server.</p>'}
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function card(route: ModelRoute): string {
  const { loaded } = route;
  const title = `${escapeHtml(route.name)} <small>version ${escapeHtml(route.version)}</small>`;
  const state = `<span class="state ${route.state}">${route.state}</span>`;
  const reason =
    route.state === 'ready' || route.reason === '' ? '' : `<p class="reason">${escapeHtml(route.reason)}</p>`;
  if (loaded === null) return `<section><h2>${title} ${state}</h2>${reason}</section>`;
  const warnings = loaded.warnings.map((warning) => `<li>${escapeHtml(shorten(warning))}</li>`).join('');
  return `<section>
<h2>${title} ${state}</h2>
${reason}
<p>${escapeHtml(shorten(loaded.description)) || (loaded.task === 'tensor' ? 'Takes and gives tensors.' : 'A model with code of its own.')}</p>
${route.isDefault ? tryIt(route) : ''}
<details><summary>Signature, batching, runtime</summary>
<table><thead><tr><th></th><th>name</th><th>datatype</th><th>shape</th></tr></thead><tbody>
${loaded.signature.inputs
  .slice(0, ROWS_SHOWN)
  .map((spec) => row('input', spec))
  .join('\n')}
${loaded.signature.outputs
  .slice(0, ROWS_SHOWN)
  .map((spec) => row('output', spec))
  .join('\n')}
</tbody></table>
<dl>
<dt>batching</dt><dd>${escapeHtml(loaded.batching.reason)}</dd>
<dt>loaded</dt><dd>in ${Math.round(loaded.loadMs)} ms, ${(loaded.memory.hostBytes / 2 ** 20).toFixed(1)} MB</dd>
<dt>runtime</dt><dd>${escapeHtml(loaded.runtime)}</dd>
</dl>
${warnings === '' ? '' : `<ul class="warnings">${warnings}</ul>`}
</details>
</section>`;
}

/** Inputs or outputs shown of each model at most. */
const ROWS_SHOWN = 50;

function row(kind: string, spec: TensorSpec): string {
  const shape = `[${protocolShape(spec).join(', ')}]`;
  return `<tr><td>${kind}</td><td>${escapeHtml(shorten(spec.name))}</td><td>${spec.dtype}</td><td>${escapeHtml(shape)}</td></tr>`;
}

function tryIt({ name, loaded }: ModelRoute): string {
  const inputs = loaded?.example ?? null;
  const body =
    inputs === null
      ? '{ "inputs": [] }'
      : JSON.stringify({ inputs }, null, JSON.stringify(inputs).length > 600 ? 0 : 2);
  return `<form data-model="${escapeHtml(name)}">
<label>POST /predict/${escapeHtml(name)}<textarea spellcheck="false" rows="${Math.min(12, body.split('\n').length + 1)}">${escapeHtml(body)}</textarea></label>
<button>Run</button> <label class="file">or a file <input type="file"></label>
<output></output>
</form>`;
}

function shorten(text: string): string {
  return text.length <= 300 ? text : `${text.slice(0, 299)}…`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] as string);
}
