import { readFileSync } from 'node:fs';
import type { TracedEntry, TraceHeader, TraceLine } from './lane.js';
import { type MeasuredRun, measured } from './run-times.js';
import type { Simulation } from './simulate.js';

/** What a lane was told and what it decided, in order, as a host wrote it (`log.laneTraceFolder`). */
export interface Trace {
  readonly header: TraceHeader;
  /** Without the line that says that the trace stopped. */
  readonly lines: readonly LaneLine[];
  /** Why it ends before the lane did, where it does. */
  readonly stopped: string | null;
}

export type LaneLine = Exclude<TraceLine, readonly ['stopped', string]>;

/** @throws Error where the file is no trace of a lane. */
export function readTrace(path: string): Trace {
  const text = readFileSync(path, 'utf8');
  // Where the host was killed, its last line may be a part of one.
  const [first, ...rest] = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1);
  const header = JSON.parse(first ?? 'null') as TraceHeader | null;
  if (header?.trace !== 'jitney lane' || header.format !== 1) throw new Error(`${path} is no trace of a lane`);
  const lines = rest.map((line) => JSON.parse(line) as TraceLine);
  const last = lines.at(-1);
  return {
    header,
    lines: lines.filter((line) => line[0] !== 'stopped'),
    stopped: last?.[0] === 'stopped' ? last[1] : null,
  };
}

/** The runs that succeeded, each with the rows it had and the time it took. */
export function runsOf({ lines }: Trace): MeasuredRun[] {
  const started = new Map<number, { readonly rows: number; readonly atMs: number }>();
  const runs: MeasuredRun[] = [];
  for (const line of lines) {
    if (line[0] === 'decided' && line[2].run !== null) started.set(line[2].run, { rows: line[2].rows, atMs: line[1] });
    if (line[0] !== 'ended' || line[2].how !== 'done') continue;
    const start = started.get(line[2].run);
    if (start !== undefined) runs.push({ rows: start.rows, ms: line[1] - start.atMs });
  }
  return runs;
}

/** The same requests at the same moments, for another lane or other run times: by default a lane like the traced one. */
export function simulationOf(
  trace: Trace,
  { sloMs, seed }: { readonly sloMs: number | null; readonly seed: number },
): Simulation {
  const entries = trace.lines.filter((line) => line[0] === 'arrived').map((line) => line[2] as TracedEntry);
  const from = entries[0]?.arrivedAtMs ?? 0;
  return {
    arrivals: {
      atMs: Float64Array.from(entries, ({ arrivedAtMs }) => arrivedAtMs - from),
      rows: entries.map(({ rows }) => rows),
    },
    runTimes: measured(runsOf(trace), seed),
    lane: trace.header.options,
    sloMs,
  };
}
