import { validateExternalData } from './external-data.js';
import { invalidModel, quoteText, type Refuse } from './invalid-model.js';
import { ONNX_DOMAIN } from './onnx-messages.js';
import type { ModelFileReport, OperatorUse } from './report.js';
import { ORT_1_30_LIMITS, type RuntimeLimits } from './runtime-limits.js';

export interface ValidateOptions {
  /** Path of the model file the report was made from. */
  readonly path: string;
  /** Folder that nothing the model names may leave. */
  readonly root: string;
  /** What the runtime loads. Default: {@link ORT_1_30_LIMITS}. */
  readonly limits?: RuntimeLimits;
  /** A custom-op library is loaded too: operators of unknown domains are left to it. Default false. */
  readonly customOperators?: boolean;
}

/**
 * Refuses, before anything is loaded, what the runtime could not load, and what it must not: files outside `root`,
 * weights that claim more than there is.
 *
 * It reads the sizes of external data files, and nothing else.
 * @throws JitneyError `INVALID_MODEL` for the first reason found.
 */
export async function validateModelFile(report: ModelFileReport, options: ValidateOptions): Promise<void> {
  const limits = options.limits ?? ORT_1_30_LIMITS;
  const refuse: Refuse = (problem, fix, cause) => {
    throw invalidModel({ file: options.path, stage: 'validate', problem, fix, cause });
  };
  validateVersions(report, limits, refuse);
  if (options.customOperators !== true) validateOperators(report, limits, refuse);
  validateWeights(report, refuse);
  await validateExternalData(report, options, refuse);
}

const EXPORT_AGAIN = 'export the model again';

function validateVersions(report: ModelFileReport, limits: RuntimeLimits, refuse: Refuse): void {
  if (report.graph === null) refuse('it holds no graph', EXPORT_AGAIN);
  if (report.irVersion === null) refuse('it has no IR version', EXPORT_AGAIN);
  if (report.irVersion > limits.irVersion) {
    refuse(
      `its IR version is ${report.irVersion}, and ${limits.runtime} reads up to ${limits.irVersion}`,
      `export with ir_version ${limits.irVersion} or lower`,
    );
  }
  if (report.opsets.length === 0) {
    refuse('it imports no operator set (opset_import is empty)', `${EXPORT_AGAIN}, with an opset`);
  }
  for (const { domain, version } of report.opsets) {
    const highest = limits.opsets[domain];
    if (highest === undefined || version <= highest) continue;
    refuse(
      `it needs opset ${version} of ${domain}, and ${limits.runtime} supports up to ${highest}`,
      `export with opset ${highest} or lower, or convert it with onnx.version_converter`,
    );
  }
}

function validateOperators(report: ModelFileReport, limits: RuntimeLimits, refuse: Refuse): void {
  const local = new Set(report.functions.map(({ domain, name }) => operatorKey(domain, name)));
  const isKnown = ({ domain, type }: OperatorUse) =>
    Object.hasOwn(limits.opsets, domain) || local.has(operatorKey(domain, type));
  const unknown = report.operators.find((operator) => !isKnown(operator));
  if (unknown === undefined) return;
  const { type, domain } = unknown;
  refuse(
    `it uses the operator ${quoteText(type)} of the domain ${quoteText(domain)}, which ${limits.runtime} does not know`,
    domain === EXTENSIONS_DOMAIN
      ? 'load the custom-op library of onnxruntime-extensions, or export the model without pre- and post-processing'
      : `load the custom-op library that brings ${quoteText(domain)}, or export with operators of ${ONNX_DOMAIN} only`,
  );
}

/** The domain of github.com/microsoft/onnxruntime-extensions. */
const EXTENSIONS_DOMAIN = 'ai.onnx.contrib';

function operatorKey(domain: string, type: string): string {
  return `${domain}\0${type}`;
}

function validateWeights({ faults }: ModelFileReport, refuse: Refuse): void {
  const [fault] = faults;
  if (fault === undefined) return;
  refuse(
    `its weight ${quoteText(fault.tensor)} is damaged: ${fault.problem}`,
    'copy or download it again, or export anew',
  );
}
