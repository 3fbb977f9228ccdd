import { describe, expect, it } from 'vitest';
import { refusal } from '../packages/server/bin/node-version.js';

describe('a Node that runs Jitney', () => {
  it.each(['v20.19.0', 'v20.20.2', 'v22.0.0', 'v24.21.0', 'v100.0.0', 'v26.0.0-nightly20260101abc'])(
    'is %s',
    (version) => {
      expect(refusal(version)).toBeNull();
    },
  );
});

describe('a Node that is too old', () => {
  it.each(['v20.18.9', 'v18.20.4', 'v9.11.2', 'v0.12.18'])('is %s, and the message says what is needed', (version) => {
    expect(refusal(version)).toMatch(`Jitney needs Node 20.19 or newer; this is ${version}.`);
  });
});

describe('a Node whose version cannot be read', () => {
  it.each(['', 'node', 'v20', 'twenty'])('is refused with what it said: "%s"', (version) => {
    expect(refusal(version)).toMatch(`gives "${version}" as its version, which cannot be read`);
  });
});
