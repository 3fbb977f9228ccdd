import type { ModelFacts, Signature } from '@jitney/core';
import type { ModelFileReport, ModelMetadata } from '@jitney/onnxruntime';
import { judgeSignature } from './batchability.js';

export interface FactSources {
  readonly report: ModelFileReport;
  readonly metadata: ModelMetadata;
  readonly signature: Signature;
  /** How the runtime was set up and why. */
  readonly runtime: string;
}

/** What the file and its session say about the model. */
export function modelFacts({ report, metadata, signature, runtime }: FactSources): ModelFacts {
  const batchSensitive = report.operators.some(({ type }) => QUANTISES_OVER_BATCH.test(type));
  return {
    platform: 'onnxruntime_onnx',
    producer: [report.producer.name, report.producer.version].filter((part) => part !== '').join(' '),
    description: metadata.description,
    properties: cutProperties(metadata.properties),
    runtime,
    ...judgeSignature(signature, report.operators),
    batchSensitive,
    knownTexts: report.texts,
    warnings: batchSensitive ? [SENSITIVE_WARNING] : [],
  };
}

/** Operators whose scale comes from all values at hand, so from all rows of the batch. */
const QUANTISES_OVER_BATCH = /^(DynamicQuantize\w+|MatMulInteger(ToFloat)?|ConvInteger)$/;

const SENSITIVE_WARNING =
  'the graph quantises over the whole batch (DynamicQuantizeLinear, MatMulInteger or ConvInteger): the same input gives ' +
  'slightly different answers alone and among others';

const MAX_PROPERTIES = 256;
const MAX_PROPERTY_CHARACTERS = 64 * 1024;

/** The file's own properties, at a size that can be sent around. */
function cutProperties(properties: Readonly<Record<string, string>>): Record<string, string> {
  const cut = (text: string) =>
    text.length > MAX_PROPERTY_CHARACTERS ? `${text.slice(0, MAX_PROPERTY_CHARACTERS - 1)}…` : text;
  return Object.fromEntries(
    Object.entries(properties)
      .slice(0, MAX_PROPERTIES)
      .map(([key, text]) => [cut(key), cut(text)]),
  );
}
