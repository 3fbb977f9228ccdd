import { get } from './infer.js';

/** The metrics of a server at one moment. */
export interface Scrape {
  /** Each series as written, without its value: `jitney_requests_in_flight`, `…{model="a",version="1"}`. */
  readonly series: readonly string[];
  /** Sum of the series of this name whose labels have all these values. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number;
  readonly text: string;
}

export async function scrape(port: number): Promise<Scrape> {
  const { text } = await get(port, '/metrics');
  const samples = text.split('\n').flatMap((line) => {
    const found = /^([a-z_]+)(\{.*\})? (\S+)$/.exec(line);
    return found === null ? [] : [{ name: found[1] as string, labels: found[2] ?? '', value: Number(found[3]) }];
  });
  return {
    text,
    series: samples.map(({ name, labels }) => `${name}${labels}`),
    sum: (name, labels = {}) =>
      samples
        .filter((sample) => sample.name === name && holdsAll(sample.labels, labels))
        .reduce((total, { value }) => total + value, 0),
  };
}

function holdsAll(text: string, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(labels).every(([name, value]) => text.includes(`${name}="${value}"`));
}
