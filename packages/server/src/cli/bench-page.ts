import type { BenchPlan, BenchResult, BenchSubject, Percentiles } from './bench-result.js';
import type { paint } from './output.js';

/** Said before the load starts. */
export function headLines(subject: BenchSubject, seconds: number, colours: typeof paint): string[] {
  const { url, requests, bodyBytes, plan, warmupSeconds } = subject;
  return [
    '',
    `  ${colours.bold(subject.model)}  ${url}`,
    `  ${requests}, ${bodyBytes.toLocaleString('en')} bytes a body`,
    `  ${describePlan(plan)} for ${seconds} s, behind a warm-up of ${warmupSeconds} s`,
    '',
  ];
}

function describePlan(plan: BenchPlan): string {
  if (plan.loop === 'closed') return `closed loop: ${plan.concurrency} requests under way`;
  return `open loop: ${plan.ratePerSecond} requests/s, ${plan.arrivals}`;
}

/** How it goes, in a line. */
export function progressLine(result: BenchResult): string {
  const { seconds, ok, throughput, latencyMs, refused, errors } = result;
  if (seconds <= 0) return '  warming up';
  return [
    `  ${seconds.toFixed(1)} s`,
    `${count(ok)} ok`,
    `${digits(ok === 0 ? 0 : throughput)}/s`,
    `p50 ${digits(latencyMs.p50)} ms`,
    `p99 ${digits(latencyMs.p99)} ms`,
    `${count(refused)} refused`,
    `${count(errors)} errors`,
  ].join('  ');
}

/** What was measured, for people. */
export function resultLines(result: BenchResult, colours: typeof paint): string[] {
  const { isInterrupted, seconds, failures } = result;
  return [
    ...(isInterrupted ? [`  ${colours.yellow('!')} interrupted after ${seconds.toFixed(1)} s`, ''] : []),
    ...countLines(result),
    '',
    ...latencyLines(result),
    ...Object.entries(failures).map(([reason, times]) => `  ${colours.red('✗')} ${count(times)} × ${reason}`),
    ...(result.void === null ? [] : ['', `  ${colours.yellow('!')} void: ${result.void}`]),
    '',
  ];
}

function countLines({
  sent,
  ok,
  inTime,
  refused,
  errors,
  sloMs,
  throughput,
  goodput,
  refusalMs,
}: BenchResult): string[] {
  const share = (value: number) => (sent === 0 ? '' : `${((100 * value) / sent).toFixed(1)} %`);
  const row = (name: string, value: number, note = '') =>
    `  ${name.padEnd(10)} ${count(value).padStart(11)} ${share(value).padStart(8)}${note && `   ${note}`}`;
  return [
    `  ${'sent'.padEnd(10)} ${count(sent).padStart(11)}`,
    row('ok', ok, `${digits(throughput)}/s`),
    ...(sloMs === null ? [] : [row('in time', inTime, `goodput ${digits(goodput)}/s within ${sloMs} ms`)]),
    row('refused', refused, refusalMs === null ? '' : `p99 of refusing ${digits(refusalMs.p99)} ms`),
    row('errors', errors),
  ];
}

function latencyLines({ latencyMs, lagMs }: BenchResult): string[] {
  const names = ['p50', 'p90', 'p99', 'p99.9', 'max'];
  const row = (name: string, { p50, p90, p99, p999, max }: Percentiles) =>
    `  ${name.padEnd(10)}${[p50, p90, p99, p999, max].map((value) => ` ${digits(value).padStart(9)}`).join('')}`;
  return [
    `  ${'ms'.padEnd(10)}${names.map((name) => ` ${name.padStart(9)}`).join('')}`,
    row('latency', latencyMs),
    ...(lagMs === null ? [] : [row('lag', lagMs)]),
  ];
}

const count = (value: number) => value.toLocaleString('en');

/** Three significant digits, and no fewer than the whole part has. */
function digits(value: number): string {
  const decimals = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return value.toLocaleString('en', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}
