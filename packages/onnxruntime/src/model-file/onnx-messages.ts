import type { MessageReader } from './protobuf.js';
import type { GraphValue } from './report.js';
import type { ReportBuilder } from './report-builder.js';
import { tensorReader } from './tensor-message.js';
import { valueInfoReader } from './type-message.js';

// Field numbers of onnx/onnx.proto. What is not listed is skipped unread.
const MODEL = { irVersion: 1, producerName: 2, producerVersion: 3, graph: 7, opsetImport: 8, functions: 25 };
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12, sparseInitializer: 15 };
const NODE = { opType: 4, attribute: 5, domain: 7 };
const ATTRIBUTE = {
  name: 1,
  tensor: 5,
  graph: 6,
  strings: 9,
  tensors: 10,
  graphs: 11,
  sparseTensor: 22,
  sparseTensors: 23,
};
/** Attributes of ai.onnx.ml and ai.onnx whose strings are compared with inputs. */
const KNOWN_TEXTS = /^(cats_strings|keys_strings|string_vocabulary|pool_strings)$/;
const SPARSE_TENSOR = { values: 1, indices: 2 };
const FUNCTION = { name: 1, node: 7, domain: 10 };
const OPSET = { domain: 1, version: 2 };

/** The domain of ONNX itself, which files also leave empty. */
export const ONNX_DOMAIN = 'ai.onnx';

/** Reads a whole `ModelProto` into the report. */
export function modelReader(report: ReportBuilder): MessageReader {
  return {
    name: 'the model',
    integer(field, value) {
      if (field === MODEL.irVersion) report.irVersion = Number(value);
    },
    text(field, value) {
      if (field === MODEL.producerName) report.producerName = value;
      if (field === MODEL.producerVersion) report.producerVersion = value;
    },
    delimited(field) {
      if (field === MODEL.producerName || field === MODEL.producerVersion) return 'text';
      if (field === MODEL.graph) return mainGraphReader(report);
      if (field === MODEL.opsetImport) return opsetReader(report);
      if (field === MODEL.functions) return functionReader(report);
      return 'skip';
    },
  };
}

/** The graph that runs: like any other, and its name, inputs and outputs are reported. */
function mainGraphReader(report: ReportBuilder): MessageReader {
  const inner = graphReader(report);
  const inputs: GraphValue[] = [];
  const outputs: GraphValue[] = [];
  let name = '';
  const keep = (values: GraphValue[]) =>
    valueInfoReader((value) => {
      report.charge(value.name, value.type);
      values.push(value);
    });
  return {
    name: 'the graph',
    text(_field, value) {
      name = value;
    },
    delimited(field, length) {
      if (field === GRAPH.name) return 'text';
      if (field === GRAPH.input) return keep(inputs);
      if (field === GRAPH.output) return keep(outputs);
      return inner.delimited(field, length);
    },
    end() {
      report.graph = { name, inputs, outputs };
    },
  };
}

function graphReader(report: ReportBuilder): MessageReader {
  return {
    name: 'a graph',
    delimited(field) {
      if (field === GRAPH.node) return nodeReader(report);
      if (field === GRAPH.initializer) return tensorReader(report);
      if (field === GRAPH.sparseInitializer) return sparseTensorReader(report);
      return 'skip';
    },
  };
}

function nodeReader(report: ReportBuilder): MessageReader {
  let type = '';
  let domain = '';
  return {
    name: 'a node',
    text(field, value) {
      if (field === NODE.opType) type = value;
      if (field === NODE.domain) domain = value;
    },
    delimited(field) {
      if (field === NODE.opType || field === NODE.domain) return 'text';
      return field === NODE.attribute ? attributeReader(report) : 'skip';
    },
    end() {
      report.addNode(domain || ONNX_DOMAIN, type);
    },
  };
}

function attributeReader(report: ReportBuilder): MessageReader {
  let name = '';
  return {
    name: 'an attribute',
    text(field, value) {
      if (field === ATTRIBUTE.name) name = value;
      else report.addText(value);
    },
    delimited(field) {
      if (field === ATTRIBUTE.name) return 'text';
      if (field === ATTRIBUTE.strings) return KNOWN_TEXTS.test(name) ? 'text' : 'skip';
      if (field === ATTRIBUTE.tensor || field === ATTRIBUTE.tensors) return tensorReader(report);
      if (field === ATTRIBUTE.graph || field === ATTRIBUTE.graphs) return graphReader(report);
      if (field === ATTRIBUTE.sparseTensor || field === ATTRIBUTE.sparseTensors) return sparseTensorReader(report);
      return 'skip';
    },
  };
}

function sparseTensorReader(report: ReportBuilder): MessageReader {
  return {
    name: 'a sparse weight',
    delimited: (field) =>
      field === SPARSE_TENSOR.values || field === SPARSE_TENSOR.indices ? tensorReader(report) : 'skip',
  };
}

function functionReader(report: ReportBuilder): MessageReader {
  let name = '';
  let domain = '';
  return {
    name: 'a function',
    text(field, value) {
      if (field === FUNCTION.name) name = value;
      if (field === FUNCTION.domain) domain = value;
    },
    delimited(field) {
      if (field === FUNCTION.name || field === FUNCTION.domain) return 'text';
      return field === FUNCTION.node ? nodeReader(report) : 'skip';
    },
    end() {
      report.addFunction({ domain: domain || ONNX_DOMAIN, name });
    },
  };
}

function opsetReader(report: ReportBuilder): MessageReader {
  let domain = '';
  let version = 0;
  return {
    name: 'an operator set',
    integer(field, value) {
      if (field === OPSET.version) version = Number(value);
    },
    text(_field, value) {
      domain = value;
    },
    delimited: (field) => (field === OPSET.domain ? 'text' : 'skip'),
    end() {
      report.addOpset({ domain: domain || ONNX_DOMAIN, version });
    },
  };
}
