import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startJitney } from '../../../test/support/jitney.js';
import { call } from '../../../test/support/load.js';
import { gamma, poisson } from './arrivals.js';
import { LineObserver } from './lane.js';
import { replayOf } from './replay.js';
import { linear, type RunTimes } from './run-times.js';
import { simulate } from './simulate.js';
import { noisy } from './testing/run-times.js';
import { type LaneLine, readTrace, runsOf, simulationOf, type Trace } from './trace.js';

const ROOT = new URL('../../..', import.meta.url).pathname;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jitney-trace-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const decisions = (lines: readonly LaneLine[]) => lines.filter(([what]) => what === 'decided');

/** Rows for the example that tells fraud. */
function body(rows: number): string {
  const data = Array.from({ length: 10 * rows }, (_, i) => i % 7);
  return JSON.stringify({ inputs: [{ name: 'features', shape: [rows, 10], datatype: 'FP32', data }] });
}

describe('a trace of a running host', () => {
  it('replays to the identical decisions, whoever left early, came late or asked for more than a run holds', async () => {
    const server = await startJitney(['examples/models/fraud'], {
      cwd: ROOT,
      args: ['--set', `log.laneTraceFolder=${folder}`],
    });
    try {
      await loadWith(server.port);
    } finally {
      await server.stop();
    }
    const [file] = readdirSync(folder);
    const trace = readTrace(join(folder, file!));
    expect(trace.stopped).toBeNull();
    expect(decisions(trace.lines).length).toBeGreaterThan(100);
    const replay = await replayOf(trace);
    expect(replay.divergence).toBeNull();
    expect(decisions(replay.lines)).toEqual(decisions(trace.lines));
    const arrived = trace.lines.filter(([what]) => what === 'arrived').length;
    expect(arrived).toBeGreaterThan(300);
  });
});

/** Mixed sizes on 24 connections; every ninth client leaves, every fifth is in a hurry. */
async function loadWith(port: number): Promise<void> {
  const sizes = [1, 1, 1, 2, 5, 1, 200];
  await Promise.all(
    Array.from({ length: 24 }, async (_, connection) => {
      for (let i = 0; i < 20; i++) {
        const leave = new AbortController();
        const sent = call(port, {
          path: '/v2/models/fraud/infer',
          headers: { 'content-type': 'application/json', ...(i % 5 === 0 ? { 'x-request-timeout-ms': 3 } : {}) },
          body: body(sizes[(connection + i) % sizes.length]!),
          signal: leave.signal,
        });
        if (i % 9 === 8) setImmediate(() => leave.abort());
        await sent.catch(() => {});
      }
    }),
  );
}

const OPTIONS = {
  batching: { mode: 'rows', maxRows: 8, shared: [], sensitive: false, reason: 'a test says so' },
  instances: 2,
  limits: { maxEntries: 20, maxBytes: 1_000 },
} as const;

/** What the lane tells under bursts of requests of up to 20 rows, with deadlines, in virtual time. */
async function traceOf(runTimes: RunTimes, sloMs: number): Promise<Trace> {
  const lines: LaneLine[] = [];
  const { atMs } = gamma(3, { ratePerMs: 0.8 / runTimes({ rows: 1, units: 1 }, 0), count: 3_000, seed: 4 });
  const rows = Array.from(atMs, (_, i) => (i % 50 === 0 ? 20 : 1 + (i % 3)));
  const observer = new LineObserver((line) => lines.push(line as LaneLine));
  await simulate({ arrivals: { atMs, rows }, runTimes, lane: { ...OPTIONS, observer }, sloMs });
  return { header: { trace: 'jitney lane', format: 1, model: 'a@1', options: OPTIONS }, lines, stopped: null };
}

describe('a trace of a simulated lane', () => {
  it.each([
    ['long runs', noisy(linear({ alphaMs: 2, betaMs: 1 }), { spread: 0.3, seed: 1 }), 30],
    ['runs that hold the loop', linear({ alphaMs: 0.004, betaMs: 0.001 }), 0.05],
  ])('replays to the identical decisions: %s', async (_, runTimes, sloMs) => {
    const trace = await traceOf(runTimes, sloMs);
    expect(new Set(trace.lines.map(([what]) => what))).toContain('ended');
    expect(await replayOf(trace)).toEqual({ lines: trace.lines, divergence: null });
  });

  it('does not replay to the end where a line was changed, and the replay says where', async () => {
    const trace = await traceOf(linear({ alphaMs: 2, betaMs: 1 }), 30);
    // One that ran: the lines before its arrival are the same, its run is not.
    const at = trace.lines.findIndex(([what], i) => what === 'arrived' && i > 1_000);
    const lines = trace.lines.toSpliced(at, 1);
    const { divergence } = await replayOf({ ...trace, lines });
    expect(divergence?.at).toBeGreaterThanOrEqual(at);
  });

  it('tells run times and arrivals, for simulations with other lanes', async () => {
    const trace = await traceOf(linear({ alphaMs: 2, betaMs: 1 }), 1_000);
    for (const { rows, ms } of runsOf(trace)) expect(ms).toBeCloseTo(2 + rows, 6);
    const { offered, meanBatchRows } = await simulate(simulationOf(trace, { sloMs: 1_000, seed: 1 }));
    expect(offered).toBe(3_000);
    expect(meanBatchRows).toBeGreaterThan(1);
  });
});

describe('simulations', () => {
  it('are the same for the same seed', async () => {
    const run = () =>
      simulate({
        arrivals: poisson({ ratePerMs: 0.2, count: 2_000, seed: 1 }),
        runTimes: noisy(linear({ alphaMs: 2, betaMs: 1 }), { spread: 0.2, seed: 2 }),
        lane: OPTIONS,
        sloMs: 20,
      });
    const [one, other] = [await run(), await run()];
    expect(other).toEqual(one);
    expect(other.latencies.percentileMs(99)).toBe(one.latencies.percentileMs(99));
  });
});
