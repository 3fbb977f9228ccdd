import { GraphBuilder, ints } from './graph-builder.js';
import { type Network, plantNetwork, type Row, type SceneModel } from './scene-model.js';
import { sentences } from './sentences.js';

const VOCABULARY = 30_522;
const POSITIONS = 512;
const WIDTH = 384;
const HEADS = 12;
const INNER = 1_536;
const LAYERS = 6;

/**
 * An encoder of MiniLM-L6's size (6 layers of 384, 12 heads, 22.7 million parameters) with random weights: token ids
 * `[batch,sequence]` and their mask → the mean of the tokens' vectors, `embedding` FP32 `[batch,384]`.
 */
export function plantEncoder(folder: string): Promise<SceneModel> {
  const tokens = (name: string): Row => ({ name, dtype: 'INT64', shape: [-1] });
  return plantNetwork(folder, 'encoder', {
    network: encoder(),
    inputs: [tokens('input_ids'), tokens('attention_mask')],
    output: { name: 'embedding', dtype: 'FP32', shape: [WIDTH] },
    questions: sentences(),
  });
}

function encoder(): Network {
  const graph = new GraphBuilder(19);
  const mask = graph.node('Cast', ['attention_mask'], { to: { int: 1 } });
  // 0 where there is a token, very negative where there is none.
  const absent = graph.node('Sub', [graph.scalar(1), graph.node('Unsqueeze', [mask, graph.integers(1, 2)])]);
  const bias = graph.node('Mul', [absent, graph.scalar(-1e9)]);
  let value = embed(graph);
  for (let i = 0; i < LAYERS; i++) value = layer(graph, value, bias);
  pool(graph, value, mask);
  return graph.network();
}

function embed(graph: GraphBuilder): string {
  const words = graph.node('Gather', [graph.weight([VOCABULARY, WIDTH], 0, 1), 'input_ids']);
  const positions = graph.weight([POSITIONS, WIDTH], 0, 1);
  const length = graph.node('Slice', [graph.node('Shape', ['input_ids']), graph.integers(1), graph.integers(2)]);
  return norm(graph, graph.node('Add', [words, graph.node('Slice', [positions, graph.integers(0), length])]));
}

function layer(graph: GraphBuilder, input: string, bias: string): string {
  const attended = attention(graph, linear(graph, input, WIDTH, 3 * WIDTH), bias);
  const between = norm(graph, graph.node('Add', [input, linear(graph, attended, WIDTH, WIDTH)]));
  const inner = gelu(graph, linear(graph, between, WIDTH, INNER));
  return norm(graph, graph.node('Add', [between, linear(graph, inner, INNER, WIDTH)]));
}

/** @param qkv `[batch,sequence,3·WIDTH]` */
function attention(graph: GraphBuilder, qkv: string, bias: string): string {
  const transpose = (value: string, ...order: number[]) => graph.node('Transpose', [value], { perm: ints(...order) });
  const parts = graph.split(qkv, 3);
  const split = graph.integers(0, 0, HEADS, WIDTH / HEADS);
  const [queries, keys, values] = parts.map((part) => graph.node('Reshape', [part, split])) as [string, string, string];
  const products = graph.node('MatMul', [transpose(queries, 0, 2, 1, 3), transpose(keys, 0, 2, 3, 1)]);
  const scores = graph.node('Mul', [products, graph.scalar(1 / Math.sqrt(WIDTH / HEADS))]);
  const shares = graph.node('Softmax', [graph.node('Add', [scores, bias])], { axis: { int: -1 } });
  const mixed = graph.node('MatMul', [shares, transpose(values, 0, 2, 1, 3)]);
  return graph.node('Reshape', [transpose(mixed, 0, 2, 1, 3), graph.integers(0, 0, WIDTH)]);
}

/** The mean over the tokens that are there. */
function pool(graph: GraphBuilder, value: string, mask: string): void {
  const weights = graph.node('Unsqueeze', [mask, graph.integers(2)]);
  const sum = (of: string) => graph.node('ReduceSum', [of, graph.integers(1)], { keepdims: { int: 0 } });
  graph.output('embedding', 'Div', [sum(graph.node('Mul', [value, weights])), sum(weights)]);
}

/** Hendrycks and Gimpel 2016, with the error function itself. */
function gelu(graph: GraphBuilder, input: string): string {
  const erf = graph.node('Erf', [graph.node('Div', [input, graph.scalar(Math.SQRT2)])]);
  const gate = graph.node('Add', [erf, graph.scalar(1)]);
  return graph.node('Mul', [graph.node('Mul', [input, gate]), graph.scalar(0.5)]);
}

function linear(graph: GraphBuilder, input: string, from: number, to: number): string {
  const product = graph.node('MatMul', [input, graph.weight([from, to], 0, 1 / Math.sqrt(from))]);
  return graph.node('Add', [product, graph.weight([to], 0, 0.1)]);
}

function norm(graph: GraphBuilder, input: string): string {
  const [scale, shift] = [graph.weight([WIDTH], 1, 0.1), graph.weight([WIDTH], 0, 0.1)];
  return graph.node('LayerNormalization', [input, scale, shift], { axis: { int: -1 }, epsilon: { float: 1e-5 } });
}
