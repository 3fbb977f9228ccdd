/**
 * One value of Prometheus' text format.
 * @param labels Those it must have; it may have others.
 * @returns `null` where there is none.
 */
export function metricValue(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number | null {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  for (const line of text.split('\n')) {
    const [, found, pairs = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (found === name && wanted.every((pair) => pairs.split(',').includes(pair))) return Number(value);
  }
  return null;
}
