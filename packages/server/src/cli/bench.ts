import { readFile, writeFile } from 'node:fs/promises';
import { JitneyError } from '@jitney/core';
import { createModelRequests, type ModelRequests } from '../load/requests/model-requests.js';
import { type BenchLoad, refuseTooMany, startBenchLoad } from './bench-load.js';
import { type BenchOptions, DEFAULT_CONCURRENCY } from './bench-options.js';
import { headLines, progressLine, resultLines } from './bench-page.js';
import { type BenchResult, type BenchSubject, benchResult } from './bench-result.js';
import { type BenchTarget, openTarget } from './bench-target.js';
import { EXIT } from './exit-codes.js';
import { paint, plain } from './output.js';
import { firstSignal } from './signals.js';

/** `jitney bench URL|PATH`: sends requests that fit a model, and tells what became of them. */
export async function benchCommand(where: string, options: BenchOptions): Promise<number> {
  refuseTooMany(options);
  const signalled = firstSignal(() => process.exit(EXIT.interrupted));
  const target = await openTarget(where, options);
  try {
    const made = await createModelRequests(target.url, await wishesOf(target, options));
    const subject = subjectOf(made, options);
    say(headLines(subject, options.duration, paint));
    const result = await measure(subject, startBenchLoad(made, options), { signalled, failed: target.failed });
    await tell(result, options.json);
    return result.ok === 0 && !result.isInterrupted ? EXIT.failed : EXIT.done;
  } finally {
    await target.stop();
  }
}

async function wishesOf({ apiKey }: BenchTarget, options: BenchOptions) {
  const { model = null, rows, shape = {}, slo, deadline, binary = false, body, seed } = options;
  return {
    model,
    apiKey,
    rows,
    shapes: shape,
    timeoutMs: deadline && slo !== undefined ? slo : null,
    isBinary: binary,
    body: body === undefined ? null : await readBody(body),
    seed,
  };
}

function readBody(path: string): Promise<Buffer> {
  return readFile(path).catch((error: Error) => {
    throw new JitneyError('INVALID_ARGUMENT', `--body ${path} cannot be read: ${error.message}`);
  });
}

function subjectOf({ target, path, model, about, bodyBytes }: ModelRequests, options: BenchOptions): BenchSubject {
  const { rate, concurrency = DEFAULT_CONCURRENCY, arrivals, cv, warmup, slo = null } = options;
  const named = arrivals === 'gamma' ? `gamma with a coefficient of variation of ${cv}` : arrivals;
  return {
    url: `${target.url}${path}`,
    model,
    requests: about,
    bodyBytes,
    plan: rate === undefined ? { loop: 'closed', concurrency } : { loop: 'open', ratePerSecond: rate, arrivals: named },
    warmupSeconds: warmup,
    sloMs: slo,
  };
}

interface Endings {
  readonly signalled: Promise<unknown>;
  readonly failed: Promise<Error>;
}

/** @throws Error where the server that was started for this cannot serve any more. */
async function measure(subject: BenchSubject, load: BenchLoad, { signalled, failed }: Endings): Promise<BenchResult> {
  let isInterrupted = false;
  let failure: Error | null = null;
  void signalled.then(() => {
    isInterrupted = true;
    load.stop();
  });
  void failed.then((error) => {
    failure = error;
    load.stop();
  });
  const endProgress = showProgress(() => progressLine(benchResult(subject, load.peek(), false)));
  const report = await load.done;
  endProgress();
  if (failure !== null) throw failure;
  return benchResult(subject, report, isInterrupted);
}

/** A line that is written over on a terminal, one below the other elsewhere. */
function showProgress(line: () => string): () => void {
  const isTerminal = process.stderr.isTTY === true;
  const begin = isTerminal ? '\r\x1b[K' : '';
  const end = isTerminal ? '' : '\n';
  const show = setInterval(() => process.stderr.write(`${begin}${line()}${end}`), isTerminal ? 200 : 1_000);
  return () => {
    clearInterval(show);
    process.stderr.write(begin);
  };
}

/** The table on standard output, unless that is for the JSON. */
async function tell(result: BenchResult, json: string | undefined): Promise<void> {
  if (json === '-') {
    say(resultLines(result, paint));
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return;
  }
  process.stdout.write(`${resultLines(result, process.stdout.isTTY ? paint : plain).join('\n')}\n`);
  if (json !== undefined) await writeFile(json, `${JSON.stringify(result)}\n`);
}

function say(lines: readonly string[]): void {
  process.stderr.write(`${lines.join('\n')}\n`);
}
