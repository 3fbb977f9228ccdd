import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { entryOf, ROWS } from '../lane/testing/entries.js';
import { TraceFile, type TraceFileOptions } from './trace-file.js';
import { LineObserver, type TraceHeader } from './trace-lines.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jitney-trace-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const header: TraceHeader = {
  trace: 'jitney lane',
  format: 1,
  model: 'a@1',
  options: { batching: ROWS, instances: 1, limits: { maxEntries: 8, maxBytes: 1_000 } },
};

function open(given: Partial<TraceFileOptions> = {}) {
  const path = join(folder, 'deep', 'trace.ndjson');
  const stopped: string[] = [];
  const file = new TraceFile({ path, header, onStopped: (reason) => stopped.push(reason), ...given });
  const lines = () =>
    readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
  return { file, stopped, lines };
}

describe('a trace', () => {
  it('has the header, then every line, once it is closed', async () => {
    const { file, stopped, lines } = open();
    for (let id = 0; id < 5_000; id++) file.add(['cancelled', id / 3, id]);
    await file.close();
    expect(lines()).toEqual([header, ...Array.from({ length: 5_000 }, (_, id) => ['cancelled', id / 3, id])]);
    expect(stopped).toEqual([]);
  });

  it('ends, and says so in its last line and once to who asked for it, where the file gets too large', async () => {
    const { file, stopped, lines } = open({ maxBytes: 100_000 });
    for (let id = 0; id < 20_000; id++) file.add(['cancelled', 0, id]);
    await file.close();
    const [, ...events] = lines();
    const last = events.pop();
    expect(last).toEqual(['stopped', 'the file has more than 100000 bytes']);
    expect(events).toEqual(Array.from({ length: events.length }, (_, id) => ['cancelled', 0, id]));
    expect(stopped).toEqual(['the file has more than 100000 bytes']);
  });

  it('ends where the disk falls behind', async () => {
    const { file, stopped, lines } = open({ maxBehindBytes: 70_000 });
    for (let id = 0; id < 20_000; id++) file.add(['cancelled', 0, id]);
    await file.close();
    expect(lines().at(-1)).toEqual(['stopped', 'the disk is more than 70000 bytes behind']);
    expect(stopped).toHaveLength(1);
  });

  it('ends where it cannot be written, and nothing else does', async () => {
    const { file, stopped } = open({ path: folder });
    file.add(['turn', 1]);
    await file.close();
    expect(stopped).toEqual([expect.stringContaining('EISDIR')]);
  });
});

describe('an entry in a trace', () => {
  it('has none of what the client sent', () => {
    const lines: unknown[] = [];
    const observer = new LineObserver((line) => lines.push(line));
    const entry = entryOf([1, 2], { id: 7, compatibility: 'its secret' });
    observer.arrived(5, entry);
    const expected = {
      id: 7,
      rows: 2,
      cost: 2,
      bytes: 8,
      arrivedAtMs: 0,
      deadlineAtMs: null,
      priority: 0,
      alone: false,
      kind: expect.stringMatching(/^[0-9a-f]{16}$/),
    };
    expect(lines).toEqual([['arrived', 5, expected]]);
  });
});
