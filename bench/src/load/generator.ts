import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Children } from '../processes/children.js';
import { Program } from '../processes/program.js';
import { Histogram, type HistogramRecord, type OpenLoadReport, voidReason } from './index.js';

export interface GeneratorPlan {
  readonly port: number;
  readonly requests: readonly Uint8Array[];
  /** When each is sent: see planSends. */
  readonly sendsMs: Float64Array;
  /** What is sent before is not counted. */
  readonly warmUpMs: number;
  readonly durationMs: number;
  /** Answers that take longer are too late; `null`: none is. */
  readonly sloMs: number | null;
  /** How long behind the end answers are waited for. */
  readonly graceMs: number;
  /** Whether to keep what answers tell of their runs. Default false. */
  readonly readRuns?: boolean;
}

/** A plan as a file: what the program reads. */
export interface GeneratorFile extends Omit<GeneratorPlan, 'requests' | 'sendsMs'> {
  /** In base64. */
  readonly requests: readonly string[];
  readonly sendsMs: readonly number[];
}

type HistogramName = 'latencyUs' | 'refusalUs' | 'lagUs';

/** What the program prints. */
export type GeneratorRecord = Omit<OpenLoadReport, HistogramName> & Readonly<Record<HistogramName, HistogramRecord>>;

export interface GeneratorReport extends OpenLoadReport {
  /** Why it says little of the server; `null` where it is sound. */
  readonly void: string | null;
}

/**
 * An open loop in a process of its own, so that nothing of the bench disturbs its moments.
 * @param folder Temporary.
 */
export async function runGenerator(
  { children, folder }: { readonly children: Children; readonly folder: string },
  plan: GeneratorPlan,
): Promise<GeneratorReport> {
  const { requests, sendsMs, ...rest } = plan;
  const file = join(await mkdtemp(join(folder, 'load-')), 'plan.json');
  const content: GeneratorFile = {
    ...rest,
    requests: requests.map((request) => Buffer.from(request).toString('base64')),
    sendsMs: [...sendsMs],
  };
  await writeFile(file, JSON.stringify(content));
  const program = new Program(children, 'open-loop', [file]);
  try {
    return reportOf(await program.next<GeneratorRecord>());
  } finally {
    await program.stop();
  }
}

function reportOf(record: GeneratorRecord): GeneratorReport {
  const report = {
    ...record,
    latencyUs: Histogram.fromRecord(record.latencyUs),
    refusalUs: Histogram.fromRecord(record.refusalUs),
    lagUs: Histogram.fromRecord(record.lagUs),
  };
  return { ...report, void: voidReason(report) };
}
