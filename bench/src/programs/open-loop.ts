/*
 * The load generator: `open-loop FILE` reads a GeneratorFile, sends its requests at their moments and prints one
 * GeneratorRecord.
 */
import { readFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import type { GeneratorFile, GeneratorRecord } from '../load/generator.js';
import { startOpenLoop } from '../load/index.js';

// Its moments come first: it takes little, and what is late is void. Only root may.
try {
  setPriority(constants.priority.PRIORITY_HIGHEST);
} catch {}

process.stdin.on('end', () => process.exit()).resume();

const { requests, sendsMs, ...plan } = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as GeneratorFile;
const report = await startOpenLoop({
  ...plan,
  requests: requests.map((request) => Buffer.from(request, 'base64')),
  sendsMs: Float64Array.from(sendsMs),
}).done;
const record: GeneratorRecord = {
  ...report,
  latencyUs: report.latencyUs.toRecord(),
  refusalUs: report.refusalUs.toRecord(),
  lagUs: report.lagUs.toRecord(),
};
process.stdout.write(`${JSON.stringify(record)}\n`);
