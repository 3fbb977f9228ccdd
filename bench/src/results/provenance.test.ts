import { describe, expect, it } from 'vitest';
import { readProvenance, writeProvenance } from './provenance.js';

describe('the line that says where figures come from', () => {
  const line = (foreignCores: number) =>
    writeProvenance(
      {
        date: '2026-01-31T12:34:56.789Z',
        command: 'npm run bench -- start',
        commit: '0123456789ab',
        isDirty: true,
        versions: 'Node 20.20.2',
        machine: '2 × CPU',
        loadAverage: 0.26,
      },
      foreignCores,
    );

  it('has the date, the command, the commit, versions and machine', () => {
    expect(line(0.1)).toBe(
      '2026-01-31T12:34Z · `npm run bench -- start` · commit 0123456789ab, with uncommitted changes · Node 20.20.2 · 2 × CPU · load average before 0.3 · other programs took 0.10 cores meanwhile',
    );
  });

  it('says so where others used the machine', () => {
    expect(line(0.9)).toMatch('**disturbed: other programs took 0.90 cores meanwhile**');
  });

  it('is read from this checkout', () => {
    const { commit, versions, date } = readProvenance('npm run bench');
    expect(commit).toMatch(/^[0-9a-f]{12}$|^unknown$/);
    expect(versions).toMatch(`Node ${process.versions.node}, ONNX Runtime `);
    expect(new Date(date).toISOString()).toBe(date);
  });
});
