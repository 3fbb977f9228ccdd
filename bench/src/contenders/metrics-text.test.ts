import { describe, expect, it } from 'vitest';
import { metricValue } from './metrics-text.js';

const TEXT = `# HELP delay How late.
# TYPE delay gauge
delay{process="gateway 1",quantile="0.5"} 0.001
delay{process="gateway 1",quantile="0.99"} 2.5e-3
delay_sum 7
up 1
`;

describe('a value in a text of metrics', () => {
  it('is found by its name and the labels that are asked for', () => {
    expect(metricValue(TEXT, 'delay', { quantile: '0.99' })).toBe(0.0025);
    expect(metricValue(TEXT, 'delay', { quantile: '0.5', process: 'gateway 1' })).toBe(0.001);
    expect(metricValue(TEXT, 'up')).toBe(1);
  });

  it('is null where a name or a label is another', () => {
    expect(metricValue(TEXT, 'dela')).toBeNull();
    expect(metricValue(TEXT, 'delay', { quantile: '0' })).toBeNull();
    expect(metricValue(TEXT, 'up', { process: 'x' })).toBeNull();
  });
});
