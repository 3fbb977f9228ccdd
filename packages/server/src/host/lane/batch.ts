import { type Batch, type Batching, JitneyError, joinRows, sliceRows, type Tensor } from '@jitney/core';
import type { Part } from './decide.js';

/** The tensors of a batch: the parts' rows one after the other. A part that is a whole entry alone is not copied. */
export function batchOf(parts: readonly Part[], batching: Batching): Batch {
  const [first] = parts as readonly [Part, ...Part[]];
  const { entry } = first.waiting;
  const shared = batching.mode === 'rows' ? batching.shared : [];
  const tensors = entry.tensors.map((tensor, index) => {
    if (shared.includes(tensor.name)) return tensor;
    return parts.length === 1 ? rowsOf(first, index) : joinRows(parts.map((part) => rowsOf(part, index)));
  });
  return { tensors, outputs: outputsWanted(parts) };
}

function rowsOf({ waiting: { entry }, fromRow, toRow }: Part, index: number): Tensor {
  const tensor = entry.tensors[index] as Tensor;
  return fromRow === 0 && toRow === entry.rows ? tensor : sliceRows(tensor, fromRow, toRow);
}

/** Every output that one of the entries wants; `null` for all as soon as one wants all. */
function outputsWanted(parts: readonly Part[]): readonly string[] | null {
  const [first] = parts as readonly [Part, ...Part[]];
  if (parts.length === 1) return first.waiting.entry.outputs;
  const wanted = new Set<string>();
  for (const { waiting } of parts) {
    if (waiting.entry.outputs === null) return null;
    for (const name of waiting.entry.outputs) wanted.add(name);
  }
  return [...wanted];
}

/**
 * Each part's share of a batch's outputs, as views; only what its entry wants. An error where the outputs do not have
 * a row for each row that went in.
 */
export function outputsOf(
  outputs: readonly Tensor[],
  parts: readonly Part[],
  rows: number,
  batching: Batching,
): readonly (readonly Tensor[])[] | JitneyError {
  const [first] = parts as readonly [Part, ...Part[]];
  const isWhole = parts.length === 1 && first.fromRow === 0 && first.toRow === first.waiting.entry.rows;
  if (isWhole || batching.mode !== 'rows') return [wantedBy(first, outputs)];
  const odd = outputs.find((output) => output.shape[0] !== rows);
  if (odd !== undefined) {
    return new JitneyError(
      'MODEL_ERROR',
      `output '${odd.name}' has shape [${odd.shape}] for ${rows} rows: rows cannot be told apart`,
    );
  }
  let row = 0;
  return parts.map((part) => {
    const from = row;
    row += part.toRow - part.fromRow;
    return wantedBy(part, outputs).map((output) => sliceRows(output, from, row));
  });
}

function wantedBy({ waiting: { entry } }: Part, outputs: readonly Tensor[]): readonly Tensor[] {
  return entry.outputs === null ? outputs : outputs.filter((output) => entry.outputs?.includes(output.name));
}

/** Outputs of one part of an entry. */
export interface Piece {
  readonly fromRow: number;
  readonly outputs: readonly Tensor[];
}

/** The outputs of an entry that ran in several parts, joined in the order of its rows, whichever ended first. */
export function joinPieces(pieces: readonly Piece[]): readonly Tensor[] {
  const [first] = pieces as readonly [Piece, ...Piece[]];
  if (pieces.length === 1) return first.outputs;
  const inOrder = [...pieces].sort((a, b) => a.fromRow - b.fromRow);
  return first.outputs.map((_output, index) => joinRows(inOrder.map((piece) => piece.outputs[index] as Tensor)));
}
