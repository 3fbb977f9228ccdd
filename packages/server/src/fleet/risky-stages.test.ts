import { describe, expect, it } from 'vitest';
import type { HostModel } from '../wire/messages.js';
import type { HostLifeEnd } from './host-life.js';
import { RiskyStages } from './risky-stages.js';

const model = (name: string) =>
  ({ name, version: '1', selfCheck: 'run', selfCheckReason: '', warmUp: true }) as HostModel;

const endIn = (stage: string, end: HostLifeEnd['end'] = 'fault', name = 'fragile'): HostLifeEnd => ({
  end,
  detail: 'by SIGFPE',
  stuckSinceMs: null,
  wasReady: false,
  hasServed: false,
  position: { model: name, version: '1', stage },
});

describe('a process that ended in a stage the model can do without', () => {
  it('is followed by one that leaves it out, for that model alone', () => {
    const risky = new RiskyStages();
    expect(risky.avoid(endIn('self-check'))).toBe('without the self-check of fragile@1, in which it ended');
    expect(risky.leaveOut(model('fragile'))).toMatchObject({
      selfCheck: 'skip',
      selfCheckReason: 'unbatched: the self-check ended the process by SIGFPE',
      warmUp: true,
    });
    expect(risky.leaveOut(model('sturdy'))).toEqual(model('sturdy'));
    expect(risky.avoid(endIn('warm-up', 'hung'))).toMatch(/without the warm-up/);
    expect(risky.leaveOut(model('fragile'))).toMatchObject({ selfCheck: 'skip', warmUp: false });
  });
  it('says so once: what ends without it as well is another matter', () => {
    const risky = new RiskyStages();
    risky.avoid(endIn('self-check'));
    expect(risky.avoid(endIn('self-check'))).toBeNull();
  });
});

describe('a process that ended otherwise', () => {
  it.each<[string, HostLifeEnd]>([
    ["by somebody's kill", endIn('self-check', 'killed')],
    ['in a stage that is needed', endIn('session')],
    ['after its load', { ...endIn('self-check'), position: null }],
  ])('%s teaches nothing', (_, end) => {
    const risky = new RiskyStages();
    expect(risky.avoid(end)).toBeNull();
    expect(risky.leaveOut(model('fragile'))).toEqual(model('fragile'));
  });
});
