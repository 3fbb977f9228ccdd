import {
  type ExternalReference,
  type GraphReport,
  type LocalFunction,
  MAX_FAULTS,
  MAX_TEXTS,
  type ModelFileReport,
  type OperatorSet,
  type OperatorUse,
  type WeightFault,
} from './report.js';

/** Names and references of a file may take this much memory together. A model of 100 000 nodes needs far less. */
const MAX_REPORT_BYTES = 16 * 1024 * 1024;

/** What an entry of a list costs beside its texts, roughly. */
const ENTRY_BYTES = 64;

/** Collects a {@link ModelFileReport} while the file is read, within {@link MAX_REPORT_BYTES}. */
export class ReportBuilder {
  irVersion: number | null = null;
  producerName = '';
  producerVersion = '';
  graph: GraphReport | null = null;
  readonly #fail: (problem: string) => never;
  readonly #opsets: OperatorSet[] = [];
  readonly #operators = new Map<string, { -readonly [K in keyof OperatorUse]: OperatorUse[K] }>();
  readonly #functions: LocalFunction[] = [];
  readonly #externalData: ExternalReference[] = [];
  readonly #texts: string[] = [];
  readonly #faults: WeightFault[] = [];
  #weightCount = 0;
  #embeddedBytes = 0;
  #externalBytes = 0;
  #reportBytes = 0;

  constructor(fail: (problem: string) => never) {
    this.#fail = fail;
  }

  /** Accounts for memory that the report is about to hold. */
  charge(...texts: readonly string[]): void {
    this.#reportBytes += ENTRY_BYTES;
    for (const text of texts) this.#reportBytes += 2 * text.length;
    if (this.#reportBytes > MAX_REPORT_BYTES) {
      this.#fail(`its names and references alone take more than ${MAX_REPORT_BYTES / 1024 / 1024} MiB`);
    }
  }

  addOpset(opset: OperatorSet): void {
    this.charge(opset.domain);
    this.#opsets.push(opset);
  }

  addNode(domain: string, type: string): void {
    const key = `${domain}\0${type}`;
    const known = this.#operators.get(key);
    if (known !== undefined) {
      known.count++;
      return;
    }
    this.charge(key, domain, type);
    this.#operators.set(key, { domain, type, count: 1 });
  }

  addFunction(localFunction: LocalFunction): void {
    this.charge(localFunction.domain, localFunction.name);
    this.#functions.push(localFunction);
  }

  addEmbeddedWeight(bytes: number): void {
    this.#weightCount++;
    this.#embeddedBytes += bytes;
  }

  addExternalWeight(reference: ExternalReference): void {
    this.charge(reference.tensor, reference.location);
    this.#weightCount++;
    this.#externalBytes += Math.max(0, reference.length ?? reference.declaredBytes ?? 0);
    this.#externalData.push(reference);
  }

  addText(text: string): void {
    if (this.#texts.length < MAX_TEXTS) this.#texts.push(text);
  }

  addFault(fault: WeightFault): void {
    if (this.#faults.length < MAX_FAULTS) this.#faults.push(fault);
  }

  build(bytes: number): ModelFileReport {
    return {
      bytes,
      irVersion: this.irVersion,
      producer: { name: this.producerName, version: this.producerVersion },
      opsets: this.#opsets,
      graph: this.graph,
      operators: [...this.#operators.values()],
      functions: this.#functions,
      externalData: this.#externalData,
      texts: this.#texts,
      weights: {
        count: this.#weightCount,
        embeddedBytes: this.#embeddedBytes,
        externalBytes: this.#externalBytes,
      },
      faults: this.#faults,
    };
  }
}
